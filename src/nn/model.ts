import { inputsOf, targetsOf } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { ArgumentError, DeviceLostError, ShapeError } from '../errors.ts';
import type { Variable } from '../ops/core/leaves.ts';
import { checkOptions, describe, required } from '../options.ts';
import type { OptionTable } from '../options.ts';
import { formatShape, sameShape } from '../ops/core/shape.ts';
import type { Shape } from '../ops/core/shape.ts';
import type { Minimizer } from '../runtime/minimizer.ts';
import { init } from '../runtime/session.ts';
import type { Gpu } from '../runtime/session.ts';
import type { CompileProgress } from '../runtime/program.ts';
import { decodeCheckpoint, encodeCheckpoint } from './training/checkpoint.ts';
import { Evaluator } from './training/evaluator.ts';
import type { EvaluateOptions, Evaluation, Samples } from './training/evaluator.ts';
import type { ByteScaling, InputRange } from './training/fieldChecks.ts';
import { Fit } from './training/fit.ts';
import type { FitOptions } from './training/fit.ts';
import { modelInput } from './layerGraph.ts';
import { Layer } from './layers/layer.ts';
import type { LayerTensor } from './layers/layer.ts';
import { Network } from './network.ts';
import type { NetworkOptions } from './network.ts';
import type { Optimizer } from './optimizers.ts';
import { Objective } from './objective.ts';
import type { ObjectiveOptions } from './objective.ts';
import { optimizerOf } from './registry.ts';
import type { OptimizerName } from './registry.ts';
import { summarize } from './summary.ts';

export interface SequentialOptions extends Pick<NetworkOptions, 'name' | 'seed'> {
  /** Shape of one sample, without the batch: [28, 28, 1]. */
  inputShape: Shape;
}

const sequentialOptions: OptionTable<SequentialOptions> = { inputShape: required, name: true, seed: true };

export interface ModelCompileOptions extends ObjectiveOptions {
  optimizer: OptimizerName | Optimizer;
  /** Where to train; a new one on the best adapter by default. */
  gpu?: Gpu;
  /**
   * Fields of bytes, inputs and targets, become value · scale + offset on the GPU; default 1/255 and 0. Fields of other
   * types are left as they are, and so are class indices and the indices of an embedding.
   */
  inputScale?: number;
  inputOffset?: number;
}

/** What `compile` settles: everything that training and evaluation need besides the data. */
export interface Compiled extends ByteScaling {
  readonly gpu: Gpu;
  readonly minimizer: Minimizer;
  readonly optimizer: Optimizer;
  /** The losses and metrics. */
  readonly objective: Objective;
}

/** Layers between inputs and outputs, with Keras's methods to train and use them. */
export class Model extends Network {
  /** Training steps done since `compile`; saved, and restored by `load`. */
  step = 0;
  /** What the inputs held in the last training; undefined before it. */
  trainedOn: readonly (InputRange | undefined)[] | undefined;
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
    const objective = new Objective(this, options);
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
    this.#compiled = { gpu, minimizer, optimizer, objective, inputScale, inputOffset };
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
    this.checkTargets(data);
    this.#requireIdle('fit');
    const fit = new Fit(this, data, options);
    this.#fit = fit;
    const end = () => (this.#fit = undefined);
    fit.then(end, end);
    return fit;
  }

  /** The loss and metrics over a whole data set, exact over all its samples. */
  async evaluate(data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
    this.checkTargets(data);
    return this.evaluator().evaluate(data, options);
  }

  /**
   * The (first) output for each sample, row after row: [N, ...outputShape]. Samples are a data set, or the values of all
   * of them, for several inputs a list.
   */
  async predict(
    samples: Samples,
    options: { batchSize?: number; onProgress?: (progress: CompileProgress) => void } = {},
  ): Promise<Float32Array> {
    return (await this.evaluator().predict(samples, options))[this.outputs[0].name];
  }

  /** `predict` with every output, in the order of the model's. */
  async predictAll(
    samples: Samples,
    options: { batchSize?: number; onProgress?: (progress: CompileProgress) => void } = {},
  ): Promise<Float32Array[]> {
    return Object.values(await this.evaluator().predict(samples, options));
  }

  /** Compiled evaluation programs; kept until the model is compiled again or destroyed. */
  evaluator(): Evaluator {
    return (this.#evaluator ??= new Evaluator(this));
  }

  /**
   * Does some work (evaluate, predict, save, …) with the moving averages of the weights that the optimizer keeps
   * (`ema`), then brings the weights back. A training under way waits for it, so the work must not wait for the
   * training. A file saved meanwhile holds the averages as weights, and no optimizer state.
   *
   * @throws ArgumentError if the optimizer keeps no averages, or they are in use already
   */
  async useAveragedWeights<T>(work: () => T | Promise<T>): Promise<T> {
    const { minimizer } = this.compiled;
    if (minimizer.averagesInUse) {
      throw new ArgumentError(
        `${this.name}: averaged weights are in use already; call useAveragedWeights once its work is done`,
      );
    }
    minimizer.swapAverages();
    try {
      return await work();
    } finally {
      if (this.#compiled?.minimizer === minimizer) minimizer.swapAverages(); // else the work has freed it
    }
  }

  /** A table of the layers: output shapes, parameters, bytes and FLOPs per sample. */
  summary(): string {
    return summarize(this);
  }

  /**
   * Weights, optimizer state, step and seed as a safetensors file.
   *
   * @throws NumericError if a weight or a value of the optimizer's is NaN or infinite
   */
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

  /** Throws a ShapeError unless the data set's samples fit the model's inputs. */
  checkData(data: Dataset): void {
    const fields = inputsOf(data);
    if (fields.length !== this.inputs.length) {
      const names = this.inputs.map(({ name }) => name).join(', ');
      throw new ShapeError(
        `${this.name}: takes ${this.inputs.length} inputs (${names}), but data set '${data.name}' has ${fields.length}; pass one array for each, dataset({ x: [...], inputShape: [...] })`,
      );
    }
    this.inputs.forEach(({ name, shape }, i) => {
      if (sameShape(fields[i].shape, shape)) return;
      const which = fields.length > 1 ? ` for input ${name}` : '';
      throw new ShapeError(
        `${this.name}: takes samples of shape ${formatShape(shape)}${which}, but those of data set '${data.name}' have ${formatShape(fields[i].shape)}; change inputShape or the data`,
      );
    });
  }

  /** `checkData`, and that there are targets for every trained output. */
  checkTargets(data: Dataset): void {
    this.checkData(data);
    const { goals } = this.compiled.objective;
    const { length } = targetsOf(data);
    if (length === goals.length) return;
    const names = goals.map(({ name }) => name).join(', ');
    throw new ShapeError(
      `${this.name}: is trained on ${goals.length} outputs (${names}), but data set '${data.name}' has ${length} targets; pass one array for each, dataset({ y: [...], targetShape: [...] })`,
    );
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
  checkOptions('sequential', options, sequentialOptions, 'layers, ');
  const { inputShape, name = 'model', seed } = options;
  const strays = Array.isArray(layers) ? layers.filter((layer) => !(layer instanceof Layer)) : [layers];
  if (strays.length > 0) {
    const found = describe(strays[0]);
    throw new ArgumentError(
      `${name}: takes a list of layers, sequential([dense({ units: 10 }), …], { inputShape }), but was given ${found}`,
    );
  }
  if (layers.length === 0) throw new ArgumentError(`${name}: a model needs at least one layer`);
  if (!Array.isArray(inputShape)) {
    throw new ArgumentError(
      `${name}: inputShape is ${describe(inputShape)}; give the shape of one sample, such as [28, 28, 1]`,
    );
  }
  const inputs = modelInput({ shape: inputShape });
  const outputs = layers.reduce((x: LayerTensor, layer) => layer.apply(x), inputs);
  return new Model({ inputs, outputs, name, seed });
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
