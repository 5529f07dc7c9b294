import type { Variable } from '../../ops/core/leaves.ts';
import type { TotalsState } from '../metrics/metric.ts';
import { Clock } from './clock.ts';
import type { DataPosition } from './clock.ts';
import type { SavedCallback } from '../callbacks/monitor.ts';
import type { InputRange } from './fieldChecks.ts';
import { Lifetime } from './lifetime.ts';
import { Lock } from './lock.ts';

/** What a run knows besides weights and clock: saved in the middle of an epoch, a resumed run continues with it. */
export interface RunProgress {
  /** What the steps of the current epoch have recorded. */
  readonly totals?: TotalsState;
  /** What the callbacks have counted. */
  readonly callbacks?: readonly SavedCallback[];
  /** Where the data are, if an epoch is not a pass over them. */
  readonly data?: DataPosition;
  /** Whether the beginning of the current epoch has been reported. */
  readonly epochBegun?: boolean;
  /** Whether all samples of the current epoch are trained on, and its end has not been reported yet. */
  readonly epochEnds?: boolean;
  /** Weights and statistics after the best epoch, where they are to be restored. */
  readonly bestWeights?: ReadonlyMap<Variable, Float32Array>;
}

/** A run under way, as a save sees it. */
export interface RunningLoop {
  /** Waits until the values of all steps done have come back from the GPU. */
  flush(): Promise<void>;
  progress(): RunProgress;
}

/** How far the training of what was compiled has come, and what may change it now. */
export class TrainingState {
  readonly clock = new Clock();
  readonly lifetime = new Lifetime();
  /** Held by a training during each step. */
  readonly lock = new Lock();
  /** The running training. */
  loop: RunningLoop | undefined;
  /** Progress of the run that has ended or was loaded: `resume` continues from it. */
  progress: RunProgress = {};
  /** Samples per step of the last training. */
  batchSize: number | undefined;
  /** What the inputs held in the last training of the weights; undefined before it. */
  trainedOn: readonly (InputRange | undefined)[] | undefined;
  /** Whether the weights were lost with a GPU and have not been loaded since. */
  weightsLost = false;

  /** The same state with a new lifetime. */
  renewed(): TrainingState {
    const state = new TrainingState();
    state.clock.set(this.clock);
    state.progress = this.progress;
    state.weightsLost = this.weightsLost;
    state.trainedOn = this.trainedOn;
    state.batchSize = this.batchSize;
    return state;
  }
}
