import type { Dataset } from '../data/dataset.ts';
import { dataset } from '../data/dataset.ts';
import { ArgumentError } from '../errors.ts';
import { programState } from '../ops/leaves.ts';
import { advanceDispatch, collectDispatch } from '../ops/effects.ts';
import type { Effect, Resource } from '../ops/op.ts';
import type { Tensor } from '../ops/tensor.ts';
import { sizeOf } from '../ops/tensor.ts';
import { DeviceDataset } from '../runtime/deviceDataset.ts';
import type { CompileProgress, Program } from '../runtime/program.ts';
import { checkLabels, gather } from './batch.ts';
import type { Model } from './model.ts';

export interface EvaluateOptions {
  /** Samples per step; default 256, or the data set's size if that is smaller. */
  batchSize?: number;
  onProgress?: (progress: CompileProgress) => void;
  signal?: AbortSignal;
}

/** Means over the data set: `loss` and one value per metric. */
export type Evaluation = { readonly loss: number } & Readonly<Record<string, number>>;

/** One value per sample of the loss and each metric, and the model's outputs. */
export interface Inspection {
  readonly loss: Float32Array;
  readonly metrics: Readonly<Record<string, Float32Array>>;
  /** [N, ...outputShape] */
  readonly outputs: Float32Array;
}

interface Prepared {
  readonly program: Program;
  readonly collected: Readonly<Record<string, GPUBuffer>>;
  readonly lengths: Readonly<Record<string, number>>;
  readonly data: DeviceDataset;
  readonly batchSize: number;
}

/**
 * Runs a model forward over whole data sets. Each batch's rows are collected in a buffer on the GPU and
 * read once at the end; programs are kept per data set and batch size, so evaluating again costs no compilation.
 */
export class Evaluator {
  readonly #model: Model;
  readonly #prepared = new Map<Dataset, Prepared>();
  /** Samples given to `predict` as plain arrays: they have no targets to compare with. */
  readonly #unlabelled = new WeakSet<Dataset>();
  /** The run before: two at a time would share a program's step counter. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(model: Model) {
    this.#model = model;
  }

  async evaluate(data: Dataset, options: EvaluateOptions): Promise<Evaluation> {
    const values = await this.#run(data, options, (key) => key !== 'output');
    const means = Object.entries(values).map(([key, array]) => [key, mean(array)] as const);
    return Object.fromEntries(means) as Evaluation;
  }

  async inspect(data: Dataset, options: EvaluateOptions = {}): Promise<Inspection> {
    const { loss, output, ...metrics } = await this.#run(data, options, () => true);
    return { loss, metrics, outputs: output };
  }

  async predict(
    samples: Dataset | Float32Array | Uint8Array,
    options: EvaluateOptions,
  ): Promise<Float32Array> {
    const model = this.#model;
    if (!ArrayBuffer.isView(samples)) {
      model.checkData(samples);
      return (await this.#run(samples, options, (key) => key === 'output')).output;
    }
    const count = samples.length / sizeOf(model.inputShape);
    const y = new Uint8Array(Math.max(1, Math.ceil(count)));
    const data = dataset({ name: 'samples to predict', x: samples, y, inputShape: model.inputShape });
    this.#unlabelled.add(data);
    try {
      return (await this.#run(data, options, (key) => key === 'output')).output;
    } finally {
      this.forget(data);
    }
  }

  /** Frees the program and the buffers of a data set. */
  forget(data: Dataset): void {
    const prepared = this.#prepared.get(data);
    if (!prepared) return;
    this.#prepared.delete(data);
    prepared.program.destroy();
    prepared.data.destroy();
    for (const buffer of Object.values(prepared.collected)) buffer.destroy();
  }

  destroy(): void {
    for (const data of this.#prepared.keys()) this.forget(data);
  }

  #run(
    data: Dataset,
    options: EvaluateOptions,
    wanted: (key: string) => boolean,
  ): Promise<Record<string, Float32Array>> {
    const run = this.#last.then(() => this.#runNow(data, options, wanted));
    this.#last = run.catch(() => {}); // the caller hears of it
    return run;
  }

  async #runNow(
    data: Dataset,
    options: EvaluateOptions,
    wanted: (key: string) => boolean,
  ): Promise<Record<string, Float32Array>> {
    const { gpu } = this.#model.compiled;
    const { program, collected, lengths, batchSize } = await this.#prepare(data, options);
    program.reset(0);
    for (let step = 0; step * batchSize < data.size; step++) {
      if (options.signal?.aborted) break;
      await program.step();
    }
    await program.finish();
    options.signal?.throwIfAborted();
    const result: Record<string, Float32Array> = {};
    for (const [key, buffer] of Object.entries(collected)) {
      if (wanted(key)) result[key] = new Float32Array(await gpu.device.read(buffer, 0, lengths[key] * 4));
    }
    return result;
  }

  async #prepare(data: Dataset, { batchSize: wanted, onProgress }: EvaluateOptions): Promise<Prepared> {
    const batchSize = Math.min(wanted ?? 256, data.size);
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ArgumentError(
        `${this.#model.name}: batchSize is ${wanted}; it must be a whole number of at least 1`,
      );
    }
    const known = this.#prepared.get(data);
    if (known?.batchSize === batchSize) return known;
    this.forget(data);

    const model = this.#model;
    const { gpu, loss, metrics, inputScale, inputOffset } = model.compiled;
    const uploaded = new DeviceDataset(gpu.device, data);
    const collected: Record<string, GPUBuffer> = {};
    const lengths: Record<string, number> = {};
    const compiling = gpu.compile(
      (g) => {
        const [x, y] = gather(g, uploaded, { inputScale, inputOffset }, { batchSize, shuffle: false });
        const output = model.call(x, { training: false });
        const columns: Record<string, Tensor> = { output };
        if (!this.#unlabelled.has(data)) {
          columns.loss = loss(output, y);
          for (const metric of metrics) columns[metric.name] = metric.compute(output, y);
          checkLabels(model.name, uploaded, y, Object.values(columns));
        }
        for (const [key, rows] of Object.entries(columns)) {
          lengths[key] = data.size * sizeOf(rows.shape.slice(1));
          const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
          collected[key] = gpu.device.createBuffer(`collected ${key}`, lengths[key] * 4, usage);
          const whole: Resource = {
            resource: `collected ${key}`,
            shape: [data.size, ...rows.shape.slice(1)],
            dtype: 'f32',
          };
          g.resources.set(whole, { buffer: collected[key], offset: 0, bytes: lengths[key] * 4 });
          g.effect(collect(key, rows, whole));
        }
        g.effect(advance);
        return {};
      },
      { label: `${model.name}/evaluate`, seed: model.seed, onProgress },
    );
    try {
      const prepared = { program: await compiling, collected, lengths, data: uploaded, batchSize };
      this.#prepared.set(data, prepared);
      return prepared;
    } catch (error) {
      uploaded.destroy();
      for (const buffer of Object.values(collected)) buffer.destroy();
      throw error;
    }
  }
}

function collect(key: string, rows: Tensor, collected: Resource): Effect {
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

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
