import type { NumericError } from '../../errors.ts';

/** The values of one training step: those of its batch. `epoch` and `step` count from 0 since the model was compiled first. */
export type StepValues = { readonly epoch: number; readonly step: number; readonly loss: number } & Readonly<
  Record<string, number>
>;

/**
 * The result of one epoch: the values over all its samples; `step` is the number of steps done by then. With validation
 * data also `validationLoss`, …
 */
export type EpochValues = { readonly epoch: number; readonly step: number; readonly loss: number } & Readonly<
  Record<string, number>
>;

/** The result of a run. */
export interface RunHistory<Step = StepValues, Epoch = EpochValues> {
  /** One for each epoch, the last one being a part of one where the run ends in the middle. */
  readonly epochs: readonly Epoch[];
  /** Those of every step, unless `keepSteps` is false. */
  readonly steps: readonly Step[];
  /** Why training ended: `early` where a callback ended it, `nan` where `terminateOnNaN` did. */
  readonly stopped: 'finished' | 'aborted' | 'early' | 'nan';
  /** Where it is `nan`: the step that was not made, and what was not finite. */
  readonly error?: NumericError;
}

export type History = RunHistory;
