/** Pieces of work that run one after the other, in the order in which they were requested. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;

  /** Whether one of them is running or waiting. */
  get busy(): boolean {
    return this.#running > 0;
  }

  /** Waits until none is. */
  async idle(): Promise<void> {
    while (this.busy) await this.#last;
  }

  /** Runs `work` when all earlier requests are done, even if they failed. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work);
    this.#running++;
    this.#last = run.catch(() => {}).finally(() => this.#running--); // the caller receives a failure
    return run;
  }
}
