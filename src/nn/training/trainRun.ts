import { encodeSafetensors } from '../../io/safetensors.ts';
import { Gpu } from '../../runtime/session.ts';
import type { Checkpoint } from './checkpoint.ts';
import { encodeCheckpoint } from './encodeCheckpoint.ts';
import { Lifetime } from './lifetime.ts';
import { TrainingRun } from './run.ts';
import { StepTask } from './stepTask.ts';
import type { RunHistory } from './values.ts';

/** Values by the names that the step gives them, with `epoch` and `step`. */
export type TrainValues = { readonly epoch: number; readonly step: number } & Readonly<
  Record<string, number>
>;

/** The result of a training. */
export type TrainHistory = RunHistory<TrainValues, TrainValues>;

/** A training of a step of your own: `await` it for the history, or iterate over its steps (see TrainingRun). */
export class TrainRun extends TrainingRun<TrainValues, TrainHistory> {
  readonly #place: TrainPlace;
  readonly #ready: Promise<void>;

  /** @param ready settles when variables and optimizers are known */
  constructor(
    place: TrainPlace,
    ready: Promise<void>,
    work: (tell: (values: readonly TrainValues[]) => void, signal: AbortSignal) => Promise<TrainHistory>,
    signal: AbortSignal | undefined,
  ) {
    super(work, signal);
    this.#place = place;
    this.#ready = ready;
  }

  /** Where it trains: the one that was given, or that a recovery has opened. The latter stays open, with the variables. */
  get gpu(): Gpu {
    return this.#place.task.gpu;
  }

  /**
   * Variables by their names, the optimizers' state, and how far the training has come, as a safetensors file. Also while
   * it is running: the training waits between two steps.
   *
   * @throws NumericError if a value is NaN or infinite
   */
  async save(): Promise<Uint8Array> {
    await this.#ready;
    const { task, restoring, ended } = this.#place;
    ended.check();
    if (restoring) return encodeSafetensors(restoring.tensors, restoring.metadata); // as it continues in a moment
    return encodeCheckpoint(task.saved);
  }

  /** Ends it, and frees the optimizers that it made; the variables stay. Afterwards nothing can be saved. */
  destroy(): void {
    const { task } = this.#place;
    for (const lifetime of [this.#place.ended, task.state.lifetime]) {
      lifetime.end(`${task.name}: was destroyed while work on it was under way`);
    }
    task.destroy();
  }
}

/** What trains, on the GPU in use. */
export interface TrainPlace {
  task: StepTask;
  /** Whether variables and optimizers are known. */
  begun: boolean;
  /** After a loss: what is to be restored on another GPU. */
  restoring?: Checkpoint;
  /** Until it is destroyed, on whichever GPU. */
  readonly ended: Lifetime;
}
