import { requireDataset } from './requireDataset.ts';
import type { DataField, Dataset } from './types.ts';

/**
 * All inputs, in the order of a model's.
 *
 * @throws ArgumentError if it is not a data set
 */
export function inputsOf(data: Dataset): readonly DataField[] {
  requireDataset('data', data);
  const { x, moreInputs = [] } = data;
  return [x, ...moreInputs];
}

/**
 * All targets, in the order of a model's trained outputs.
 *
 * @throws ArgumentError if it is not a data set
 */
export function targetsOf(data: Dataset): readonly DataField[] {
  requireDataset('data', data);
  const { y, moreTargets = [] } = data;
  return [y, ...moreTargets];
}
