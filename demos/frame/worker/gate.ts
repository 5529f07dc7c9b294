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

  /** Resolves as soon as the gate lets the loop through. One loop waits at a time. */
  async pass(): Promise<void> {
    while (!this.#open && this.#passes === 0) {
      await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
    if (!this.#open) this.#passes--;
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
