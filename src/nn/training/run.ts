import type { Dataset } from '../../data/dataset.ts';
import { ArgumentError } from '../../errors.ts';

/**
 * Checks how long a run is to be and how large its batches are.
 *
 * @param endless whether it may have infinitely many steps
 * @returns the batch size: the one asked for, else 64, or the data set's size if it is smaller
 * @throws ArgumentError if an option is out of range
 */
export function checkRun(
  name: string,
  data: Dataset,
  options: { readonly batchSize?: number; readonly epochs?: number; readonly steps?: number },
  { endless = false } = {},
): number {
  const { batchSize = Math.min(64, data.size), epochs = 1, steps = 0 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > data.size) {
    throw new ArgumentError(
      `${name}: batchSize is ${batchSize}; it must be a whole number from 1 to the ${data.size} samples of data set '${data.name}'`,
    );
  }
  if (!(epochs >= 0) || !Number.isFinite(epochs)) {
    throw new ArgumentError(`${name}: epochs is ${epochs}; it must be a finite number of at least 0`);
  }
  const counts = Number.isInteger(steps) && steps >= 0;
  if (!counts && !(endless && steps === Infinity)) {
    const range = `a whole number of at least 0${endless ? ', or Infinity' : ''}`;
    throw new ArgumentError(`${name}: steps is ${steps}; it must be ${range}`);
  }
  return batchSize;
}

/**
 * A training run under way: `await` it for what it comes to, or iterate over its steps. Leaving the loop early
 * (`break`, `return`, an exception) ends the training after the step under way, as an abort does.
 */
export class TrainingRun<Values, Result> implements PromiseLike<Result>, AsyncIterable<Values> {
  readonly #done: Promise<Result>;
  readonly #queue: Values[] = [];
  readonly #left = new AbortController();
  #wake: (() => void) | undefined;
  #finished = false;

  /**
   * @param train trains until it is done or the signal is aborted, and tells the values of its steps
   * @param signal the user's own
   */
  constructor(
    train: (onSteps: (values: readonly Values[]) => void, signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal | undefined,
  ) {
    const onSteps = (values: readonly Values[]) => {
      this.#queue.push(...values);
      this.#wake?.();
    };
    const left = this.#left.signal;
    this.#done = train(onSteps, signal ? AbortSignal.any([signal, left]) : left).finally(() => {
      this.#finished = true;
      this.#wake?.();
    });
    this.#done.catch(() => {}); // whoever awaits or iterates hears of it
  }

  // oxlint-disable-next-line unicorn/no-thenable -- awaiting a run gives its history
  then<A = Result, B = never>(
    onFulfilled?: ((result: Result) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#done.then(onFulfilled, onRejected);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Values> {
    try {
      while (true) {
        while (this.#queue.length > 0) yield this.#queue.shift()!;
        if (this.#finished) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#left.abort(); // without effect on a run that has ended by itself
      await this.#done;
    }
  }
}
