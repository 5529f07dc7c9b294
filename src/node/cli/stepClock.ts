/** Some steps, and how long they took. */
interface Span {
  readonly steps: number;
  readonly seconds: number;
}

/** The recent rate is that of the last few seconds. */
const RECENT_SECONDS = 3;
/** The first part of the steps, which warms up caches and clocks, does not count as steady. */
const WARM_UP = 0.1;

/**
 * Times training by when the results of steps are back, so that work which is only submitted never counts as done.
 * Validation and saving, between two epochs, do not count. It also counts what is submitted to the GPU.
 */
export class StepClock {
  readonly #submits: () => number;
  readonly #now: () => number;
  readonly #spans: Span[] = [];
  /** The step up to which time is accounted for, and when its results came; undefined between epochs. */
  #mark: { step: number; time: number } | undefined;
  #epoch = { step: 0, submits: 0 };
  #lastStarted = 0;
  /** Of the current epoch, and of those before. */
  #counted = { steps: 0, submits: 0 };
  #earlier = { steps: 0, submits: 0 };

  /**
   * @param submits tells the number of submits so far
   * @param now a clock, in milliseconds
   */
  constructor(submits: () => number, now: () => number = () => performance.now()) {
    this.#submits = submits;
    this.#now = now;
  }

  /** Call it before `step` is submitted; nothing may be under way before the first step of an epoch. */
  started(step: number): void {
    if (this.#mark) {
      this.#count(step);
    } else {
      this.#mark = { step, time: this.#now() };
      this.#epoch = { step, submits: this.#submits() };
    }
    this.#lastStarted = step;
  }

  /** Call it when the results of every step up to and including `step` are back. */
  finished(step: number): void {
    if (!this.#mark) return;
    const next = { step: step + 1, time: this.#now() };
    this.#spans.push({ steps: next.step - this.#mark.step, seconds: (next.time - this.#mark.time) / 1000 });
    this.#mark = next;
    if (step === this.#lastStarted) this.#count(next.step); // nothing else has been submitted
  }

  endEpoch(): void {
    this.#mark = undefined;
    this.#earlier.steps += this.#counted.steps;
    this.#earlier.submits += this.#counted.submits;
    this.#counted = { steps: 0, submits: 0 };
  }

  #count(step: number): void {
    this.#counted = { steps: step - this.#epoch.step, submits: this.#submits() - this.#epoch.submits };
  }

  /** Steps whose results are back, and the time that all of them took. */
  get total(): Span {
    return sum(this.#spans);
  }

  /** The steps after the warm-up; all of them where there are too few. */
  get steady(): Span {
    const warmUp = this.total.steps * WARM_UP;
    let before = 0;
    const spans = this.#spans.filter(({ steps }, i) => {
      before += steps;
      return i > 0 && before - steps >= warmUp;
    });
    return sum(spans.length > 0 ? spans : this.#spans);
  }

  get recent(): Span {
    let seconds = 0;
    const start = this.#spans.findLastIndex((span) => (seconds += span.seconds) >= RECENT_SECONDS);
    return sum(this.#spans.slice(Math.max(0, start)));
  }

  get submitsPerStep(): number {
    const steps = this.#earlier.steps + this.#counted.steps;
    return steps === 0 ? 0 : (this.#earlier.submits + this.#counted.submits) / steps;
  }
}

function sum(spans: readonly Span[]): Span {
  return {
    steps: spans.reduce((total, { steps }) => total + steps, 0),
    seconds: spans.reduce((total, { seconds }) => total + seconds, 0),
  };
}

/** Counts a queue's submits from now on. */
export function countSubmits(queue: GPUQueue): () => number {
  let count = 0;
  const submit = queue.submit.bind(queue);
  queue.submit = (buffers) => {
    count++;
    return submit(buffers);
  };
  return () => count;
}
