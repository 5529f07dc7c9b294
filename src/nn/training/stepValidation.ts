import { take } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { asStream, streamed } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import { validationName } from '../registry.ts';
import { orAbort } from './abort.ts';
import { StepPrograms } from './programs.ts';
import type { StepTask } from './stepTask.ts';
import { StreamSource } from './streamSource.ts';

/** Runs a step forward over validation data, batch by batch, each in a program of its size: a step may compute its own means. */
export class StepValidation {
  readonly #task: StepTask;
  readonly #steps: number;
  readonly #source: StreamSource;
  readonly #programs: StepPrograms;
  #runs = 0;

  /** @param steps of a run, at most */
  constructor(task: StepTask, data: TrainingData, batchSize: number, steps = Infinity) {
    this.#steps = steps;
    this.#task = task;
    const stream = asStream(data) ?? streamed(() => cut(data as Dataset, batchSize), { name: 'validation' });
    const check = (batch: Dataset) => task.check(batch);
    this.#source = new StreamSource(task.gpu.device, stream, { check, evaluation: true });
    this.#programs = new StepPrograms(task, this.#source, {});
  }

  /** The values over all samples, by the names that they have in an epoch. */
  async run(signal: AbortSignal | undefined): Promise<Record<string, number>> {
    const { lifetime } = this.#task.state;
    const wait = <T>(work: T | Promise<T>) => orAbort(lifetime.race(work), signal);
    const place = { step: 0, epoch: this.#runs++, place: 0 };
    const example = await wait(this.#source.example(place));
    await wait(this.#programs.use('', example.size));
    const { ring } = this.#programs;
    const totals = this.#programs.totals();
    ring.reset(0);
    const reader = new RingReader(ring, (entries) => entries.forEach(({ recorded }) => totals.add(recorded)));
    while (place.step < this.#steps) {
      const next = await wait(this.#source.next(place));
      if (!next) break;
      const { program, data } = await wait(this.#programs.use('', next.rows));
      const read = await wait(reader.prepare(place.step + 1));
      lifetime.check();
      this.#source.ready(program, data, place, this.#task.seed);
      const submitted = program.step(read?.encode);
      reader.start(read);
      place.step++;
      place.place += next.rows;
      if (submitted) await lifetime.race(submitted);
    }
    await wait(reader.finish(this.#task.gpu.device, place.step));
    return Object.fromEntries(
      Object.entries(totals.values()).map(([name, value]) => [validationName(name), value]),
    );
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#programs.destroy(), this.#source.destroy()]);
  }
}

function* cut(data: Dataset, batchSize: number): Generator<Dataset> {
  for (let from = 0; from < data.size; from += batchSize) {
    yield take(data, from, Math.min(data.size, from + batchSize));
  }
}
