import { typedArrayName } from '../../data/arrays.ts';
import type { Values } from '../../data/arrays.ts';
import { dataset, take } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { programState } from '../../ops/core/leaves.ts';
import { advanceDispatch, collectDispatch, columnsOf } from '../../ops/dataset/effects.ts';
import type { Effect, Resource } from '../../ops/core/op.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import { DeviceDataset, layoutOf } from '../../runtime/deviceDataset.ts';
import type { CompileProgress, Program } from '../../runtime/program.ts';
import { MetricRing } from '../../runtime/ring.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import type { GraphBuilder } from '../../runtime/session.ts';
import { gather } from './batch.ts';
import { checkFields, checkRanges, fieldUses } from './fieldChecks.ts';
import type { FieldUses } from './fieldChecks.ts';
import { Totals } from '../metrics/metric.ts';
import type { Model } from '../model.ts';

export interface EvaluateOptions {
  /** Samples per step; default 256, or the data set's size if that is smaller. */
  batchSize?: number;
  onProgress?: (progress: CompileProgress) => void;
  signal?: AbortSignal;
}

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
  readonly batchSize: number;
  readonly uses: FieldUses;
  readonly ring?: MetricRing;
  /** What is collected of all samples. */
  readonly collected: ReadonlyMap<string, { readonly buffer: GPUBuffer; readonly bytes: number }>;
}

interface Uploaded {
  readonly data: DeviceDataset;
  readonly programs: Map<Kind, Prepared>;
}

/** What stays on the GPU for the next evaluation of a data set of the same layout: so many, and so many bytes of data. */
const KEPT = 4;
const KEPT_BYTES = 2 ** 28;

/**
 * Runs a model forward over whole data sets. Sums over the samples come back through a ring while the batches go on;
 * values per sample are collected in buffers on the GPU and read once at the end. Values are uploaded anew for each run.
 * Programs are kept for the last few layouts of data sets (size, types, shapes), so evaluating again, and evaluating
 * another data set of that size, costs no compilation.
 */
export class Evaluator {
  readonly #model: Model;
  /** By layout, the one used last at the end. */
  readonly #uploaded = new Map<string, Uploaded>();
  /** The run before: two at a time would share a program's step counter. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(model: Model) {
    this.#model = model;
  }

  async evaluate(data: Dataset, options: EvaluateOptions): Promise<Evaluation> {
    const totals = new Totals(this.#model.compiled.objective.values);
    await this.#run(data, options, 'means', async (prepared) => {
      const ring = prepared.ring!;
      ring.reset(0);
      const reader = new RingReader(ring, (entries) =>
        entries.forEach(({ recorded }) => totals.add(recorded)),
      );
      const done = await this.#steps(prepared, data, options, reader);
      await reader.finish(this.#model.compiled.gpu.device, done);
    });
    return totals.values('with matrices') as Evaluation;
  }

  async inspect(data: Dataset, options: EvaluateOptions = {}): Promise<Inspection> {
    const values = await this.#collect(data, options, 'samples');
    const outputsByName = this.#outputs(values);
    const { loss, ...metrics } = Object.fromEntries(
      [...values].flatMap(([key, array]) => (key.startsWith('value ') ? [[key.slice(6), array]] : [])),
    );
    return { loss, metrics, outputs: Object.values(outputsByName)[0], outputsByName };
  }

  /** The outputs for each sample, by output. */
  async predict(samples: Samples, options: EvaluateOptions): Promise<Record<string, Float32Array>> {
    const data = this.#samples(samples);
    this.#model.checkData(data);
    return this.#outputs(await this.#collect(data, options, 'outputs'));
  }

  /** As a data set: there are no targets, and nothing reads them. */
  #samples(samples: Samples): Dataset {
    if (typeof samples === 'object' && samples !== null && 'x' in samples) return samples;
    const { inputs, name } = this.#model;
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
      this.#model.outputs.map(({ name }) => [name, values.get(`output ${name}`)!] as const),
    );
  }

  /** Frees what is kept for data sets of this layout. */
  forget(data: Dataset): void {
    for (const targets of [true, false]) this.#release(layoutOf(data, { targets }));
  }

  #release(layout: string): void {
    const uploaded = this.#uploaded.get(layout);
    if (!uploaded) return;
    this.#uploaded.delete(layout);
    for (const prepared of uploaded.programs.values()) release(prepared);
    uploaded.data.destroy();
  }

  /** Frees what was not used for long, and large data sets at once. */
  #tidy(): void {
    const bytes = () => [...this.#uploaded.values()].reduce((sum, { data }) => sum + data.bytes, 0);
    for (const layout of this.#uploaded.keys()) {
      if (this.#uploaded.size <= KEPT && bytes() <= KEPT_BYTES) return;
      this.#release(layout);
    }
  }

  destroy(): void {
    for (const layout of this.#uploaded.keys()) this.#release(layout);
  }

  /** Values per sample of all samples; in several runs where they do not fit one binding. */
  async #collect(
    data: Dataset,
    options: EvaluateOptions,
    kind: Kind,
  ): Promise<ReadonlyMap<string, Float32Array>> {
    const parts: ReadonlyMap<string, Float32Array>[] = [];
    const most = this.#samplesPerRun(options);
    for (let start = 0; start < data.size; start += most) {
      const end = Math.min(data.size, start + most);
      parts.push(
        await this.#collectPart(end - start < data.size ? take(data, start, end) : data, options, kind),
      );
    }
    if (parts.length === 1) return parts[0];
    return new Map([...parts[0].keys()].map((key) => [key, joined(parts.map((part) => part.get(key)!))]));
  }

  /** As many as one binding holds outputs of; whole batches, so that each row is computed as in a single run. */
  #samplesPerRun(options: EvaluateOptions): number {
    const batchSize = this.#batchSize(options);
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#model.compiled.gpu.device.limits;
    const largest = Math.max(...this.#model.outputs.map(({ shape }) => sizeOf(shape)));
    const most = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / (4 * largest));
    return Math.max(1, most > batchSize ? most - (most % batchSize) : most);
  }

  async #collectPart(
    data: Dataset,
    options: EvaluateOptions,
    kind: Kind,
  ): Promise<ReadonlyMap<string, Float32Array>> {
    const result = new Map<string, Float32Array>();
    await this.#run(data, options, kind, async (prepared) => {
      await this.#steps(prepared, data, options);
      options.signal?.throwIfAborted();
      for (const [key, { buffer, bytes }] of prepared.collected) {
        result.set(key, new Float32Array(await this.#model.compiled.gpu.device.read(buffer, 0, bytes)));
      }
    });
    return result;
  }

  #run(
    data: Dataset,
    options: EvaluateOptions,
    kind: Kind,
    work: (prepared: Prepared) => Promise<void>,
  ): Promise<void> {
    const run = this.#last.then(async () => {
      try {
        await work(await this.#prepare(data, options, kind));
      } finally {
        this.#tidy();
      }
      options.signal?.throwIfAborted();
    });
    this.#last = run.catch(() => {}); // the caller hears of it
    return run;
  }

  /** Steps through the data set, or until an abort; gives the number of steps. */
  async #steps(
    { program, batchSize }: Prepared,
    { size }: Dataset,
    { signal }: EvaluateOptions,
    reader?: RingReader,
  ): Promise<number> {
    const steps = Math.ceil(size / batchSize);
    program.reset(0);
    let step = 0;
    for (; step < steps; step++) {
      if (signal?.aborted) break;
      const read = await reader?.prepare(step + 1, step + 1 === steps);
      await program.step(read?.encode);
      reader?.start(read);
    }
    await program.finish();
    return step;
  }

  #batchSize({ batchSize = 256 }: EvaluateOptions): number {
    if (Number.isInteger(batchSize) && batchSize >= 1) return batchSize;
    throw new ArgumentError(
      `${this.#model.name}: batchSize is ${batchSize}; it must be a whole number of at least 1`,
    );
  }

  /** A program for data sets of this layout, with the values of this one. */
  async #prepare(data: Dataset, options: EvaluateOptions, kind: Kind): Promise<Prepared> {
    const { name, compiled, trainedOn } = this.#model;
    const batchSize = Math.min(this.#batchSize(options), data.size);
    if (trainedOn) checkRanges(name, data, trainedOn, compiled);
    const targets = kind !== 'outputs';
    const layout = layoutOf(data, { targets });
    let uploaded = this.#uploaded.get(layout);
    if (uploaded) uploaded.data.write(data);
    else {
      uploaded = { data: new DeviceDataset(compiled.gpu.device, data, { targets }), programs: new Map() };
    }
    this.#uploaded.delete(layout); // to the end
    this.#uploaded.set(layout, uploaded);
    const { programs } = uploaded;
    const known = programs.get(kind);
    if (known?.batchSize === batchSize) {
      checkFields(name, data, known.uses);
      return known;
    }
    if (known) release(known);
    programs.delete(kind);
    try {
      const prepared = await this.#compile(uploaded.data, batchSize, options, kind);
      programs.set(kind, prepared);
      return prepared;
    } catch (error) {
      if (programs.size === 0) this.#release(layout);
      throw error;
    }
  }

  async #compile(
    data: DeviceDataset,
    batchSize: number,
    { onProgress }: EvaluateOptions,
    kind: Kind,
  ): Promise<Prepared> {
    const model = this.#model;
    const { gpu, objective } = model.compiled;
    const { dataset: own } = data;
    const collected = new Map<string, { buffer: GPUBuffer; bytes: number }>();
    let ring: MetricRing | undefined;
    let uses: FieldUses | undefined;
    const define = (g: GraphBuilder) => {
      const targetsToo = kind !== 'outputs';
      const ports = {
        inputs: model.inputs,
        outputs: objective.goals.map(({ place }) => model.outputs[place]),
      };
      const options = { batchSize, shuffle: false, ...ports, targets: targetsToo };
      const batch = gather(g, data, model.compiled, options);
      const { inputs, targets, weights } = batch;
      const outputs = model.callAll(inputs, { training: false });
      const values = targetsToo ? objective.compute(outputs, targets, weights) : [];
      uses = fieldUses(batch, [...values, ...outputs]);
      checkFields(model.name, own, uses);
      if (kind === 'means') {
        const columns = objective.values.map((value, k) => ({ ...value, columns: columnsOf(values[k]) }));
        ring = new MetricRing(gpu.device, columns);
        g.resources.set(ring.resource, ring.location);
        g.effect(ring.effect(values, { batchSize, size: own.size }));
        return {};
      }
      const collect = (key: string, rows: Tensor) => {
        const shape = [own.size, ...rows.shape.slice(1)];
        const bytes = sizeOf(shape) * 4;
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
        const buffer = gpu.device.createBuffer(`collected ${key}`, bytes, usage);
        collected.set(key, { buffer, bytes });
        const whole: Resource = { resource: `collected ${key}`, shape, dtype: 'f32' };
        g.resources.set(whole, { buffer, offset: 0, bytes });
        g.effect(collection(key, rows, whole));
      };
      outputs.forEach((output, i) => collect(`output ${model.outputs[i].name}`, output));
      values.forEach((rows, k) => {
        const { name, value } = objective.values[k];
        if (!value && rows.shape[0] === batchSize) collect(`value ${name}`, rows);
      });
      g.effect(advance);
      return {};
    };
    try {
      const label = `${model.name}/evaluate ${kind}`;
      const program = await gpu.compile(define, { label, seed: model.seed, onProgress });
      return { program, batchSize, uses: uses!, ring, collected };
    } catch (error) {
      ring?.destroy();
      for (const { buffer } of collected.values()) buffer.destroy();
      throw error;
    }
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.length;
  }
  return whole;
}

function release({ program, ring, collected }: Prepared): void {
  program.destroy();
  ring?.destroy();
  for (const { buffer } of collected.values()) buffer.destroy();
}

function collection(key: string, rows: Tensor, collected: Resource): Effect {
  return {
    label: `collect/${key}`,
    inputs: [rows, programState()],
    lower: (context, [batch, state]) =>
      context.dispatch(collectDispatch({ rows: batch, collected, state, target: context.target })),
  };
}

const advance: Effect = {
  label: 'advance',
  inputs: [programState()],
  lower: (context, [state]) => context.dispatch(advanceDispatch(state)),
};
