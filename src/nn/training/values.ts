/** The values of one training step: those of its batch. `epoch` and `step` count from 0 through the model's life. */
export type StepValues = { readonly epoch: number; readonly step: number; readonly loss: number } & Readonly<
  Record<string, number>
>;

/**
 * What one epoch came to: the values over all its samples; `step` is the number of steps done by then. With validation
 * data also `validationLoss`, …
 */
export type EpochValues = { readonly epoch: number; readonly step: number; readonly loss: number } & Readonly<
  Record<string, number>
>;

/** What a run came to. */
export interface RunHistory<Step = StepValues, Epoch = EpochValues> {
  /** One for each epoch, the last one being a part of one where the run ends in the middle. */
  readonly epochs: readonly Epoch[];
  /** Those of every step, unless `keepSteps` is false. */
  readonly steps: readonly Step[];
  /** Why training ended. */
  readonly stopped: 'finished' | 'aborted' | 'early';
}

export type History = RunHistory;
