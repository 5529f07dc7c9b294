import type { DataArray, Dataset } from '../../data/dataset.ts';
import { dataset } from '../../data/dataset.ts';
import { ArgumentError } from '../../errors.ts';
import { programState } from '../../ops/core/leaves.ts';
import { advanceDispatch, collectDispatch, columnsOf } from '../../ops/dataset/effects.ts';
import type { Effect, Resource } from '../../ops/core/op.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import { DeviceDataset } from '../../runtime/deviceDataset.ts';
import type { CompileProgress, Program } from '../../runtime/program.ts';
import { MetricRing } from '../../runtime/ring.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import type { GraphBuilder } from '../../runtime/session.ts';
import { checkLabels, gather } from './batch.ts';
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

/** Samples without targets: a data set, or the arrays of all inputs. */
export type Samples = Dataset | DataArray | readonly DataArray[];

/** What a program is for: the means over a data set, everything per sample, or the outputs alone. */
type Kind = 'means' | 'samples' | 'outputs';

interface Prepared {
  readonly program: Program;
  readonly batchSize: number;
  readonly ring?: MetricRing;
  /** What is collected of all samples. */
  readonly collected: ReadonlyMap<string, { readonly buffer: GPUBuffer; readonly bytes: number }>;
}

interface Uploaded {
  readonly data: DeviceDataset;
  readonly programs: Map<Kind, Prepared>;
}

/**
 * Runs a model forward over whole data sets. Sums over the samples come back through a ring while the batches go on;
 * values per sample are collected in buffers on the GPU and read once at the end. Programs are kept per data set, so
 * evaluating again costs no compilation.
 */
export class Evaluator {
  readonly #model: Model;
  readonly #uploaded = new Map<Dataset, Uploaded>();
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
    const model = this.#model;
    if ('x' in samples) {
      model.checkData(samples);
      return this.#outputs(await this.#collect(samples, options, 'outputs'));
    }
    const shapes = model.inputs.map(({ shape }) => shape);
    const several = Array.isArray(samples);
    const [first] = several ? (samples as readonly DataArray[]) : [samples as DataArray];
    const count = first.length / sizeOf(shapes[0]);
    const y = new Uint8Array(Math.max(1, Math.ceil(count))); // there are no targets; nothing reads them
    const x = samples as DataArray | readonly DataArray[];
    const data = dataset({ name: 'samples to predict', x, y, inputShape: several ? shapes : shapes[0] });
    model.checkData(data);
    try {
      return this.#outputs(await this.#collect(data, options, 'outputs'));
    } finally {
      this.forget(data);
    }
  }

  #outputs(values: ReadonlyMap<string, Float32Array>): Record<string, Float32Array> {
    return Object.fromEntries(
      this.#model.outputs.map(({ name }) => [name, values.get(`output ${name}`)!] as const),
    );
  }

  /** Frees the programs and the buffers of a data set. */
  forget(data: Dataset): void {
    const uploaded = this.#uploaded.get(data);
    if (!uploaded) return;
    this.#uploaded.delete(data);
    for (const prepared of uploaded.programs.values()) release(prepared);
    uploaded.data.destroy();
  }

  destroy(): void {
    for (const data of this.#uploaded.keys()) this.forget(data);
  }

  /** Values per sample of all samples. */
  async #collect(
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
      await work(await this.#prepare(data, options, kind));
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

  async #prepare(data: Dataset, options: EvaluateOptions, kind: Kind): Promise<Prepared> {
    const { name, compiled } = this.#model;
    const batchSize = Math.min(options.batchSize ?? 256, data.size);
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ArgumentError(
        `${name}: batchSize is ${options.batchSize}; it must be a whole number of at least 1`,
      );
    }
    let uploaded = this.#uploaded.get(data);
    if (!uploaded) {
      uploaded = { data: new DeviceDataset(compiled.gpu.device, data), programs: new Map() };
      this.#uploaded.set(data, uploaded);
    }
    const { programs } = uploaded;
    const known = programs.get(kind);
    if (known?.batchSize === batchSize) return known;
    if (known) release(known);
    programs.delete(kind);
    try {
      const prepared = await this.#compile(uploaded.data, batchSize, options, kind);
      programs.set(kind, prepared);
      return prepared;
    } catch (error) {
      if (programs.size === 0) this.forget(data);
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
    const { gpu, objective, inputScale, inputOffset } = model.compiled;
    const { dataset: own } = data;
    const { inputs: ports } = model;
    const collected = new Map<string, { buffer: GPUBuffer; bytes: number }>();
    let ring: MetricRing | undefined;
    const define = (g: GraphBuilder) => {
      const targetsToo = kind !== 'outputs';
      const options = { batchSize, shuffle: false, inputs: ports, targets: targetsToo };
      const { inputs, targets, weights } = gather(g, data, { inputScale, inputOffset }, options);
      const outputs = model.callAll(inputs, { training: false });
      const values = targetsToo ? objective.compute(outputs, targets, weights) : [];
      checkLabels(model.name, own, targets, values);
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
      return { program, batchSize, ring, collected };
    } catch (error) {
      ring?.destroy();
      for (const { buffer } of collected.values()) buffer.destroy();
      throw error;
    }
  }
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
