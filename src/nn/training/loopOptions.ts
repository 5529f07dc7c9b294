import type { OptionTable } from '../../options.ts';
import type { CompileProgress } from '../../runtime/programOptions.ts';
import type { CallbackEntry } from '../callbacks/callback.ts';
import type { EarlyStoppingOptions } from '../callbacks/earlyStopping.ts';
import type { ReduceOnPlateauOptions } from '../callbacks/reduceOnPlateau.ts';
import type { RecoveryOptions } from './recovery.ts';
import type { RunOptions } from './run.ts';
import type { EpochValues, StepValues } from './values.ts';

/** The options of every training, whatever it trains. */
export interface LoopOptions<Step = StepValues, Epoch = EpochValues> extends RunOptions, RecoveryOptions {
  /** A new order of the samples in each epoch; default true. Streams keep their own order. */
  shuffle?: boolean;
  /**
   * Count `epochs` or `steps` from the first training of the weights and do only the rest: after `load`. A run that
   * ended in the middle of an epoch continues there, with the means of that epoch and with the callbacks' counts. A run that
   * stopped early stays stopped: it continues with more patience, or without `resume`.
   */
  resume?: boolean;
  /** Ends training after the current step; the history says `aborted`. */
  signal?: AbortSignal;
  /** Keep the values of all steps for the history; default true. Without, a run of any length takes no memory. */
  keepSteps?: boolean;
  /**
   * Objects that count, save or report during training (Keras's callbacks): `earlyStopping`, `reduceOnPlateau`,
   * `modelCheckpoint`, `learningRateScheduler`, `csvLogger`, `terminateOnNaN`, and objects with hooks of your own (see Callback). At the end
   * of an epoch those that count it are called first, then the others; each in the order of the list. Entries that are false or
   * undefined are left out.
   */
  callbacks?: readonly CallbackEntry<Step, Epoch>[];
  /** Called while kernels compile. */
  onCompile?: (progress: CompileProgress) => void;
  /** Awaited before each step: to pause, to step by hand, or to look at the weights after `step` steps. */
  beforeStep?: (step: number) => void | Promise<void>;
  /** The values of a few steps at a time, as they come back from the GPU. */
  onSteps?: (values: readonly Step[]) => void;
  /** The results of an epoch, after the callbacks. */
  onEpoch?: (values: Epoch) => void | Promise<void>;
}

export const loopOptions: OptionTable<LoopOptions> = {
  epochs: true,
  steps: true,
  initialEpoch: true,
  stepsPerEpoch: true,
  batchSize: true,
  lastBatch: true,
  shuffle: true,
  resume: true,
  signal: true,
  keepSteps: true,
  callbacks: true,
  onCompile: true,
  beforeStep: true,
  onSteps: true,
  onEpoch: true,
  checkpoint: true,
  recover: true,
  onRecover: true,
};

/** Callbacks that have an option of their own. */
export interface CallbackOptions {
  /** Ends training when a value stops improving: short for `callbacks: [earlyStopping({ … })]`. */
  earlyStopping?: EarlyStoppingOptions;
  /** Lowers the learning rate when a value stops improving: short for `callbacks: [reduceOnPlateau({ … })]`. */
  reduceOnPlateau?: ReduceOnPlateauOptions;
}
