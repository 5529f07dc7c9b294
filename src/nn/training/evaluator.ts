import { typedArrayName } from '../../data/arrays.ts';
import type { Values } from '../../data/arrays.ts';
import { checkDataset } from '../../data/checks.ts';
import { dataset } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { requireSamples } from '../../data/requireDataset.ts';
import { ShapeError } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { columnsOf } from '../../ops/dataset/effects.ts';
import { DeviceDataset, layoutOf } from '../../runtime/deviceDataset.ts';
import type { CompileProgress, Program } from '../../runtime/program.ts';
import { MetricRing } from '../../runtime/ring.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import type { GraphBuilder } from '../../runtime/session.ts';
import { Totals } from '../metrics/metric.ts';
import { gather } from './batch.ts';
import { checkInputs, checkTargets } from './checkData.ts';
import { Collector } from './collector.ts';
import { trainedOutputs } from './compiled.ts';
import type { Compiled } from './compiled.ts';
import { checkFields, checkRanges, fieldUses } from './fieldChecks.ts';
import { notFiniteError } from './finite.ts';
import type { FieldUses } from './fieldChecks.ts';
import { checkBatchSize } from './run.ts';

export interface EvaluateOptions {
  /**
   * Samples per step; default 32, or as many as the last `fit` had in a step if they were fewer: an evaluation needs no
   * more memory than the training. Memory grows with it, not with the data set.
   */
  batchSize?: number;
  onProgress?: (progress: CompileProgress) => void;
  signal?: AbortSignal;
}

export const evaluateOptions: OptionTable<EvaluateOptions> = {
  batchSize: true,
  onProgress: true,
  signal: true,
};

/**
 * Over the data set: `loss`, one value per metric, and with several outputs the loss of each. Exact: each value is that
 * of all samples together. Metrics whose value is a matrix come by names that end in `Matrix`.
 */
export type Evaluation = { readonly loss: number } & Readonly<Record<string, number>> & {
    readonly [name: `${string}Matrix`]: readonly (readonly number[])[];
  };

/** Values per sample of the loss and of each metric that is a mean over samples, and the model's outputs. */
export interface Inspection {
  readonly loss: Float32Array;
  readonly metrics: Readonly<Record<string, Float32Array>>;
  /** [N, ...outputShape] of the (first) output. */
  readonly outputs: Float32Array;
  /** Of every output, by its name. */
  readonly outputsByName: Readonly<Record<string, Float32Array>>;
}

/**
 * Samples without targets: a data set, the values of the input in any form that `dataset` takes, or a list of them for
 * several inputs.
 */
export type Samples = Dataset | Values | readonly Values[];

/** What a program is for: the means over a data set, everything per sample, or the outputs alone. */
type Kind = 'means' | 'samples' | 'outputs';

interface Prepared {
  readonly program: Program;
  readonly data: DeviceDataset;
  readonly rows: number;
  readonly uses: FieldUses;
  readonly ring?: MetricRing;
  /** Values that come per sample, by name: where they lie, and their shapes, [batch, ...]. */
  readonly perSample: ReadonlyMap<string, readonly number[]>;
}

/** What is done around a step: added to its submit, and after it. */
interface Around {
  readonly encode?: (encoder: GPUCommandEncoder) => void;
  readonly submitted?: () => void;
}

/** Programs that are kept: of other batch sizes, types of data, or purposes. The one used longest ago goes first. */
const MAX_PROGRAMS = 6;

/**
 * Runs a model forward over data in CPU memory, batch by batch: what it needs on the GPU does not depend on how many
 * samples there are, and the values are read as they are at the time of the call. One program serves data sets of any
 * size; the last batch is filled in part, and the rest of its rows is left out.
 */
export class Evaluator {
  readonly #compiled: Compiled;
  readonly #programs = new Map<string, Prepared>();
  /** The run before: two at a time would share a program's inputs. */
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;

  constructor(compiled: Compiled) {
    this.#compiled = compiled;
  }

  /** Whether it is at work. */
  get busy(): boolean {
    return this.#running > 0;
  }

  #batchSize({ batchSize }: EvaluateOptions): number {
    return batchSize ?? Math.min(32, this.#compiled.state.batchSize ?? 32);
  }

  async evaluate(data: Dataset, options: EvaluateOptions): Promise<Evaluation> {
    checkOptions('evaluate', options, evaluateOptions, 'data, ');
    const totals = new Totals(this.#compiled.objective.values);
    await this.#run(data, options, 'means', async (prepared) => {
      const { device } = this.#compiled.gpu;
      prepared.ring!.reset(0);
      const reader = new RingReader(prepared.ring!, async (entries) => {
        const bad = entries.find(({ notFinite }) => notFinite.length > 0);
        if (bad) throw await notFiniteError(this.#compiled, data, prepared.rows, bad);
        for (const { recorded } of entries) totals.add(recorded);
      });
      const { lifetime } = this.#compiled.state;
      const steps = await this.#steps(prepared, data, options, async (step) => {
        reader.check();
        const read = await lifetime.race(reader.prepare(step + 1));
        return { encode: read?.encode, submitted: () => reader.start(read) };
      });
      await lifetime.race(reader.finish(device, steps));
    });
    return totals.values('with matrices') as Evaluation;
  }

  async inspect(data: Dataset, options: EvaluateOptions = {}): Promise<Inspection> {
    checkOptions('inspect', options, evaluateOptions, 'data, ');
    checkTargets(this.#compiled.network, this.#compiled.objective, data);
    const values = await this.#collect(data, options, 'samples');
    const outputsByName = this.#outputs(values);
    const { loss, ...metrics } = Object.fromEntries(
      [...values].flatMap(([key, array]) => (key.startsWith('value ') ? [[key.slice(6), array]] : [])),
    );
    return { loss, metrics, outputs: Object.values(outputsByName)[0], outputsByName };
  }

  /** The outputs for each sample, by output. */
  async predict(samples: Samples, options: EvaluateOptions): Promise<Record<string, Float32Array>> {
    checkOptions('predict', options, evaluateOptions, 'samples, ');
    requireSamples(this.#compiled.network.name, samples);
    const data = this.#samples(samples);
    checkInputs(this.#compiled.network, data);
    return this.#outputs(await this.#collect(data, options, 'outputs'));
  }

  /** As a data set: there are no targets, and nothing reads them. */
  #samples(samples: Samples): Dataset {
    if (typeof samples === 'object' && samples !== null && 'x' in samples) return samples;
    const { inputs, name } = this.#compiled.network;
    const shapes = inputs.map(({ shape }) => shape);
    // A single array in a list is that of a single input; a longer list are nested arrays, sample by sample.
    const listed = Array.isArray(samples) && samples.length === 1 && typedArrayName(samples[0]) !== undefined;
    const several = inputs.length > 1 || listed;
    if (inputs.length > 1 && (!Array.isArray(samples) || samples.length !== inputs.length)) {
      const names = inputs.map((port) => port.name).join(', ');
      throw new ShapeError(
        `${name}: takes ${inputs.length} inputs (${names}); pass a list with one array for each, or a data set`,
      );
    }
    const inputShape = several ? shapes : shapes[0];
    const x = samples as Values | readonly Values[];
    return dataset({ name: 'samples to predict', x, y: x, inputShape, targetShape: inputShape });
  }

  #outputs(values: ReadonlyMap<string, Float32Array>): Record<string, Float32Array> {
    return Object.fromEntries(
      this.#compiled.network.outputs.map(({ name }) => [name, values.get(`output ${name}`)!] as const),
    );
  }

  destroy(): void {
    for (const prepared of this.#programs.values()) release(prepared);
    this.#programs.clear();
  }

  /** Values per sample of all samples. */
  async #collect(
    data: Dataset,
    options: EvaluateOptions,
    kind: Kind,
  ): Promise<ReadonlyMap<string, Float32Array>> {
    let result: ReadonlyMap<string, Float32Array> = new Map();
    await this.#run(data, options, kind, async (prepared) => {
      const { gpu, state } = this.#compiled;
      const { program, perSample } = prepared;
      const collector = await state.lifetime.make(
        gpu.device.scoped(
          `${program.label}: collecting values`,
          () => new Collector(gpu.device, program, perSample, data.size),
        ),
        (own) => own.destroy(),
      );
      try {
        await this.#steps(prepared, data, options, async (_step, rows) => {
          await state.lifetime.race(collector.makeRoom(rows));
          return { encode: (encoder) => collector.encode(encoder, rows) };
        });
        options.signal?.throwIfAborted();
        result = await state.lifetime.race(collector.finish());
      } finally {
        collector.destroy();
      }
    });
    return result;
  }

  async #run(
    data: Dataset,
    options: EvaluateOptions,
    kind: Kind,
    work: (prepared: Prepared) => Promise<void>,
  ): Promise<void> {
    checkBatchSize(this.#compiled.network.name, this.#batchSize(options));
    const run = this.#last.then(async () => {
      checkDataset(data);
      this.#compiled.state.lifetime.check();
      const prepared = await this.#prepare(data, options, kind);
      try {
        await work(prepared);
      } catch (error) {
        this.#forget(prepared); // broken off, it may hold staging buffers and rows of this run
        throw error;
      }
      options.signal?.throwIfAborted();
    });
    this.#running++;
    this.#last = run.catch(() => {}).finally(() => this.#running--); // the caller hears of a failure
    await this.#compiled.state.lifetime.race(run);
  }

  /** Steps through the data set, or until an abort; gives the number of steps. */
  async #steps(
    { program, data: batch, rows: batchSize }: Prepared,
    data: Dataset,
    { signal }: EvaluateOptions,
    before: (step: number, rows: number) => Promise<Around>,
  ): Promise<number> {
    const { lifetime } = this.#compiled.state;
    program.reset(0);
    let step = 0;
    for (let from = 0; from < data.size; from += batchSize) {
      if (signal?.aborted) break;
      const count = Math.min(batchSize, data.size - from);
      const { encode, submitted } = await before(step, count);
      lifetime.check();
      batch.write(data, from, count);
      if (count < batchSize) program.fill(count);
      const running = program.step(encode);
      submitted?.();
      if (running) await lifetime.race(running);
      step++;
    }
    await lifetime.race(program.finish());
    return step;
  }

  /** The program for data of this kind; compiled if it is new. */
  async #prepare(data: Dataset, options: EvaluateOptions, kind: Kind): Promise<Prepared> {
    const batchSize = this.#batchSize(options);
    const { network, state } = this.#compiled;
    if (state.trainedOn) checkRanges(network.name, data, state.trainedOn, this.#compiled);
    const key = `${kind} ${batchSize} ${layoutOf(data, { targets: kind !== 'outputs' })}`;
    let prepared = this.#programs.get(key);
    if (prepared) {
      this.#programs.delete(key); // and back at the end: the longest unused comes first
      checkFields(network.name, data, prepared.uses);
    } else {
      prepared = await this.#compile(data, batchSize, options, kind);
    }
    this.#programs.set(key, prepared);
    if (this.#programs.size > MAX_PROGRAMS) this.#forget([...this.#programs.values()][0]);
    return prepared;
  }

  #forget(prepared: Prepared): void {
    for (const [key, own] of this.#programs) if (own === prepared) this.#programs.delete(key);
    release(prepared);
  }

  async #compile(
    example: Dataset,
    batchSize: number,
    { onProgress }: EvaluateOptions,
    kind: Kind,
  ): Promise<Prepared> {
    const { network, gpu, objective, state } = this.#compiled;
    const targetsToo = kind !== 'outputs';
    let data: DeviceDataset | undefined;
    const perSample = new Map<string, readonly number[]>();
    let ring: MetricRing | undefined;
    let uses: FieldUses | undefined;
    const define = (g: GraphBuilder) => {
      data = new DeviceDataset(gpu.device, example, { targets: targetsToo, rows: batchSize });
      const ports = { inputs: network.inputs, outputs: trainedOutputs(network, objective) };
      const options = { batchSize, shuffle: false, ...ports, targets: targetsToo };
      const batch = gather(g, data, this.#compiled, options);
      const { inputs, targets, weights } = batch;
      const outputs = network.callAll(inputs, { training: false });
      const values = targetsToo ? objective.compute(outputs, targets, weights) : [];
      uses = fieldUses(batch, [...values, ...outputs]);
      checkFields(network.name, example, uses);
      if (kind === 'means') {
        const columns = objective.values.map((value, k) => ({ ...value, columns: columnsOf(values[k]) }));
        ring = new MetricRing(gpu.device, columns);
        g.resources.set(ring.resource, ring.location);
        g.effect(ring.effect(values, batchSize));
        return {};
      }
      const named = network.outputs.map(({ name }, i) => [`output ${name}`, outputs[i]] as const);
      const own = values.flatMap((rows, k) => {
        const { name, value } = objective.values[k];
        return !value && rows.shape[0] === batchSize ? [[`value ${name}`, rows] as const] : [];
      });
      for (const [key, { shape }] of [...named, ...own]) perSample.set(key, shape);
      return Object.fromEntries([...named, ...own]);
    };
    try {
      const label = `${network.name}/evaluate ${kind}`;
      const program = await state.lifetime.make(
        gpu.compile(define, { label, seed: network.seed, onProgress }),
        (own) => own.destroy(),
      );
      return { program, data: data!, rows: batchSize, uses: uses!, ring, perSample };
    } catch (error) {
      ring?.destroy();
      data?.destroy();
      throw error;
    }
  }
}

function release({ program, data, ring }: Prepared): void {
  program.destroy();
  data.destroy();
  ring?.destroy();
}
