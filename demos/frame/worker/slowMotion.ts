/** It is ended so soon after someone pauses. */
const WAKE_MS = 30;

/** Shows the stages of a step one after the other, before the step is run. */
export class SlowMotion<Stage extends string> {
  /** How long a stage stays; 0: the steps are not shown. */
  stageMs = 0;
  readonly #stages: readonly Stage[];
  readonly #show: (stage: Stage | undefined) => void;
  #shown: Stage | undefined;

  /** @param show is told each stage, and undefined when there is none any more */
  constructor(stages: readonly Stage[], show: (stage: Stage | undefined) => void) {
    this.#stages = stages;
    this.#show = show;
  }

  /** For `approach` of a trainee. */
  async approach(isWanted: () => boolean): Promise<void> {
    for (const stage of this.#stages) {
      const { stageMs } = this;
      if (stageMs === 0 || !isWanted()) break;
      this.#to(stage);
      const end = performance.now() + stageMs;
      while (performance.now() < end && isWanted() && this.stageMs === stageMs) {
        await new Promise((resolve) => setTimeout(resolve, WAKE_MS));
      }
    }
    if (this.stageMs === 0) this.end();
  }

  /** The training rests, or is shown no more. */
  end(): void {
    this.#to(undefined);
  }

  #to(stage: Stage | undefined): void {
    if (stage === this.#shown) return;
    this.#shown = stage;
    this.#show(stage);
  }
}
