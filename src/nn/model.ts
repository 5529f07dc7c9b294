import type { Dataset } from '../data/dataset.ts';
import { asStream } from '../data/stream.ts';
import type { TrainingData } from '../data/stream.ts';
import { ArgumentError } from '../errors.ts';
import { checkOptions, describe, isPromise } from '../options.ts';
import type { OptionTable } from '../options.ts';
import { isRate } from '../runtime/ranges.ts';
import { Network } from './network.ts';
import type { NetworkOptions } from './network.ts';
import { Objective } from './objective.ts';
import type { ObjectiveOptions } from './objective.ts';
import { sgd } from './optimizers.ts';
import type { Optimizer } from './optimizers.ts';
import { optimizerOf } from './registry.ts';
import type { OptimizerName } from './registry.ts';
import { summarize } from './summary.ts';
import { checkInputs, checkTargets, requireLoss } from './training/checkData.ts';
import { readCheckpoint } from './training/checkpoint.ts';
import type { LoadOptions, LoadReport } from './training/checkpoint.ts';
import type { Compiled } from './training/compiled.ts';
import { encodeCheckpoint } from './training/encodeCheckpoint.ts';
import { Evaluator } from './training/evaluator.ts';
import type { EvaluateOptions, Evaluation } from './training/evaluator.ts';
import { fitOptions, startFit } from './training/fit.ts';
import type { Fit, FitOptions } from './training/fit.ts';
import { checkScaling } from './training/fieldChecks.ts';
import { Placement, placementOptions } from './training/placement.ts';
import type { PlacementOptions } from './training/placement.ts';
import type { Samples } from './training/samples.ts';
import { savedModel } from './training/savedModel.ts';

export interface ModelCompileOptions extends Partial<ObjectiveOptions>, PlacementOptions {
  /**
   * Needed to train; without it, and without a loss, the model predicts. On a model that `loadModel` has made: by default
   * the one that is saved in its file.
   */
  optimizer?: OptimizerName | Optimizer;
  /**
   * Fields of bytes, inputs and targets, become value · scale + offset on the GPU; default 1/255 and 0. Fields of other
   * types are left as they are, and so are class indices and the indices of an embedding.
   */
  inputScale?: number;
  inputOffset?: number;
}

const modelCompileOptions: OptionTable<ModelCompileOptions> = {
  optimizer: true,
  loss: true,
  lossWeights: true,
  metrics: true,
  weightedMetrics: true,
  checkLoss: true,
  ...placementOptions,
  inputScale: true,
  inputOffset: true,
};

/** Layers between inputs and outputs, with Keras's methods to train and use them. */
export class Model extends Network {
  readonly #placement = new Placement<Compiled>(this, 'compile({ optimizer, loss })', {
    end: ({ gpu, minimizer }, recovers) => {
      if (minimizer.averagesInUse && !gpu.device.isLost) minimizer.swapAverages();
      this.#evaluator?.destroy();
      this.#evaluator = undefined;
      if (!recovers) this.#fit = undefined;
    },
    free: ({ gpu, minimizer }) => gpu.release(minimizer),
  });
  #evaluator: Evaluator | undefined;
  /** The training under way. */
  #fit: Fit | undefined;

  /** Training steps done since `compile`; saved, and restored by `load`. */
  get step(): number {
    return this.#placement.current?.state.clock.step ?? 0;
  }

  /** Epochs done since `compile`; saved, and restored by `load`. */
  get epoch(): number {
    return this.#placement.current?.state.clock.epoch ?? 0;
  }

  /**
   * Settles optimizer, loss and metrics and gives the weights their memory. Compiling again keeps the weights, also
   * on another GPU, and starts the optimizer anew; work under way on the model ends with an InterruptedError. Weights
   * that were lost with their GPU are gone: the model then works after `load` only, or after
   * `compile({ weights: 'initial' })`.
   *
   * `trainable` counts as it is now, for weights and statistics alike: changing it later has no effect until the model is
   * compiled again. To predict, `compile({ gpu })` is enough; to evaluate, a loss.
   *
   * @throws ArgumentError if there is no such option, optimizer, loss or metric, or the model shares weights with one that
   *   is compiled for another GPU
   * @throws DeviceLostError if the GPU is lost
   */
  async compile(options: ModelCompileOptions = {}): Promise<this> {
    checkOptions('compile', options, modelCompileOptions);
    const { loss, metrics, weightedMetrics, lossWeights, inputScale, inputOffset = 0 } = options;
    checkScaling(this.name, options);
    const aims = [loss, metrics, weightedMetrics, lossWeights].some((option) => option !== undefined);
    const objective = new Objective(this, aims ? (options as ObjectiveOptions) : undefined);
    const chosen = options.optimizer ?? this.savedOptimizer?.();
    const optimizer = optimizerOf(chosen ?? sgd()); // without one: of no variables
    const frozen = this.frozenLayers;
    const trained = chosen === undefined ? [] : this.trainableVariables;
    const untrainable =
      chosen === undefined
        ? 'it was compiled without an optimizer; call compile({ optimizer, loss }) to train'
        : trained.length === 0
          ? 'no layer has trainable weights, so there is nothing to train'
          : undefined;
    await this.#placement.compile(options, (gpu, state) => {
      const minimizer = gpu.minimizer(trained, optimizer);
      const trains = { minimizer, optimizer, untrainable, frozen };
      return { network: this, gpu, ...trains, objective, inputScale, inputOffset, state };
    });
    return this;
  }

  /** What `compile` takes where it is given no optimizer; `loadModel` sets it. */
  savedOptimizer: (() => Optimizer) | undefined;

  #requireIdle(what: string): void {
    if (this.#fit) {
      throw new ArgumentError(
        `${this.name}: ${what} was called while the model is being trained; await the fit under way, or abort it, first`,
      );
    }
  }

  get compiled(): Compiled {
    return this.#placement.compiled;
  }

  /**
   * Changes from the next step on; nothing is compiled again.
   *
   * @throws ArgumentError if it is none, or if the optimizer's learningRate is a schedule, which then tells it
   */
  set learningRate(value: number) {
    if (!isRate(value)) {
      throw new ArgumentError(
        `${this.name}: the learning rate must be a finite number of at least 0, not ${describe(value)}`,
      );
    }
    this.compiled.minimizer.learningRate = value;
  }

  get learningRate(): number {
    const { minimizer, state } = this.compiled;
    return minimizer.shownRate(state.clock.step);
  }

  /**
   * Trains on a data set, or on batches that come one after the other (`streamed`). Await it for the history, or iterate
   * over it (`for await`) for the values of every step. See FitOptions.
   *
   * @throws ArgumentError if an option is out of range, a label is no class of the model, or it is being trained already
   * @throws ShapeError if the data do not fit the model's input or the loss
   * @throws NumericError if the loss, a metric, a weight, a gradient or an update becomes NaN or infinite: that step is
   *   not made, nor any after it; the weights, and all that `save` saves, are those from before it, and `step` is its number
   * @throws DeviceLostError if the GPU is lost
   */
  fit(data: TrainingData, options: FitOptions = {}): Fit {
    checkOptions('fit', options, fitOptions, 'data, ');
    const compiled = this.#placement.usable();
    if (compiled.untrainable) throw new ArgumentError(`${this.name}: ${compiled.untrainable}`);
    requireLoss(this, compiled.objective);
    const { validationData } = options;
    for (const own of [data, ...(validationData === undefined ? [] : [validationData])]) {
      if (!asStream(own)) checkTargets(this, compiled.objective, own as Dataset);
    }
    this.#requireIdle('fit');
    const fit = startFit(compiled, asStream(data) ?? data, options, {
      evaluate: (own, how) => this.evaluate(own, how),
      recover: this.#placement.recovery(savedModel),
      onEnd: () => {
        if (this.#fit === fit) this.#fit = undefined;
      },
    });
    this.#fit = fit;
    return fit;
  }

  /**
   * The loss and metrics over a whole data set or stream, exact over all its samples. While the model is being trained each
   * batch meets the weights of its moment; await it in `beforeStep` or `onEpoch` for those of one step.
   *
   * @throws NumericError if the loss or a metric is NaN or infinite, with the samples and the weight that it comes from
   */
  async evaluate(data: TrainingData, options: EvaluateOptions = {}): Promise<Evaluation> {
    const { objective } = this.#placement.usable();
    if (!asStream(data)) checkTargets(this, objective, data as Dataset);
    return this.evaluator().evaluate(data, options);
  }

  /**
   * The (first) output for each sample, row after row: [N, ...outputShape]. Samples are a data set, or the values of all
   * of them, for several inputs a list; or a stream. While the model is being trained see `evaluate`.
   */
  async predict(samples: Samples, options: EvaluateOptions = {}): Promise<Float32Array> {
    return (await this.evaluator().predict(samples, options))[this.outputs[0].name];
  }

  /** `predict` with every output, in the order of the model's. */
  async predictAll(samples: Samples, options: EvaluateOptions = {}): Promise<Float32Array[]> {
    const byName = await this.evaluator().predict(samples, options);
    return this.outputs.map(({ name }) => byName[name]);
  }

  /** Compiled evaluation programs; kept until the model is compiled again or destroyed. */
  evaluator(): Evaluator {
    return (this.#evaluator ??= new Evaluator(this.#placement.usable()));
  }

  /**
   * Does some work (evaluate, predict, save, …) with the moving averages of the weights that the optimizer keeps
   * (`ema`), then brings the weights back. A training under way waits for it, so the work must not wait for the
   * training. A file saved meanwhile holds the averages as weights, and no optimizer state.
   *
   * @throws ArgumentError if the optimizer keeps no averages, or they are in use already
   */
  async useAveragedWeights<T>(work: () => T | PromiseLike<T>): Promise<T> {
    const { gpu, minimizer, state } = this.#placement.usable();
    const { lifetime, lock } = state;
    const check = () => {
      lifetime.check();
      if (!gpu.variables.returned(() => minimizer.variables)) return;
      throw new ArgumentError(
        `${this.name}: averaged weights are in use already, here or in a model that shares layers; call useAveragedWeights once its work is done`,
      );
    };
    // Between two steps, like everything that touches the weights, and between evaluations: none sees both.
    const swap = async () => {
      await this.#evaluator?.idle();
      check();
      minimizer.swapAverages();
    };
    check();
    await lifetime.race(lock.hold(swap));
    try {
      const own = work(); // which may end the lifetime itself
      return isPromise(own) ? await lifetime.race(own) : own;
    } finally {
      if (!lifetime.signal.aborted) await lifetime.race(this.#evaluator?.idle()).catch(() => {});
      if (!lifetime.signal.aborted) minimizer.swapAverages(); // else they are back
    }
  }

  /** A table of the layers: output shapes, parameters, bytes and FLOPs per sample. */
  summary(): string {
    return summarize(this);
  }

  /**
   * Weights, optimizer state, and how far the training has come, as a safetensors file. Also while the model is being
   * trained: the training waits between two steps, and the file is of that moment.
   *
   * @throws NumericError if a weight or a value of the optimizer's is NaN or infinite
   */
  async save(): Promise<Uint8Array> {
    return encodeCheckpoint(savedModel(this.#placement.usable()));
  }

  /**
   * Restores what `save` wrote into a model of the same architecture: training goes on bit by bit with
   * `fit(…, { resume: true })`. A file without the state of this optimizer restores the weights alone; the report says so.
   *
   * Before `compile` the file is checked at once, against the optimizer that it was saved with, and takes effect when
   * the model is compiled; `loaded` then tells what it came to.
   *
   * @param options of the file: its name for messages, and whether to take what fits
   * @throws FormatError if the file is damaged or of another architecture; the model then stays as it was
   * @throws ArgumentError while the model is at work
   */
  load(bytes: Uint8Array, options: string | LoadOptions = {}): LoadReport {
    const compiled = this.#placement.current;
    compiled?.gpu.device.check();
    this.#requireIdle('load');
    if (this.#evaluator?.busy) {
      throw new ArgumentError(
        `${this.name}: load was called while the model evaluates or predicts; await that first`,
      );
    }
    if (compiled?.minimizer.averagesInUse) {
      throw new ArgumentError(
        `${this.name}: load was called while averaged weights are in use; wait for useAveragedWeights to end`,
      );
    }
    return this.#placement.load(
      readCheckpoint(bytes, typeof options === 'string' ? { name: options } : options),
      () => {
        const part = { prefix: '', variables: this.variableKeys(), trained: this.trainableVariables };
        return { name: this.name, kind: 'model', parts: [part] };
      },
      savedModel,
    );
  }

  /** What the last `load` has restored; undefined before it, and when the weights have got their initial values. */
  get loaded(): LoadReport | undefined {
    return this.#placement.loaded;
  }

  /** Throws a ShapeError unless the data set's samples fit the model's inputs. */
  checkData(data: Dataset): void {
    checkInputs(this, data);
  }

  /**
   * Frees its memory on the GPU, the weights included unless another model shares them, and the GPU if it opened it. Work
   * under way ends with an InterruptedError.
   */
  destroy(): void {
    this.#placement.destroy();
  }
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
