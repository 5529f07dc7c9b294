/** Measures the time of training steps, without what else is done between them. */
export class StepClock {
  #step = 0;
  #time = 0;

  /** The step from which the next lap is counted. */
  get step(): number {
    return this.#step;
  }

  /** Counts from here: after a pause. */
  start(step: number): void {
    this.#step = step;
    this.#time = performance.now();
  }

  /** These milliseconds were none of the steps'. */
  exclude(milliseconds: number): void {
    this.#time += milliseconds;
  }

  /** Milliseconds per step since the last lap; 0 if there was none. */
  lap(step: number): number {
    const steps = step - this.#step;
    const elapsed = performance.now() - this.#time;
    this.start(step);
    return steps > 0 ? Math.max(0, elapsed) / steps : 0;
  }
}
