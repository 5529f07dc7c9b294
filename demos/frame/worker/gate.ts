/** A gate in a loop: open it, close it, or let the loop through it a few times. */
export class Gate {
  #open = false;
  #passes = 0;
  #waiting: (() => void) | undefined;

  get isOpen(): boolean {
    return this.#open;
  }

  open(): void {
    this.#open = true;
    this.#wake();
  }

  close(): void {
    this.#open = false;
    this.#passes = 0;
  }

  /** Lets a closed gate be passed `count` more times. */
  admit(count = 1): void {
    this.#passes += count;
    this.#wake();
  }

  /** Whether someone wants to go through: it is open, or passes are left. */
  get isWanted(): boolean {
    return this.#open || this.#passes > 0;
  }

  /** Resolves when someone wants to go through, or after some milliseconds, which may be infinite. */
  async knock(milliseconds: number): Promise<void> {
    if (this.isWanted) return;
    await new Promise<void>((resolve) => {
      this.#waiting = resolve;
      if (milliseconds < Infinity) setTimeout(resolve, milliseconds);
    });
  }

  /** Resolves as soon as the gate lets the loop through. One loop waits at a time. */
  async pass(): Promise<void> {
    while (!this.isWanted) {
      await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
    if (!this.#open) this.#passes--;
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
