/** The time that a submit of several steps should take: long compared with its cost, short for a person. */
const SUBMIT_MS = 4;
/** Steps that share a submit at most. */
const MAX_HELD = 16;
/** Submits that are under way at least, so that the GPU always has the next one. */
const MIN_SUBMITS = 3;
/** Work that is under way at least: several of the longest sleeps between two questions to the GPU. */
const MIN_MS = 8;
/** Submits that are under way at most. */
const MAX_SUBMITS = 32;
/** Weight of the newest measurement in the estimate of a step's time. */
const NEWEST = 0.25;

interface Submit {
  readonly done: Promise<void>;
  readonly steps: number;
}

/**
 * The steps of a program that are under way. It measures how long a step takes, and decides how many share a submit and
 * how many submits may be under way, so that the GPU never waits for the next one, and a person never waits long for
 * what was submitted before.
 */
export class Flight {
  #submits: Submit[] = [];
  /** Steps that are encoded, but not in a submit yet. */
  #held = 0;
  /** Milliseconds of a step; undefined until one was measured. */
  #stepMs: number | undefined;
  /** When the last submit was done. */
  #lastDone: number | undefined;

  /** Whether steps are held. */
  get holds(): boolean {
    return this.#held > 0;
  }

  /** Whether the next step may wait for others; then it is one of those that are held. */
  hold(): boolean {
    const most = Math.min(MAX_HELD, Math.floor(SUBMIT_MS / (this.#stepMs ?? SUBMIT_MS)));
    const may = this.#held + 1 < most;
    if (may) this.#held++;
    return may;
  }

  /**
   * Notes a submit: of the steps that are held, and one more.
   *
   * @param done settles when it has run
   * @returns where enough is under way, the oldest submit: wait for it
   */
  submitted(done: Promise<unknown>): Promise<void> | undefined {
    const steps = this.#held + 1;
    this.#held = 0;
    const start = performance.now();
    const measured = done.then(() => this.#measure(start, steps));
    measured.catch(() => {}); // handled by those who wait for it
    this.#submits.push({ done: measured, steps });
    const under = this.#submits.reduce((sum, submit) => sum + submit.steps, 0) * (this.#stepMs ?? MIN_MS);
    const count = this.#submits.length;
    const enough = count >= MIN_SUBMITS && (under >= MIN_MS || count >= MAX_SUBMITS);
    return enough ? this.#submits.shift()!.done : undefined;
  }

  /** On some backends the first submit of a program compiles, so its time is not used. */
  #measure(start: number, steps: number): void {
    const now = performance.now();
    const first = this.#lastDone === undefined;
    const took = (now - Math.max(start, this.#lastDone ?? 0)) / steps;
    this.#lastDone = now;
    if (first) return;
    this.#stepMs = this.#stepMs === undefined ? took : this.#stepMs + NEWEST * (took - this.#stepMs);
  }

  /** Waits until everything is done that was submitted so far. */
  async land(): Promise<void> {
    const submits = this.#submits;
    this.#submits = [];
    await Promise.all(submits.map(({ done }) => done));
  }
}
