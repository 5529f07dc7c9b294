import type { Values } from '../data/arrays.ts';
import type { Dataset } from '../data/dataset.ts';
import { requireDataset, requireSamples } from '../data/requireDataset.ts';
import { ArgumentError } from '../errors.ts';
import { checkOptions, requireSeed } from '../options.ts';
import type { Layer } from './layers/layer.ts';
import { TrainableNetwork } from './trainableNetwork.ts';
import type { NetworkOptions } from './network.ts';
import { testBatchOptions, trainBatchOptions } from './training/batchOptions.ts';
import type { TestBatchOptions, TrainBatchOptions } from './training/batchOptions.ts';
import { BatchTrainer } from './training/batchTrainer.ts';
import { checkTargets, requireLoss } from './training/checkData.ts';
import type { Compiled } from './training/compiled.ts';
import type { ModelCompileOptions } from './training/compileModel.ts';
import type { Evaluation } from './training/evaluateOptions.ts';
import { prepareOptions } from './training/fit.ts';
import type { PrepareOptions } from './training/fit.ts';
import { checkWeights, readWeights, writeWeights } from './training/modelWeights.ts';
import type { WeightValues } from './training/modelWeights.ts';
import { batchOf } from './training/oneBatch.ts';
import type { BatchInput, BatchTarget } from './training/oneBatch.ts';
import { samplesOf } from './training/samples.ts';
import type { StepValues } from './training/values.ts';
import { part } from '../part.ts';

export type { ModelCompileOptions };

/** Layers between inputs and outputs, with Keras's methods to train and use them. */
export class Model extends TrainableNetwork {
  #batches: BatchTrainer | undefined;

  protected override ended(): void {
    this.#batches?.destroy();
    this.#batches = undefined;
  }

  protected override requireIdle(what: string): void {
    super.requireIdle(what);
    if (!this.#batches?.busy || what === 'trainOnBatch') return;
    throw new ArgumentError(
      `${this.name}: ${what} was called while the model is trained on a batch; await trainOnBatch first`,
    );
  }

  /**
   * Compiles the training step ahead of `fit`, while the data still load. Of `data` only names, shapes and types of the
   * fields count: a few samples will do, even zeros. What depends on the number of samples, a kernel that gathers batches,
   * is compiled by `fit`.
   *
   * @param options those of `fit` that its step depends on; batchSize is 64 by default, also where `data` has fewer samples
   * @throws as `fit` does of its data and options
   */
  async prepare(data: Dataset, options: PrepareOptions = {}): Promise<void> {
    checkOptions('prepare', options, prepareOptions, 'data, ');
    requireDataset('prepare', data);
    const compiled = this.placement.usable();
    if (compiled.untrainable) throw new ArgumentError(`${this.name}: ${compiled.untrainable}`);
    requireLoss(this, compiled.objective);
    checkTargets(this, compiled.objective, data);
    this.requireIdle('prepare');
    const { prepareFit } = await part('The part of wgrad that trains', () => import('./training/prepare.ts'));
    await prepareFit(compiled, data, options);
  }

  /**
   * A step of training on one batch (Keras's train_on_batch): of the same optimizer, with the same state and the same
   * count of steps as `fit`. The programs for the batches' sizes are kept.
   *
   * @param x the samples: values in any form that `dataset` takes, a list of them for several inputs; or a data set with all
   * @param y the targets, a list of them for several outputs
   * @param options weights of the samples (`sampleWeight`) and of the classes (`classWeight`) in the loss
   * @returns loss and metrics of this batch from before the update, by their names in the history. Keras's are running means
   *   since its last reset
   * @throws NumericError if the step is not made, as in `fit`
   * @throws ArgumentError while the model is being trained
   */
  async trainOnBatch(x: BatchInput, y?: BatchTarget, options: TrainBatchOptions = {}): Promise<StepValues> {
    checkOptions('trainOnBatch', options, trainBatchOptions, 'x, y, ');
    const compiled = this.placement.usable();
    if (compiled.untrainable) throw new ArgumentError(`${this.name}: ${compiled.untrainable}`);
    const batch = this.#batch('trainOnBatch', compiled, x, y, options.sampleWeight);
    this.requireIdle('trainOnBatch');
    this.requireOwnWeights(compiled, 'trainOnBatch');
    return (this.#batches ??= new BatchTrainer(compiled)).train(batch, options.classWeight);
  }

  /**
   * The loss and metrics of one batch (Keras's test_on_batch), as `evaluate` gives them.
   *
   * @param options weights of the samples in the loss (`sampleWeight`)
   */
  async testOnBatch(x: BatchInput, y?: BatchTarget, options: TestBatchOptions = {}): Promise<Evaluation> {
    checkOptions('testOnBatch', options, testBatchOptions, 'x, y, ');
    const compiled = this.placement.usable();
    const batch = this.#batch('testOnBatch', compiled, x, y, options.sampleWeight);
    return this.evaluator().evaluate(batch, { batchSize: batch.size });
  }

  /** The (first) output for the samples of one batch (Keras's predict_on_batch), as `predict` gives it, in one step. */
  async predictOnBatch(x: BatchInput): Promise<Float32Array> {
    requireSamples(this.name, x);
    const samples = samplesOf(this, x) as Dataset;
    return this.predict(samples, { batchSize: samples.size });
  }

  #batch(
    caller: string,
    compiled: Compiled,
    x: BatchInput,
    y: BatchTarget | undefined,
    sampleWeight: Values | undefined,
  ): Dataset {
    requireLoss(this, compiled.objective);
    const batch = batchOf(`${this.name}: ${caller}`, this, compiled.objective, x, y, sampleWeight);
    checkTargets(this, compiled.objective, batch);
    return batch;
  }

  /**
   * The values of all weights and statistics in the order of the layers (Keras's get_weights), each in one piece: those
   * that `weightNames` names. A training under way waits meanwhile, between two steps. Within `useAveragedWeights` they are
   * the averages.
   *
   * @param layer of one layer alone: its name or index in `getLayer`, or itself
   */
  async getWeights(layer?: string | number | Layer): Promise<Float32Array[]> {
    return readWeights(this.placement.usable(), layer === undefined ? undefined : this.getLayer(layer));
  }

  /** The names of what `getWeights` gives, as they are in files: `dense.weight`, `dense.bias`, …. */
  get weightNames(): string[] {
    return [...this.variableKeys().values()];
  }

  /**
   * Writes weights and statistics (Keras's set_weights): all in the order of `getWeights`, or some by name. The optimizer's
   * state and the count of steps stay; moving averages of the weights (`ema`) begin at the new ones.
   *
   * @param layer as in `getWeights`
   * @throws ArgumentError if arrays are missing or too many, or while the model is being trained
   * @throws ShapeError if an array has another number of values, or nested arrays another shape
   * @throws NumericError if a value is NaN or infinite
   */
  async setWeights(values: WeightValues, layer?: string | number | Layer): Promise<void> {
    const compiled = this.placement.usable();
    this.requireIdle('setWeights');
    this.requireOwnWeights(compiled, 'setWeights');
    const own = checkWeights(compiled, values, layer === undefined ? undefined : this.getLayer(layer));
    return writeWeights(compiled, own, () => this.evaluator().idle());
  }

  /**
   * Gives all weights and statistics their initial values again. The training starts again: state and learning rate of the
   * optimizer, steps and epochs are as after the first `compile`.
   *
   * @param options.seed of the new values, of shuffling and of dropout; default: the model's, so that they are the same values
   * @throws ArgumentError while the model is being trained
   */
  async resetWeights(options: { seed?: number } = {}): Promise<void> {
    checkOptions('resetWeights', options, { seed: true });
    const { seed } = options;
    this.placement.compiled.gpu.device.check();
    this.requireIdle('resetWeights');
    if (seed !== undefined) {
      requireSeed(this.name, seed);
      this.seed = seed;
      for (const layer of this.layers) layer.reseed(seed);
    }
    await this.placement.again();
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
