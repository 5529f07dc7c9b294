import { dense, gru, lstm } from '../../src/index.ts';
import type { NetworkOptions } from '../../src/index.ts';
import type { ForecastPlan } from '../../src/models/airline.ts';
import { chained } from '../../src/nn/sequence.ts';
import type { ValuesOf } from '../frame/settings.ts';
import type { settings } from './settings.ts';

type Values = ValuesOf<typeof settings>;

/** From the months of a window, one after the other, to the next one: a recurrent layer, and a dense one of its last state. */
export function network({
  cell,
  back,
  units,
  seed,
}: Pick<Values, 'cell' | 'back' | 'units' | 'seed'>): NetworkOptions {
  const layer = { lstm, gru }[cell]({ units });
  return chained([layer, dense({ units: 1 })], { inputShape: [back, 1], seed });
}

export const planOf = ({ back, target }: Pick<Values, 'back' | 'target'>): ForecastPlan => ({
  lookBack: back,
  logChange: target === 'change',
});
