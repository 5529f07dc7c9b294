type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** As a shell reports it: 128 + the signal's number. */
const EXIT_CODES: Record<Signal, number> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const SIGNALS = Object.keys(EXIT_CODES) as Signal[];

/**
 * npm passes the terminal's Ctrl-C on to its script, which therefore gets it twice within a moment: a signal that follows
 * so closely counts as the same one.
 */
const SAME_WISH_MS = 400;

/**
 * The first Ctrl-C (or SIGTERM, or SIGHUP of a terminal that goes away) asks for an orderly end through `signal`; a second
 * Ctrl-C or SIGTERM ends the process at once. A second SIGHUP does not: shell and system may both send one.
 */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  #first: { name: Signal; time: number } | undefined;

  /** @param onFirst called at once, to tell the user */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    for (const name of SIGNALS) process.on(name, this.#handle);
  }

  readonly #handle = (name: Signal): void => {
    const time = performance.now();
    if (!this.#first) {
      this.#first = { name, time };
      this.#onFirst();
      this.#controller.abort();
    } else if (name !== 'SIGHUP' && time - this.#first.time > SAME_WISH_MS) {
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
    for (const name of SIGNALS) process.off(name, this.#handle);
  }
}
