import type { Values } from '../../data/arrays.ts';
import { checkDataset } from '../../data/checks.ts';
import { take, withWeights } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { emptyStream } from '../../data/openStream.ts';
import { requireSamples } from '../../data/requireDataset.ts';
import { asStream } from '../../data/stream.ts';
import type { Stream, TrainingData } from '../../data/stream.ts';
import { ArgumentError } from '../../errors.ts';
import { checkOptions, checkSignal } from '../../options.ts';
import { layoutOf } from '../../runtime/deviceDataset.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import { Totals } from '../metrics/metric.ts';
import { orAbort } from './abort.ts';
import { checkInputs, checkTargets, requireLoss } from './checkData.ts';
import { callable } from './checks.ts';
import type { Compiled } from './compiled.ts';
import { compileEvaluation, releaseEvaluation } from './evaluationProgram.ts';
import type { EvaluationKind, EvaluationProgram } from './evaluationProgram.ts';
import { evaluateOptions, weightedOptions } from './evaluateOptions.ts';
import type { EvaluateOptions, Evaluation, Inspection, WeightedEvaluateOptions } from './evaluateOptions.ts';
import { feed } from './feed.ts';
import type { Batches } from './feed.ts';
import { checkFields, checkRanges } from './fieldChecks.ts';
import { notFiniteError } from './finite.ts';
import { checkBatchSize } from './run.ts';
import { samplesOf } from './samples.ts';
import type { Samples } from './samples.ts';
import { checkLayout } from './streamSource.ts';
import { Turns } from './turns.ts';

type Work = (prepared: EvaluationProgram, batches: Batches) => Promise<void>;

/** Programs that are kept: of other batch sizes, types of data, or purposes. The least recently used one is removed first. */
const MAX_PROGRAMS = 6;

/**
 * Runs a model forward over data in CPU memory, batch by batch: what it needs on the GPU does not depend on how many
 * samples there are, and the values are read as they are at the time of the call. One program serves data sets of any
 * size; the last batch may be partly filled, and the rest of its rows is ignored.
 */
export class Evaluator {
  readonly #compiled: Compiled;
  readonly #programs = new Map<string, EvaluationProgram>();
  /** One run at a time: two would share a program's inputs. */
  readonly #turns = new Turns();

  constructor(compiled: Compiled) {
    this.#compiled = compiled;
  }

  /** Whether it is running. */
  get busy(): boolean {
    return this.#turns.busy;
  }

  /** Waits until it is not running. */
  async idle(): Promise<void> {
    await this.#turns.idle();
  }

  #batchSize({ batchSize }: EvaluateOptions): number {
    return batchSize ?? Math.min(32, this.#compiled.state.batchSize ?? 32);
  }

  async evaluate(all: TrainingData, options: WeightedEvaluateOptions): Promise<Evaluation> {
    checkOptions('evaluate', options, weightedOptions, 'data, ');
    const { sampleWeight } = options;
    const data = sampleWeight === undefined ? all : this.#weighted(all, sampleWeight);
    requireLoss(this.#compiled.network, this.#compiled.objective);
    let totals = new Totals([]);
    await this.#run(data, options, 'means', async (prepared, batches) => {
      totals = new Totals(prepared.values);
      const { lifetime } = this.#compiled.state;
      const { device } = this.#compiled.gpu;
      prepared.ring!.reset(0);
      let samples = 0;
      const reader = new RingReader(prepared.ring!, async (entries) => {
        for (const entry of entries) {
          const { count } = entry.recorded[0];
          if (entry.notFinite.length > 0) throw await notFiniteError(this.#compiled, data, samples, entry);
          totals.add(entry.recorded);
          samples += count;
        }
      });
      const steps = await feed(prepared, batches, { ...options, lifetime }, async (step) => {
        reader.check();
        const read = await lifetime.race(reader.prepare(step + 1));
        return { encode: read?.encode, submitted: () => reader.start(read) };
      });
      await lifetime.race(reader.finish(device, steps));
    });
    return totals.values('with matrices') as Evaluation;
  }

  #weighted(data: TrainingData, sampleWeight: Values): Dataset {
    const { name } = this.#compiled.network;
    if (!asStream(data)) return withWeights(data as Dataset, sampleWeight);
    throw new ArgumentError(
      `${name}: sampleWeight is for data sets; the batches of a stream have weights of their own`,
    );
  }

  async inspect(data: Dataset, options: EvaluateOptions = {}): Promise<Inspection> {
    checkOptions('inspect', options, evaluateOptions, 'data, ');
    checkTargets(this.#compiled.network, this.#compiled.objective, data);
    const values = await this.#collect(data, options, 'samples');
    const outputsByName = this.#outputs(values);
    const { loss, ...metrics } = Object.fromEntries(
      [...values].flatMap(([key, array]) => (key.startsWith('value ') ? [[key.slice(6), array]] : [])),
    );
    // By name: a record has names that look like numbers first, whatever the order of the outputs is.
    const outputs = outputsByName[this.#compiled.network.outputs[0].name];
    return { loss, metrics, outputs, outputsByName };
  }

  /** The outputs for each sample, by output. */
  async predict(samples: Samples, options: EvaluateOptions): Promise<Record<string, Float32Array>> {
    checkOptions('predict', options, evaluateOptions, 'samples, ');
    if (!asStream(samples)) requireSamples(this.#compiled.network.name, samples);
    const data = samplesOf(this.#compiled.network, samples);
    return this.#outputs(await this.#collect(data, options, 'outputs'));
  }

  #outputs(values: ReadonlyMap<string, Float32Array>): Record<string, Float32Array> {
    return Object.fromEntries(
      this.#compiled.network.outputs.map(({ name }) => [name, values.get(`output ${name}`)!] as const),
    );
  }

  destroy(): void {
    for (const prepared of this.#programs.values()) releaseEvaluation(prepared);
    this.#programs.clear();
  }

  /** Values per sample of all samples. */
  async #collect(
    data: TrainingData,
    options: EvaluateOptions,
    kind: EvaluationKind,
  ): Promise<ReadonlyMap<string, Float32Array>> {
    let result: ReadonlyMap<string, Float32Array> = new Map();
    await this.#run(data, options, kind, async (prepared, batches) => {
      const { gpu, state } = this.#compiled;
      const { lifetime } = state;
      const collector = prepared.collector!;
      const size = asStream(data) ? undefined : sizeIn(data as Dataset, this.#batchSize(options), options);
      // The staging buffers belong to the program, and are freed with it.
      const begin = () => collector.begin(size);
      if (collector.fits(size)) begin();
      else await lifetime.race(gpu.device.scoped(`${prepared.program.label}: collecting values`, begin));
      try {
        await feed(prepared, batches, { ...options, lifetime }, async (_step, rows) => {
          await lifetime.race(collector.makeRoom(rows));
          return { encode: (encoder) => collector.encode(encoder, rows) };
        });
        options.signal?.throwIfAborted();
        result = await lifetime.race(collector.finish());
      } catch (error) {
        collector.destroy(); // a buffer may be on its way to the CPU
        throw error;
      }
    });
    return result;
  }

  async #run(data: TrainingData, options: EvaluateOptions, kind: EvaluationKind, work: Work): Promise<void> {
    const { network, state } = this.#compiled;
    checkBatchSize(network.name, this.#batchSize(options));
    if (options.steps !== undefined) checkBatchSize(network.name, options.steps, 'steps');
    checkSignal(network.name, options.signal);
    callable(`${network.name}: onProgress`, options.onProgress);
    const run = this.#turns.run(async () => {
      state.lifetime.check();
      const stream = asStream(data);
      if (stream) {
        await this.#runStream(stream, options, kind, work);
      } else {
        checkDataset(data as Dataset);
        const prepared = await this.#prepare(data as Dataset, options, kind);
        const size = sizeIn(data as Dataset, this.#batchSize(options), options);
        const own = size < (data as Dataset).size ? take(data as Dataset, 0, size) : (data as Dataset);
        await this.#work(prepared, [own], work);
      }
      options.signal?.throwIfAborted();
    });
    await state.lifetime.race(run);
  }

  async #work(prepared: EvaluationProgram, batches: Batches, work: Work): Promise<void> {
    try {
      await work(prepared, batches);
      await this.#compiled.state.lifetime.race(prepared.program.finish());
    } catch (error) {
      this.#forget(prepared); // after an abort it may hold staging buffers and rows of this run
      throw error;
    }
  }

  async #runStream(
    stream: Stream,
    options: EvaluateOptions,
    kind: EvaluationKind,
    work: Work,
  ): Promise<void> {
    const { network, state } = this.#compiled;
    const targets = kind !== 'outputs';
    const wait = <T>(own: Promise<T>) => orAbort(state.lifetime.race(own), options.signal);
    const open = stream.open(0, targets);
    try {
      const first = await wait(open.peek());
      if (!first) throw emptyStream(stream.name, 0);
      const layout = layoutOf(first, { targets });
      const prepared = await this.#prepare(first, options, kind);
      const shares = new Set<number>();
      const check = (batch: Dataset) => {
        checkLayout(stream.name, batch, layout, { targets });
        if (state.trainedOn) checkRanges(network.name, batch, state.trainedOn, this.#compiled);
        checkFields(network.name, batch, prepared.uses, shares);
      };
      const batches = async function* () {
        const { steps = Infinity } = options;
        let batch: Dataset | undefined = first;
        for (let step = 0; batch && step < steps; step++) {
          check(batch);
          open.shift();
          yield batch;
          batch = step + 1 < steps ? await wait(open.peek()) : undefined;
        }
      };
      await this.#work(prepared, batches(), work);
    } catch (error) {
      open.close().catch(() => {}); // the error that ended the run is reported, not a later one
      throw error;
    }
    await open.close();
  }

  /** The program for data of this kind; compiled if it is new. */
  async #prepare(data: Dataset, options: EvaluateOptions, kind: EvaluationKind): Promise<EvaluationProgram> {
    const batchSize = this.#batchSize(options);
    const { network, objective, state } = this.#compiled;
    if (kind === 'outputs') checkInputs(network, data);
    else checkTargets(network, objective, data);
    if (state.trainedOn) checkRanges(network.name, data, state.trainedOn, this.#compiled);
    const key = `${kind} ${batchSize} ${layoutOf(data, { targets: kind !== 'outputs' })}`;
    let prepared = this.#programs.get(key);
    if (prepared) {
      this.#programs.delete(key); // and back at the end: the longest unused comes first
      checkFields(network.name, data, prepared.uses);
    } else {
      const { onProgress } = options;
      prepared = await compileEvaluation(this.#compiled, data, { batchSize, kind, onProgress });
    }
    this.#programs.set(key, prepared);
    if (this.#programs.size > MAX_PROGRAMS) this.#forget([...this.#programs.values()][0]);
    return prepared;
  }

  #forget(prepared: EvaluationProgram): void {
    for (const [key, own] of this.#programs) if (own === prepared) this.#programs.delete(key);
    releaseEvaluation(prepared);
  }
}

/** Samples of the steps that are asked for. */
const sizeIn = ({ size }: Dataset, batchSize: number, { steps = Infinity }: EvaluateOptions): number =>
  Math.min(size, steps * batchSize);
