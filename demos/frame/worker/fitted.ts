import type { Dataset } from '../../../src/index.ts';
import type { PanelRenderer } from '../../drawing/renderer.ts';
import { ModelTrainee } from './modelTrainee.ts';
import type { RunOptions, Trainee } from './trainee.ts';
import type { Weights } from './weights.ts';

export interface FittedOptions<Data> {
  readonly weights: Weights;
  /** The optimizer's name in the engine. */
  readonly optimizer: string;
  readonly batch: number;
  /** Epochs of a run. */
  readonly epochs: number;
  /** Samples of the shapes and types that are trained on: one is enough. */
  readonly example: () => Dataset;
  /** The part of the data that is trained on. */
  readonly training: (data: Data) => Dataset;
}

/** A model that `fit` trains, by the settings `rate` and `batch`. A page's own class adds its views. */
export abstract class FittedModel<Data> extends ModelTrainee implements Trainee<Data> {
  readonly epochs: number;
  readonly optimizer: string;
  readonly #example: () => Dataset;
  readonly #training: (data: Data) => Dataset;
  #batch: number;

  constructor(
    renderer: PanelRenderer,
    { weights, optimizer, batch, epochs, example, training }: FittedOptions<Data>,
  ) {
    super(weights, renderer);
    this.optimizer = optimizer;
    this.epochs = epochs;
    this.#batch = batch;
    this.#example = example;
    this.#training = training;
  }

  get batchSize(): number {
    return this.#batch;
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    return this.model.prepare(this.#example(), { ...options, batchSize: this.#batch });
  }

  run(data: Data, options: RunOptions): PromiseLike<unknown> {
    const training = this.#training(data);
    const batchSize = Math.min(this.#batch, training.size);
    // Up to the next multiple of `epochs`: the rest of them where a lost GPU was replaced in between.
    const epochs = (Math.floor(this.model.epoch / this.epochs) + 1) * this.epochs;
    return this.model.fit(training, { ...options, epochs, batchSize });
  }

  override set(name: string, value: unknown): void {
    super.set(name, value);
    if (name === 'batch') this.#batch = value as number;
  }
}
