import { dense } from '../../src/index.ts';
import type { NetworkOptions } from '../../src/index.ts';
import { chained } from '../../src/nn/sequence.ts';
import type { ValuesOf } from '../frame/settings.ts';
import type { settings } from './settings.ts';

/** Points of a step, chosen at random. */
export const BATCH = 64;

type Shape = Pick<ValuesOf<typeof settings>, 'layers' | 'units' | 'activation' | 'seed'>;

/** From the two coordinates of a point to the logit of its being blue. */
export function network({ layers, units, activation, seed }: Shape): NetworkOptions {
  const hidden = Array.from({ length: layers }, () => dense({ units, activation }));
  return chained([...hidden, dense({ units: 1 })], { inputShape: [2], seed });
}
