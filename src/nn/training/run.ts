import type { Dataset } from '../../data/dataset.ts';
import { asStream } from '../../data/stream.ts';
import type { Stream, TrainingData } from '../../data/stream.ts';
import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import type { LastBatch } from './clock.ts';

/** How long a run is, and in which batches it passes over the samples. */
export interface RunOptions {
  /** Passes over the data set; default 1. */
  epochs?: number;
  /**
   * The epoch to begin with, counted from 0 (Keras's initial_epoch): training then ends before epoch number `epochs`, and
   * shuffling is that of these epochs. Default: the model's next epoch, and `epochs` more. Not together with `resume`.
   */
  initialEpoch?: number;
  /**
   * Steps of an epoch (Keras's steps_per_epoch), which then is not a pass over the data: the next epoch continues where this one has
   * ended, and after the last sample with the first. Default: as many as a pass has.
   */
  stepsPerEpoch?: number;
  /** Training steps to do, instead of epochs; Infinity trains until it is aborted. */
  steps?: number;
  /** Samples per step; default 64. The data set's size where that is smaller. Streams come in batches already. */
  batchSize?: number;
  /**
   * What becomes of the last batch of an epoch where the batch size does not divide the number of samples: `keep` makes
   * it the smaller rest, as in Keras; `drop` leaves it out. Default keep.
   */
  lastBatch?: LastBatch;
}

/**
 * Checks how long a run is to be and how large its batches are.
 *
 * @returns samples per step: those asked for, else 64; all of the data set's if it has fewer; Infinity for a stream, whose
 *   batches are trained on as they come
 * @throws ArgumentError if an option is out of range
 */
export function checkRun(name: string, data: TrainingData, options: RunOptions): number {
  const { batchSize = 64, epochs = 1, steps = 0, lastBatch = 'keep' } = options;
  checkBatchSize(name, batchSize);
  checkEpochs(name, options);
  if (!(epochs >= 0) || !Number.isFinite(epochs)) {
    throw new ArgumentError(
      `${name}: epochs is ${describe(epochs)}; it must be a finite number of at least 0${epochs === Infinity ? ' (steps: Infinity trains until it is aborted)' : ''}`,
    );
  }
  if (!(Number.isSafeInteger(steps) && steps >= 0) && steps !== Infinity) {
    throw new ArgumentError(
      `${name}: steps is ${describe(steps)}; it must be a whole number of at least 0, or Infinity`,
    );
  }
  if (lastBatch !== 'keep' && lastBatch !== 'drop') {
    throw new ArgumentError(`${name}: lastBatch is ${String(lastBatch)}; choose keep or drop`);
  }
  const stream = asStream(data);
  if (!stream) return Math.min(batchSize, (data as Dataset).size);
  checkStreamRun(name, stream, options);
  return Infinity;
}

/** @throws ArgumentError if the first epoch or the length of epochs is impossible */
function checkEpochs(
  name: string,
  { epochs = 1, initialEpoch, stepsPerEpoch, ...options }: RunOptions,
): void {
  const { resume } = options as { readonly resume?: boolean };
  if (stepsPerEpoch !== undefined) {
    checkBatchSize(name, stepsPerEpoch, 'stepsPerEpoch');
    if (!Number.isInteger(epochs)) {
      throw new ArgumentError(
        `${name}: epochs is ${epochs}, but with stepsPerEpoch it must be a whole number; give steps for a part of one`,
      );
    }
  }
  if (initialEpoch === undefined) return;
  if (!Number.isSafeInteger(initialEpoch) || initialEpoch < 0 || initialEpoch > epochs) {
    throw new ArgumentError(
      `${name}: initialEpoch is ${describe(initialEpoch)}; it must be a whole number from 0 to ${epochs}, the epoch to end before (epochs)`,
    );
  }
  if (!resume) return;
  throw new ArgumentError(
    `${name}: initialEpoch and resume are both given; resume continues with the epoch that was saved, so leave initialEpoch out`,
  );
}

function checkStreamRun(
  name: string,
  stream: Stream,
  { batchSize, lastBatch, epochs = 1, steps, stepsPerEpoch }: RunOptions,
): void {
  const option = batchSize !== undefined ? 'batchSize' : lastBatch !== undefined ? 'lastBatch' : undefined;
  if (option) {
    throw new ArgumentError(
      `${name}: ${option} is for data sets, but stream '${stream.name}' comes in batches already; leave it out, and change the batches themselves`,
    );
  }
  if (steps !== undefined || stepsPerEpoch !== undefined) return;
  if (!Number.isInteger(epochs)) {
    throw new ArgumentError(
      `${name}: epochs is ${epochs}, but the length of an epoch of stream '${stream.name}' is unknown; give a whole number, or steps`,
    );
  }
  requireRuns(name, stream, epochs);
}

/** @throws ArgumentError if a stream that can be run only once is to be run several times */
export function requireRuns(name: string, stream: Stream, epochs: number): void {
  if (!stream.once || epochs <= 1) return;
  throw new ArgumentError(
    `${name}: is to run for ${epochs} epochs, but the iterator of stream '${stream.name}' can be run only once; pass a function that makes a new one for each epoch, streamed((epoch) => …)`,
  );
}

/** @throws ArgumentError unless it is a whole number of at least 1 */
export function checkBatchSize(name: string, batchSize: number, option = 'batchSize'): void {
  if (Number.isSafeInteger(batchSize) && batchSize >= 1) return;
  throw new ArgumentError(
    `${name}: ${option} is ${describe(batchSize)}; it must be a whole number of at least 1`,
  );
}

/** Values of steps that a run keeps for loops over it that lag behind. */
const MAX_QUEUE = 4096;

/**
 * A running training: `await` it for its result, or iterate over its steps. Leaving a loop early
 * (`break`, `return`, an exception) ends the training after the current step, as an abort does.
 *
 * The training never waits for a loop: one that is more than 4,096 steps behind misses the oldest. Several loops may
 * run over one training, each with all steps. If a training fails that is not awaited, the rejection is unhandled.
 */
export class TrainingRun<Values, Result> implements PromiseLike<Result>, AsyncIterable<Values> {
  readonly #done: Promise<Result>;
  /** The latest values, and how many came before them. */
  readonly #latest: Values[] = [];
  #before = 0;
  readonly #left = new AbortController();
  #wake: (() => void)[] = [];
  #finished = false;

  /**
   * @param train trains until it is done or the signal is aborted, and reports the values of its steps
   * @param signal the user's own
   * @param onEnd called when it is over, before those who await it continue
   */
  constructor(
    train: (onSteps: (values: readonly Values[]) => void, signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal | undefined,
    onEnd: () => void = () => {},
  ) {
    const onSteps = (values: readonly Values[]) => {
      this.#latest.push(...values);
      const surplus = this.#latest.length - MAX_QUEUE;
      if (surplus > 0) {
        this.#latest.splice(0, surplus);
        this.#before += surplus;
      }
      this.#wakeAll();
    };
    const left = this.#left.signal;
    this.#done = train(onSteps, signal ? AbortSignal.any([signal, left]) : left).finally(() => {
      this.#finished = true;
      onEnd();
      this.#wakeAll();
    });
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  // oxlint-disable-next-line unicorn/no-thenable -- awaiting a run gives its history
  then<A = Result, B = never>(
    onFulfilled?: ((result: Result) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#done.then(onFulfilled, onRejected);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Values> {
    this.#done.catch(() => {}); // delivered to callers that await or iterate
    let next = 0;
    try {
      while (true) {
        next = Math.max(next, this.#before);
        while (next < this.#before + this.#latest.length) {
          yield this.#latest[next - this.#before];
          next = Math.max(next + 1, this.#before);
        }
        if (this.#finished) break;
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    } finally {
      this.#left.abort(); // without effect on a run that has ended by itself
      await this.#done;
    }
  }
}
