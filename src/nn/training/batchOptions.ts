import type { Values } from '../../data/arrays.ts';
import type { OptionTable } from '../../options.ts';
import type { ClassWeight } from './classWeights.ts';

/** Options of `Model.testOnBatch`. */
export interface TestBatchOptions {
  /** Weight of each sample in the loss, as the weights of a `dataset`. */
  sampleWeight?: Values;
}

/** Options of `Model.trainOnBatch`. */
export interface TrainBatchOptions extends TestBatchOptions {
  /** Weights of classes in the loss; see FitOptions. */
  classWeight?: ClassWeight;
}

export const testBatchOptions: OptionTable<TestBatchOptions> = { sampleWeight: true };
export const trainBatchOptions: OptionTable<TrainBatchOptions> = { sampleWeight: true, classWeight: true };
