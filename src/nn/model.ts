import type { Dataset } from '../data/dataset.ts';
import { ArgumentError, DeviceLostError, ShapeError } from '../errors.ts';
import type { Variable } from '../ops/leaves.ts';
import { formatShape } from '../ops/tensor.ts';
import type { Shape } from '../ops/tensor.ts';
import type { Minimizer } from '../runtime/minimizer.ts';
import { init } from '../runtime/session.ts';
import type { Gpu } from '../runtime/session.ts';
import type { CompileProgress } from '../runtime/program.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { Evaluator } from './evaluator.ts';
import type { EvaluateOptions, Evaluation } from './evaluator.ts';
import { Fit } from './fit.ts';
import type { FitOptions } from './fit.ts';
import { modelInput } from './layerGraph.ts';
import type { Layer, LayerTensor } from './layers/layer.ts';
import type { LossFunction } from './losses.ts';
import { Network } from './network.ts';
import type { NetworkOptions } from './network.ts';
import type { Optimizer } from './optimizers.ts';
import { checkMetricNames, lossOf, metricName, metricOf, optimizerOf } from './registry.ts';
import type { LossName, MetricFunction, MetricName, OptimizerName } from './registry.ts';
import { summarize } from './summary.ts';

export interface SequentialOptions extends Pick<NetworkOptions, 'name' | 'seed'> {
  /** Shape of one sample, without the batch: [28, 28, 1]. */
  inputShape: Shape;
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

/** Layers between inputs and outputs, with Keras's methods to train and use them. */
export class Model extends Network {
  /** Training steps done since `compile`; saved, and restored by `load`. */
  step = 0;
  #compiled: Compiled | undefined;
  #evaluator: Evaluator | undefined;
  /** The session that `compile` opened itself. */
  #ownGpu: Gpu | undefined;
  /** The training under way. */
  #fit: Fit | undefined;

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
export function sequential(
  layers: readonly Layer[],
  { inputShape, name = 'model', ...options }: SequentialOptions,
): Model {
  if (layers.length === 0) throw new ArgumentError(`${name}: a model needs at least one layer`);
  if (!Array.isArray(inputShape)) {
    throw new ArgumentError(
      `${name}: inputShape is ${inputShape}; give the shape of one sample, such as [28, 28, 1]`,
    );
  }
  const inputs = modelInput({ shape: inputShape });
  const outputs = layers.reduce((x: LayerTensor, layer) => layer.apply(x), inputs);
  return new Model({ inputs, outputs, name, ...options });
}

/**
 * A model whose layers may branch and join, with one or several inputs and outputs:
 *
 * ```ts
 * const image = modelInput({ shape: [28, 28, 1] });
 * const features = conv2d({ filters: 8, kernelSize: 3, activation: 'relu' }).apply(image);
 * const shortcut = conv2d({ filters: 8, kernelSize: 3, padding: 'same' }).apply(features);
 * const joined = add().apply([features, shortcut]);
 * const digits = model({ inputs: image, outputs: dense({ units: 10 }).apply(flatten().apply(joined)) });
 * ```
 *
 * Shapes are checked here, when the layers get their weights. A layer that is applied twice, or in two models,
 * has its weights once.
 *
 * @throws ShapeError where a layer cannot work on what it is applied to
 * @throws ArgumentError if inputs and outputs do not fit each other
 */
export function model(options: NetworkOptions): Model {
  return new Model(options);
}
