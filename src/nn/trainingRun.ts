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
