import type { TrainingData } from '../../data/stream.ts';
import type { AugmentOptions } from '../../ops/dataset/gatherAugmented.ts';
import type { OptionTable } from '../../options.ts';
import type { Program } from '../../runtime/program.ts';
import type { Snapshot } from './checkpoint.ts';
import type { ClassWeight } from './classWeights.ts';
import type { Compiled } from './compiled.ts';
import type { EvaluateOptions, Evaluation } from './evaluateOptions.ts';
import { loopOptions } from './loopOptions.ts';
import type { CallbackOptions, LoopOptions } from './loopOptions.ts';
import type { Opening } from './placement.ts';
import type { TrainingRun } from './run.ts';
import { validationOptions } from './validation.ts';
import type { ValidationOptions } from './validation.ts';
import type { History, StepValues } from './values.ts';

export interface FitOptions extends LoopOptions, CallbackOptions, ValidationOptions {
  /**
   * Weights of classes in the loss of the training, for data in which some are rare: `{ 0: 1, 3: 5 }`; a class that is
   * not named has 1. The loss is the mean of weight times loss, as in Keras. Samples' own weights (`dataset`) multiply.
   */
  classWeight?: ClassWeight;
  /**
   * Shifts, rotates, mirrors… the images of the (first) input at random, on the GPU, when a batch is gathered. Targets
   * and validation data stay as they are.
   */
  augment?: AugmentOptions;
  /** Called with the compiled training step, before the first one runs. */
  onReady?: (program: Program) => void | Promise<void>;
}

export const fitOptions: OptionTable<FitOptions> = {
  ...loopOptions,
  classWeight: true,
  augment: true,
  ...validationOptions,
  earlyStopping: true,
  reduceOnPlateau: true,
  onReady: true,
};

/** Options of `Model.prepare`: what `fit` will be given. */
export type PrepareOptions = Pick<
  FitOptions,
  'batchSize' | 'classWeight' | 'augment' | 'shuffle' | 'onCompile'
>;

export const prepareOptions: OptionTable<PrepareOptions> = {
  batchSize: true,
  classWeight: true,
  augment: true,
  shuffle: true,
  onCompile: true,
};

/** A running training: `await` it for the history, or iterate over its steps (see TrainingRun). */
export type Fit = TrainingRun<StepValues, History>;

/** What a training needs from the model that it trains. */
export interface FitHost {
  evaluate(data: TrainingData, options: EvaluateOptions): Promise<Evaluation>;
  /** Compiles the model for another GPU, as it was in a checkpoint. */
  recover(snapshot: Snapshot, opening: Opening): Promise<Compiled>;
  onEnd(): void;
}
