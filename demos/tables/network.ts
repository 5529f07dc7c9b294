import { dense } from '../../src/index.ts';
import type { NetworkOptions } from '../../src/index.ts';
import { chained } from '../../src/nn/sequence.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { featuresOf } from './features.ts';
import type { settings } from './settings.ts';

/** Rows of a step, and epochs of a run. */
export const BATCH = 32;
export const EPOCHS = 40;

type Shape = Pick<ValuesOf<typeof settings>, 'hidden' | 'features' | 'seed'>;

/** Neurons of each hidden layer. */
export const hiddenUnits = (hidden: Shape['hidden']): number[] =>
  hidden === 'none' ? [] : hidden.split('-').map(Number);

/** From the chosen columns of a row to the logit of its being malignant. */
export function network({ hidden, features, seed }: Shape): NetworkOptions {
  const layers = hiddenUnits(hidden).map((units) => dense({ units, activation: 'relu' }));
  return chained([...layers, dense({ units: 1 })], { inputShape: [featuresOf(features).length], seed });
}
