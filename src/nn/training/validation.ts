import { isDataset, requireDataset } from '../../data/requireDataset.ts';
import { asStream } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import { splitValidation } from '../../data/views.ts';
import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { checkBatchSize } from './run.ts';

/** When a training is validated, and on which data. */
export interface ValidationOptions {
  /** Evaluated after each epoch, without class weights: a data set, or a stream that can be run once for each epoch. */
  validationData?: TrainingData;
  /** Samples per step of the validation; default: as many as train in a step. */
  validationBatchSize?: number;
  /**
   * Fraction of the data set's samples, in (0, 1), that is used for validation in place of `validationData`, and not for training: the last
   * ones, as they lie, before any shuffling (Keras's validation_split; as `splitValidation`).
   */
  validationSplit?: number;
  /**
   * Steps of each validation (Keras's validation_steps): the first so many batches of the validation data. Default: all.
   */
  validationSteps?: number;
  /**
   * After which epochs of this training there is a validation (Keras's validation_freq): every so many, or a list of their
   * numbers from 1. Default 1: each. Other epochs have no validation values, and callbacks that monitor one do not count them.
   */
  validationFrequency?: number | readonly number[];
}

export const validationOptions: OptionTable<ValidationOptions> = {
  validationData: true,
  validationBatchSize: true,
  validationSplit: true,
  validationSteps: true,
  validationFrequency: true,
};

/** @param name of what is trained @throws ArgumentError if an option is out of range, or is for a validation that does not take place */
export function checkValidation(name: string, options: ValidationOptions): void {
  const { validationData, validationBatchSize, validationSteps, validationFrequency } = options;
  if (validationBatchSize !== undefined) checkBatchSize(name, validationBatchSize, 'validationBatchSize');
  if (validationSteps !== undefined) checkBatchSize(name, validationSteps, 'validationSteps');
  if (validationFrequency !== undefined) checkFrequency(name, validationFrequency);
  const idle = Object.entries({ validationSteps, validationFrequency }).find(([, own]) => own !== undefined);
  if (validationData || !idle) return;
  throw new ArgumentError(
    `${name}: ${idle[0]} is for a validation, but there is none; pass validationData or validationSplit`,
  );
}

/**
 * Splits the data where `validationSplit` says so.
 *
 * @param name of what is trained
 * @returns what is trained on, and what is validated on
 * @throws ArgumentError if it is out of range, or impossible with these data
 */
export function splitData<D extends TrainingData>(
  name: string,
  data: D,
  { validationData, validationSplit }: ValidationOptions,
): { readonly data: D; readonly validationData: TrainingData | undefined } {
  if (validationSplit === undefined) return { data, validationData };
  if (validationData !== undefined) {
    throw new ArgumentError(`${name}: validationData and validationSplit are both given; leave one out`);
  }
  if (asStream(data)) {
    throw new ArgumentError(
      `${name}: validationSplit is for data sets, whose last samples are known; pass a stream of others as validationData`,
    );
  }
  if (!isDataset(data)) requireDataset(name, data);
  if (typeof validationSplit !== 'number' || !(validationSplit > 0 && validationSplit < 1)) {
    throw new ArgumentError(
      `${name}: validationSplit is ${describe(validationSplit)}; it must be a number above 0 and below 1`,
    );
  }
  const { train, validation } = splitValidation(data, validationSplit);
  return { data: train as D, validationData: validation };
}

function checkFrequency(name: string, given: unknown): void {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length > 0 && list.every((own) => Number.isSafeInteger(own) && (own as number) >= 1)) return;
  throw new ArgumentError(
    `${name}: validationFrequency is ${Array.isArray(given) ? `[${list.map(describe).join(', ')}]` : describe(given)}; it must be a whole number of at least 1, or a list of the numbers of epochs, from 1`,
  );
}

/** Whether an epoch is validated, by its number in the training from 0: Keras's `_should_eval`. */
export const isValidated = (index: number, frequency: number | readonly number[] = 1): boolean =>
  typeof frequency === 'number' ? (index + 1) % frequency === 0 : frequency.includes(index + 1);
