import { checkDataset } from '../../data/checks.ts';
import type { Dataset } from '../../data/dataset.ts';
import { DeviceDataset, layoutOf } from '../../runtime/deviceDataset.ts';
import type { ClassWeight } from './classWeights.ts';
import type { Compiled } from './compiled.ts';
import { takeTurn } from './encodeCheckpoint.ts';
import type { FitTask } from './fitTask.ts';
import type { StepPrograms, StepSource } from './programs.ts';
import { stepNotMade } from './stepNotMade.ts';
import type { StepValues } from './values.ts';
import { Turns } from './turns.ts';
import { part } from '../../part.ts';

/** Programs for batches of one kind: of the same types, shapes and class weights, in whatever sizes. */
interface Kind {
  readonly task: FitTask;
  readonly source: BatchHolder;
  readonly programs: StepPrograms;
}

/** Kinds of batches whose programs are kept. The least recently used one is removed first. */
const MAX_KINDS = 4;

/** Trains a model on one batch at a time. */
export class BatchTrainer {
  readonly #compiled: Compiled;
  readonly #kinds = new Map<string, Kind>();
  /** One step at a time: two would overwrite each other's batch. */
  readonly #turns = new Turns();

  constructor(compiled: Compiled) {
    this.#compiled = compiled;
  }

  /** Whether it is running. */
  get busy(): boolean {
    return this.#turns.busy;
  }

  /** A step on a batch, after those that were requested before. */
  async train(batch: Dataset, classWeight: ClassWeight | undefined): Promise<StepValues> {
    return this.#compiled.state.lifetime.race(this.#turns.run(() => this.#step(batch, classWeight)));
  }

  async #step(batch: Dataset, classWeight: ClassWeight | undefined): Promise<StepValues> {
    const { state, gpu, network } = this.#compiled;
    const { clock, lifetime } = state;
    lifetime.check();
    checkDataset(batch);
    const { task, source, programs } = await lifetime.race(this.#kind(batch, classWeight));
    source.batch = batch;
    const { program, data } = await lifetime.race(programs.use('', batch.size));
    task.check(batch);
    const release = await takeTurn(task);
    try {
      lifetime.check();
      gpu.variables.requireUnclaimed(network.variables, `${network.name}: trainOnBatch was called`);
      const { ring, guard } = programs;
      const { step, epoch } = clock;
      ring.reset(step);
      const read = ring.beginRead(step + 1, guard)!;
      data.write(batch);
      program.reset(step, network.seed, { epoch, place: 0 });
      void program.step(read.encode);
      const [entry] = await lifetime.race(read.read());
      gpu.device.check();
      const values = {
        epoch,
        step,
        ...programs.totals().add(entry.recorded).values(),
      } as StepValues;
      if (entry.fault) {
        guard.clear();
        throw stepNotMade(task, entry, values);
      }
      clock.step++;
      return values;
    } finally {
      release();
    }
  }

  async #kind(batch: Dataset, classWeight: ClassWeight | undefined): Promise<Kind> {
    const key = `${layoutOf(batch)} ${batch.classNames?.length} ${JSON.stringify(classWeight)}`;
    const known = this.#kinds.get(key);
    this.#kinds.delete(key); // and back at the end: the longest unused comes first
    const kind = known ?? (await this.#made(batch, classWeight));
    this.#kinds.set(key, kind);
    if (this.#kinds.size > MAX_KINDS) {
      const [[oldest, { programs, source }]] = this.#kinds;
      this.#kinds.delete(oldest);
      void programs.destroy().then(() => source.destroy());
    }
    return kind;
  }

  async #made(batch: Dataset, classWeight: ClassWeight | undefined): Promise<Kind> {
    const [{ FitTask }, { StepPrograms }] = await Promise.all([
      part('The part of wgrad that trains', () => import('./fitTask.ts')),
      part('The part of wgrad that trains', () => import('./programs.ts')),
    ]);
    const task = new FitTask(this.#compiled, { classWeight });
    const source = new BatchHolder(this.#compiled, batch);
    return { task, source, programs: new StepPrograms(task, source, {}) };
  }

  /** Frees all. */
  destroy(): void {
    for (const { programs, source } of this.#kinds.values()) {
      void programs.destroy();
      source.destroy();
    }
    this.#kinds.clear();
  }
}

/** Room for one batch in each program. */
class BatchHolder implements StepSource {
  readonly shuffled = false;
  readonly #compiled: Compiled;
  readonly #made = new Set<DeviceDataset>();
  batch: Dataset;

  constructor(compiled: Compiled, batch: Dataset) {
    this.#compiled = compiled;
    this.batch = batch;
  }

  data(rows: number): DeviceDataset {
    const data = new DeviceDataset(this.#compiled.gpu.device, this.batch, { rows });
    this.#made.add(data);
    return data;
  }

  release(data: DeviceDataset): void {
    data.destroy();
    this.#made.delete(data);
  }

  destroy(): void {
    for (const data of this.#made) data.destroy();
    this.#made.clear();
  }
}
