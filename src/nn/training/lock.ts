/**
 * Lets one at a time through: a training holds it during each step, so that others that take it (to save, say) find the model
 * between two steps.
 */
export class Lock {
  #held = false;
  readonly #waiting: (() => void)[] = [];

  /** Whether it is taken. */
  get isHeld(): boolean {
    return this.#held;
  }

  /** Waits for its turn; call what it resolves to when done. */
  async take(): Promise<() => void> {
    if (this.#held) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#held = true;
    return () => this.#release();
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#held = false;
  }

  /** Does some work when its turn has come. */
  async hold<T>(work: () => T | Promise<T>): Promise<T> {
    const release = await this.take();
    try {
      return await work();
    } finally {
      release();
    }
  }
}
