import type { Dataset } from '../data/dataset.ts';
import { ArgumentError, DeviceLostError, ShapeError } from '../errors.ts';
import { input } from '../ops/leaves.ts';
import type { Variable } from '../ops/leaves.ts';
import { formatShape, sizeOf } from '../ops/tensor.ts';
import type { Shape, Tensor } from '../ops/tensor.ts';
import type { Minimizer } from '../runtime/minimizer.ts';
import { init } from '../runtime/session.ts';
import type { Gpu } from '../runtime/session.ts';
import type { CompileProgress } from '../runtime/program.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { Evaluator } from './evaluator.ts';
import type { EvaluateOptions, Evaluation } from './evaluator.ts';
import { Fit } from './fit.ts';
import type { FitOptions } from './fit.ts';
import { nameLayers } from './layers/layer.ts';
import type { BuildContext, CallContext, Layer } from './layers/layer.ts';
import type { LossFunction } from './losses.ts';
import type { Optimizer } from './optimizers.ts';
import { checkMetricNames, lossOf, metricName, metricOf, optimizerOf } from './registry.ts';
import type { LossName, MetricFunction, MetricName, OptimizerName } from './registry.ts';
import { summarize } from './summary.ts';

export interface SequentialOptions {
  /** Shape of one sample, without the batch: [28, 28, 1]. */
  inputShape: Shape;
  /** Default 'model'. */
  name?: string;
  /** Of the initial weights, the shuffling and the dropout masks; default 0. */
  seed?: number;
}

export interface ModelCompileOptions {
  optimizer: OptimizerName | Optimizer;
  /** A name or a graph function from predictions and targets to one value per sample. */
  loss: LossName | LossFunction;
  /** At most three, besides the loss. */
  metrics?: readonly (MetricName | MetricFunction)[];
  /** Where to train; a new one on the best adapter by default. */
  gpu?: Gpu;
  /** Bytes become value · scale + offset on the GPU; default 1/255 and 0 for data sets of bytes. */
  inputScale?: number;
  inputOffset?: number;
}

/** What `compile` settles: everything that training and evaluation need besides the data. */
export interface Compiled {
  readonly gpu: Gpu;
  readonly minimizer: Minimizer;
  readonly optimizer: Optimizer;
  readonly loss: LossFunction;
  readonly metrics: readonly { readonly name: string; readonly compute: MetricFunction }[];
  readonly inputScale?: number;
  readonly inputOffset: number;
}

/** A stack of layers, each feeding the next, with Keras's methods to train and use it. */
export class Model {
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly layers: readonly Layer[];
  /** Of the initial weights, the shuffling and the dropout masks; saved, and restored by `load`. */
  seed: number;
  /** Training steps done since `compile`; saved, and restored by `load`. */
  step = 0;
  #compiled: Compiled | undefined;
  #evaluator: Evaluator | undefined;
  /** The session that `compile` opened itself. */
  #ownGpu: Gpu | undefined;
  /** The training under way. */
  #fit: Fit | undefined;

  constructor(layers: readonly Layer[], { inputShape, name = 'model', seed = 0 }: SequentialOptions) {
    if (layers.length === 0) throw new ArgumentError(`${name}: a model needs at least one layer`);
    if (!Array.isArray(inputShape)) {
      throw new ArgumentError(
        `${name}: inputShape is ${inputShape}; give the shape of one sample, such as [28, 28, 1]`,
      );
    }
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ArgumentError(`${name}: seed is ${seed}; it must be a whole number from 0 to 2^53 - 1`);
    }
    this.name = name;
    this.inputShape = [...inputShape];
    this.layers = layers;
    this.seed = seed;
    nameLayers(layers);
    let streams = 0;
    const context: BuildContext = { seed, nextStream: () => streams++ };
    let x = input('shape check', [1, ...inputShape]);
    for (const layer of layers) {
      layer.build(x.shape.slice(1), context);
      x = layer.call(x, { training: false });
    }
    this.outputShape = x.shape.slice(1);
  }

  /** Every variable, in layer order. */
  get variables(): Variable[] {
    return [...new Set(this.layers.flatMap((layer) => layer.variables))];
  }

  get trainableVariables(): Variable[] {
    return this.variables.filter((variable) => variable.trainable);
  }

  /** Number of values in all variables. */
  get parameters(): number {
    return this.variables.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  /** Adds the model's computation on a batch to a graph, for programs of your own. */
  call(x: Tensor, context: CallContext = { training: false }): Tensor {
    return this.layers.reduce((value, layer) => layer.call(value, context), x);
  }

  /**
   * Settles optimizer, loss and metrics and gives the weights their memory. Compiling again keeps the weights, also
   * on another GPU unless the one before was lost, and starts the optimizer anew.
   *
   * @throws ArgumentError if there is no such optimizer, loss or metric, or nothing to train
   */
  async compile(options: ModelCompileOptions): Promise<this> {
    const optimizer = optimizerOf(options.optimizer);
    const loss = lossOf(options.loss);
    const metrics = (options.metrics ?? []).map((metric) => ({
      name: metricName(metric),
      compute: metricOf(metric),
    }));
    if (metrics.length > 3) {
      throw new ArgumentError(
        `${this.name}: ${metrics.length} metrics; a step records at most three besides the loss`,
      );
    }
    checkMetricNames(
      this.name,
      metrics.map((metric) => metric.name),
    );
    if (this.trainableVariables.length === 0) {
      throw new ArgumentError(`${this.name}: no layer has trainable weights, so there is nothing to train`);
    }
    this.#requireIdle('compile');
    const before = this.#compiled;
    const gpu = options.gpu ?? before?.gpu ?? (this.#ownGpu = await init());
    const weights = before && before.gpu !== gpu ? await this.#weightsOn(before.gpu) : [];
    const minimizer = gpu.minimizer(this.trainableVariables, optimizer);
    gpu.variables.allocate(this.variables, `${this.name} state`);
    gpu.variables.retain(this.variables);
    for (const [variable, values] of weights) gpu.variables.write(variable, values);
    const { inputScale, inputOffset = 0 } = options;
    this.#free();
    if (this.#ownGpu !== gpu) this.#closeOwnGpu();
    this.#compiled = { gpu, minimizer, optimizer, loss, metrics, inputScale, inputOffset };
    this.step = 0;
    return this;
  }

  /** The weights as they lie on a GPU; none where it was lost. */
  async #weightsOn(gpu: Gpu): Promise<Iterable<[Variable, Float32Array]>> {
    try {
      return await gpu.variables.readAll(this.variables);
    } catch (error) {
      if (error instanceof DeviceLostError) return [];
      throw error;
    }
  }

  #requireIdle(what: string): void {
    if (this.#fit) {
      throw new ArgumentError(
        `${this.name}: ${what} was called while the model is being trained; await the fit under way, or abort it, first`,
      );
    }
  }

  get compiled(): Compiled {
    if (!this.#compiled) throw new ArgumentError(`${this.name}: call compile({ optimizer, loss }) first`);
    return this.#compiled;
  }

  /** Changes from the next step on; nothing is compiled again. */
  set learningRate(value: number) {
    if (!Number.isFinite(Math.fround(value)) || value < 0) {
      throw new ArgumentError(
        `${this.name}: the learning rate must be a finite number of at least 0, not ${value}`,
      );
    }
    this.compiled.minimizer.learningRate = value;
  }

  get learningRate(): number {
    return this.compiled.minimizer.learningRate;
  }

  /**
   * Trains. Await it for the history, or iterate over it (`for await`) for the values of every step.
   * See FitOptions.
   *
   * @throws ArgumentError if an option is out of range, a label is no class of the model, or it is being trained already
   * @throws ShapeError if the data do not fit the model's input or the loss
   * @throws NumericError if the loss or a metric becomes NaN or infinite
   * @throws DeviceLostError if the GPU is lost
   */
  fit(data: Dataset, options: FitOptions = {}): Fit {
    this.checkData(data);
    this.#requireIdle('fit');
    const fit = new Fit(this, data, options);
    this.#fit = fit;
    const end = () => (this.#fit = undefined);
    fit.then(end, end);
    return fit;
  }

  /** The loss and metrics over a whole data set. */
  async evaluate(data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
    this.checkData(data);
    return this.evaluator().evaluate(data, options);
  }

  /** The outputs for each sample, row after row: [N, ...outputShape]. */
  async predict(
    samples: Dataset | Float32Array | Uint8Array,
    options: { batchSize?: number; onProgress?: (progress: CompileProgress) => void } = {},
  ): Promise<Float32Array> {
    return this.evaluator().predict(samples, options);
  }

  /** Compiled evaluation programs; kept until the model is compiled again or destroyed. */
  evaluator(): Evaluator {
    return (this.#evaluator ??= new Evaluator(this));
  }

  /** A table of the layers: output shapes, parameters, bytes and FLOPs per sample. */
  summary(): string {
    return summarize(this);
  }

  /** Weights, optimizer state, step and seed as a safetensors file. */
  save(): Promise<Uint8Array> {
    return encodeCheckpoint(this);
  }

  /**
   * Restores what `save` wrote into a compiled model of the same architecture: training goes on bit by bit. A file
   * without the state of this optimizer restores the weights alone.
   *
   * @throws FormatError if the file is damaged or of another architecture; the model then stays as it was
   */
  load(bytes: Uint8Array, name?: string): void {
    this.#requireIdle('load');
    decodeCheckpoint(this, bytes, name);
  }

  /** Throws a ShapeError unless the data set's samples fit the model's input. */
  checkData({ name, x }: Dataset): void {
    if (
      x.shape.length !== this.inputShape.length ||
      x.shape.some((extent, axis) => extent !== this.inputShape[axis])
    ) {
      throw new ShapeError(
        `${this.name}: takes samples of shape ${formatShape(this.inputShape)}, but those of data set '${name}' have ${formatShape(x.shape)}; change inputShape or the data`,
      );
    }
  }

  /** Frees its memory on the GPU, the weights included unless another model shares them, and the GPU if it opened it. */
  destroy(): void {
    this.#free();
    this.#compiled = undefined;
    this.#closeOwnGpu();
  }

  #closeOwnGpu(): void {
    this.#ownGpu?.destroy();
    this.#ownGpu = undefined;
  }

  #free(): void {
    this.#evaluator?.destroy();
    this.#evaluator = undefined;
    if (!this.#compiled) return;
    const { gpu, minimizer } = this.#compiled;
    gpu.release(minimizer);
    gpu.variables.release(this.variables);
  }
}

/**
 * A model whose layers form a single chain.
 *
 * @throws ShapeError where a layer cannot work on what the one before it gives
 */
export function sequential(layers: readonly Layer[], options: SequentialOptions): Model {
  return new Model(layers, options);
}
