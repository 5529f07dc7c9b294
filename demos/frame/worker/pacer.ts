/** Keeps steps apart, for eyes to follow. */
export class Pacer {
  #last = 0;
  #wake: (() => void) | undefined;

  /**
   * Waits until the next step is due.
   *
   * @param speed steps per second; undefined: no wait. Asked again whenever someone wakes the wait
   */
  async wait(speed: () => number | undefined): Promise<void> {
    while (true) {
      const wanted = speed();
      const left = wanted ? this.#last + 1000 / wanted - performance.now() : 0;
      if (left <= 0) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, left);
      });
    }
    this.#last = performance.now();
  }

  /** Ends a wait, if the speed is another now. */
  wake(): void {
    this.#wake?.();
  }
}
