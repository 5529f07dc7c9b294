import type { Pace } from './protocol.ts';

/** The least time from one step to the next. */
const MILLISECONDS: Readonly<Record<Pace, number>> = { full: 0, '5': 200, '1': 1000 };

/** Keeps steps apart, for eyes to follow. */
export class Pacer {
  #last = 0;
  #wake: (() => void) | undefined;

  /**
   * Waits until the next step is due.
   *
   * @param pace asked again whenever someone wakes the wait
   * @returns milliseconds waited
   */
  async wait(pace: () => Pace): Promise<number> {
    const start = performance.now();
    while (true) {
      const left = this.#last + MILLISECONDS[pace()] - performance.now();
      if (left <= 0) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, left);
      });
    }
    this.#last = performance.now();
    return this.#last - start;
  }

  /** Ends a wait, if the pace is another now. */
  wake(): void {
    this.#wake?.();
  }
}
