import type { ToWorker, TrainingState } from '../protocol.ts';

/** Whether the reader wants the training to run: what they pressed last, unless it has ended since. */
export class PlayWish {
  #isOn = false;

  get isOn(): boolean {
    return this.#isOn;
  }

  /** A button was pressed: the worker is sent this. */
  sent(message: ToWorker): void {
    if (message.type === 'play') this.#isOn = true;
    else if (message.type === 'reset') this.#isOn = message.play === true;
    else if (message.type === 'pause' || message.type === 'step') this.#isOn = false;
  }

  reached(state: TrainingState): void {
    if (state === 'finished' || state === 'failed') this.#isOn = false;
  }

  /** What play needs did not load. */
  drop(): void {
    this.#isOn = false;
  }
}
