type Signal = 'SIGINT' | 'SIGTERM';

/** As a shell reports it: 128 + the signal's number. */
const EXIT_CODES: Record<Signal, number> = { SIGINT: 130, SIGTERM: 143 };

/**
 * npm passes the terminal's Ctrl-C on to its script, which therefore gets it twice within a moment: what follows so
 * closely is not a second wish.
 */
const SAME_WISH_MS = 400;

/** The first Ctrl-C (or SIGTERM) asks for an orderly end through `signal`; a second one ends the process at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  #first: { name: Signal; time: number } | undefined;

  /** @param onFirst called at once, to tell the user */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    process.on('SIGINT', this.#handle);
    process.on('SIGTERM', this.#handle);
  }

  readonly #handle = (name: Signal): void => {
    const time = performance.now();
    if (!this.#first) {
      this.#first = { name, time };
      this.#onFirst();
      this.#controller.abort();
    } else if (time - this.#first.time > SAME_WISH_MS) {
      process.exit(EXIT_CODES[name]);
    }
  };

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the process should end with; 0 without an interruption. */
  get exitCode(): number {
    return this.#first ? EXIT_CODES[this.#first.name] : 0;
  }

  /** Gives the signals back to Node, which ends the process on them. */
  dispose(): void {
    process.off('SIGINT', this.#handle);
    process.off('SIGTERM', this.#handle);
  }
}
