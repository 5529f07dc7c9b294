import type { Values } from '../../data/arrays.ts';
import type { OptionTable } from '../../options.ts';
import type { CompileProgress } from '../../runtime/programOptions.ts';

export interface EvaluateOptions {
  /**
   * Samples per step; default 32, or as many as the last `fit` had in a step if they were fewer: an evaluation needs no
   * more memory than the training. Memory grows with it, not with the data set.
   */
  batchSize?: number;
  /** Number of steps (Keras's steps): only the first so many batches are used. Default: all. */
  steps?: number;
  onProgress?: (progress: CompileProgress) => void;
  signal?: AbortSignal;
}

export const evaluateOptions: OptionTable<EvaluateOptions> = {
  batchSize: true,
  steps: true,
  onProgress: true,
  signal: true,
};

/** Options of `Model.evaluate`. */
export interface WeightedEvaluateOptions extends EvaluateOptions {
  /** Weight of each sample of a data set in the loss, in place of its own weights. */
  sampleWeight?: Values;
}

export const weightedOptions: OptionTable<WeightedEvaluateOptions> = {
  ...evaluateOptions,
  sampleWeight: true,
};

/**
 * Over the data set: `loss`, one value per metric, and with several outputs the loss of each. Exact: each value is that
 * of all samples together; that of a loss with `reduction: 'sum'` is the mean of the batches' sums, weighted by their
 * samples, as in Keras. Metrics whose value is a matrix come by names that end in `Matrix`; those that give a list, an F1
 * score for each class say, give it here, too.
 */
export type Evaluation = { readonly loss: number } & Readonly<Record<string, number>> & {
    readonly [name: `${string}Matrix`]: readonly (readonly number[])[];
  };

/** Values per sample of the loss and of each metric that is a mean over samples, and the model's outputs. */
export interface Inspection {
  readonly loss: Float32Array;
  readonly metrics: Readonly<Record<string, Float32Array>>;
  /** [N, ...outputShape] of the (first) output. */
  readonly outputs: Float32Array;
  /** Of every output, by its name. */
  readonly outputsByName: Readonly<Record<string, Float32Array>>;
}
