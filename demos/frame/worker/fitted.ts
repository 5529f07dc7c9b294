import type { Dataset, Model } from '../../../src/index.ts';
import type { RunOptions, Trainee } from './trainee.ts';

export interface FittedOptions<Data> {
  readonly model: Model;
  /** The optimizer's name in the engine. */
  readonly optimizer: string;
  readonly batch: number;
  /** Epochs of a run. */
  readonly epochs: number;
  /** Samples of the shapes and types that are trained on: one is enough. */
  readonly example: Dataset;
  /** What of the data is trained on. */
  readonly training: (data: Data) => Dataset;
}

/** A model that `fit` trains, by the settings `rate` and `batch`. A page's own class adds what is looked at. */
export abstract class FittedModel<Data> implements Trainee<Data> {
  protected readonly model: Model;
  readonly epochs: number;
  readonly optimizer: string;
  readonly #example: Dataset;
  readonly #training: (data: Data) => Dataset;
  #batch: number;

  constructor({ model, optimizer, batch, epochs, example, training }: FittedOptions<Data>) {
    this.model = model;
    this.optimizer = optimizer;
    this.epochs = epochs;
    this.#batch = batch;
    this.#example = example;
    this.#training = training;
  }

  get step(): number {
    return this.model.step;
  }

  get batchSize(): number {
    return this.#batch;
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    return this.model.prepare(this.#example, { ...options, batchSize: this.#batch });
  }

  run(data: Data, options: RunOptions): PromiseLike<unknown> {
    const training = this.#training(data);
    const batchSize = Math.min(this.#batch, training.size);
    // The next so many: those that are left where a lost GPU was replaced in the middle of them.
    const epochs = (Math.floor(this.model.epoch / this.epochs) + 1) * this.epochs;
    return this.model.fit(training, { ...options, epochs, batchSize });
  }

  set(name: string, value: unknown): void {
    if (name === 'rate') this.model.learningRate = value as number;
    if (name === 'batch') this.#batch = value as number;
  }

  save(): Promise<Uint8Array> {
    return this.model.save();
  }

  load(bytes: Uint8Array): void {
    this.model.load(bytes);
  }

  destroy(): void {
    this.model.destroy();
  }
}
