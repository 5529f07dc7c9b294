import type { Dataset } from '../data/dataset.ts';
import { requireDataset } from '../data/requireDataset.ts';
import { asStream } from '../data/stream.ts';
import type { TrainingData } from '../data/stream.ts';
import { ArgumentError } from '../errors.ts';
import { checkOptions, describe } from '../options.ts';
import { isRate } from '../runtime/ranges.ts';
import { Network } from './network.ts';
import type { Optimizer } from './optimizers.ts';
import { summarize } from './summary.ts';
import { withAverages } from './training/averages.ts';
import { checkInputs, checkTargets, requireLoss } from './training/checkData.ts';
import { readCheckpoint } from './training/checkpoint.ts';
import type { LoadOptions, LoadReport } from './training/checkpoint.ts';
import type { Compiled } from './training/compiled.ts';
import { compileModel, modelCompileOptions } from './training/compileModel.ts';
import type { ModelCompileOptions } from './training/compileModel.ts';
import { encodeCheckpoint } from './training/encodeCheckpoint.ts';
import { Evaluator } from './training/evaluator.ts';
import type { EvaluateOptions, Evaluation, WeightedEvaluateOptions } from './training/evaluateOptions.ts';
import { fitOptions } from './training/fit.ts';
import type { Fit, FitOptions } from './training/fit.ts';
import { Placement } from './training/placement.ts';
import type { Samples } from './training/samples.ts';
import { startFit } from './training/startFit.ts';
import { splitData } from './training/validation.ts';
import { savedModel } from './training/savedModel.ts';

/** Layers between inputs and outputs, with Keras's methods to train and use them as a whole. */
export class TrainableNetwork extends Network {
  protected readonly placement = new Placement<Compiled>(this, 'compile({ optimizer, loss })', {
    end: ({ gpu, minimizer }, recovers) => {
      if (minimizer.averagesInUse && !gpu.device.isLost) minimizer.swapAverages();
      this.#evaluator?.destroy();
      this.#evaluator = undefined;
      this.ended();
      if (!recovers) this.#fit = undefined;
    },
    free: ({ gpu, minimizer }) => gpu.release(minimizer),
  });
  #evaluator: Evaluator | undefined;
  /** The running training. */
  #fit: Fit | undefined;

  /** Training steps done since `compile`; saved, and restored by `load`. */
  get step(): number {
    return this.placement.current?.state.clock.step ?? 0;
  }

  /** Epochs done since `compile`; saved, and restored by `load`. */
  get epoch(): number {
    return this.placement.current?.state.clock.epoch ?? 0;
  }

  /**
   * Sets optimizer, loss and metrics and gives the weights their memory. Compiling again keeps the weights, also
   * on another GPU, and starts the optimizer again; work under way on the model ends with an InterruptedError. Weights
   * that were lost with their GPU are gone: the model then works after `load` only, or after
   * `compile({ weights: 'initial' })`.
   *
   * `trainable` counts as it is now, for weights and statistics alike: changing it later has no effect until the model is
   * compiled again. To predict, `compile({ gpu })` is enough; to evaluate, a loss.
   *
   * @throws ArgumentError if there is no such option, optimizer, loss or metric, or the model shares weights with one that
   *   is compiled for another GPU
   * @throws AdapterError if mixed precision is asked for, and the GPU has no f16
   * @throws DeviceLostError if the GPU is lost
   */
  async compile(options: ModelCompileOptions = {}): Promise<this> {
    checkOptions('compile', options, modelCompileOptions);
    await this.placement.compile(options, compileModel(this, options, this.savedOptimizer));
    return this;
  }

  /** What `compile` takes where it is given no optimizer; `loadModel` sets it. */
  savedOptimizer: (() => Optimizer) | undefined;

  /** The work on what was compiled has ended. */
  protected ended(): void {}

  /** @throws ArgumentError while it is being trained */
  protected requireIdle(what: string): void {
    if (this.#fit) {
      throw new ArgumentError(
        `${this.name}: ${what} was called while the model is being trained; await the fit under way, or abort it, first`,
      );
    }
  }

  /** @throws ArgumentError while averaged weights are in use: waiting for their return within that work would never end */
  protected requireOwnWeights({ minimizer }: Compiled, what: string): void {
    if (!minimizer.averagesInUse) return;
    throw new ArgumentError(
      `${this.name}: ${what} was called while averaged weights are in use; wait for useAveragedWeights to end`,
    );
  }

  get compiled(): Compiled {
    return this.placement.compiled;
  }

  /**
   * Changes from the next step on; nothing is compiled again.
   *
   * @throws ArgumentError if it is not a learning rate, or if the optimizer's learningRate is a schedule, which then gives it
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
   * The scale of the loss in the next step, see `lossScale` of `compile`; undefined where it is not scaled. Waits for the steps
   * under way.
   */
  async lossScale(): Promise<number | undefined> {
    return (await this.compiled.minimizer.lossScale?.read())?.scale;
  }

  /**
   * Trains on a data set, or on batches that come one after the other (`streamed`). Await it for the history, or iterate
   * over it (`for await`) for the values of every step. See FitOptions.
   *
   * @throws ArgumentError if an option is out of range, a label is not a class of the model, or it is being trained already
   * @throws ShapeError if the data do not fit the model's input or the loss
   * @throws NumericError if the loss, a metric, a weight, a gradient or an update becomes NaN or infinite: that step is
   *   not made, nor any after it; the weights, and all that `save` saves, are those from before it, and `step` is its number
   * @throws DeviceLostError if the GPU is lost
   */
  fit(data: TrainingData, options: FitOptions = {}): Fit {
    if (!asStream(data)) requireDataset('fit', data);
    checkOptions('fit', options, fitOptions, 'data, ');
    const compiled = this.placement.usable();
    if (compiled.untrainable) throw new ArgumentError(`${this.name}: ${compiled.untrainable}`);
    requireLoss(this, compiled.objective);
    const { data: trained, validationData } = splitData(this.name, data, options);
    for (const own of [trained, ...(validationData === undefined ? [] : [validationData])]) {
      if (!asStream(own)) checkTargets(this, compiled.objective, own as Dataset);
    }
    this.requireIdle('fit');
    const settled = { ...options, validationData };
    const fit = startFit(compiled, asStream(trained) ?? trained, settled, {
      evaluate: (own, how) => this.evaluate(own, how),
      recover: this.placement.recovery(savedModel),
      onEnd: () => {
        if (this.#fit === fit) this.#fit = undefined;
      },
    });
    this.#fit = fit;
    return fit;
  }

  /**
   * The loss and metrics over a whole data set or stream, exact over all its samples. While the model is being trained each
   * batch is evaluated with the weights of its moment; await it in `beforeStep` or `onEpoch` for those of one step.
   *
   * @throws NumericError if the loss or a metric is NaN or infinite, with the samples and the weight that it comes from
   */
  async evaluate(data: TrainingData, options: WeightedEvaluateOptions = {}): Promise<Evaluation> {
    const { objective } = this.placement.usable();
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
    return (this.#evaluator ??= new Evaluator(this.placement.usable()));
  }

  /**
   * Runs some work (evaluate, predict, save, …) with the moving averages of the weights that the optimizer keeps
   * (`ema`), then restores the weights. A training under way waits for it, so the work must not wait for the
   * training. A file saved meanwhile holds the averages as weights, and no optimizer state.
   *
   * @throws ArgumentError if the optimizer keeps no averages, or they are in use already
   */
  async useAveragedWeights<T>(work: () => T | PromiseLike<T>): Promise<T> {
    return withAverages(this.placement.usable(), () => this.#evaluator?.idle(), work);
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
    return encodeCheckpoint(savedModel(this.placement.usable()));
  }

  /**
   * Restores what `save` wrote into a model of the same architecture: training continues with the same bits by
   * `fit(…, { resume: true })`. A file without the state of this optimizer restores the weights alone; the report says so.
   *
   * Before `compile` the file is checked at once, against the optimizer that it was saved with, and takes effect when
   * the model is compiled; `loaded` then reports the result.
   *
   * @param options of the file: its name for messages, and whether to take what fits
   * @throws FormatError if the file is damaged or of another architecture; the model then stays as it was
   * @throws ArgumentError while work on the model is under way
   */
  load(bytes: Uint8Array, options: string | LoadOptions = {}): LoadReport {
    const compiled = this.placement.current;
    compiled?.gpu.device.check();
    this.requireIdle('load');
    if (this.#evaluator?.busy) {
      throw new ArgumentError(
        `${this.name}: load was called while the model evaluates or predicts; await that first`,
      );
    }
    if (compiled) this.requireOwnWeights(compiled, 'load');
    return this.placement.load(
      readCheckpoint(bytes, typeof options === 'string' ? { name: options } : options),
      () => {
        const part = { prefix: '', variables: this.variableKeys(), trained: this.trainableVariables };
        return { name: this.name, kind: 'model', parts: [part] };
      },
      savedModel,
    );
  }

  /** What the last `load` has restored; undefined before it, and after the weights were reset to their initial values. */
  get loaded(): LoadReport | undefined {
    return this.placement.loaded;
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
    this.placement.destroy();
  }
}
