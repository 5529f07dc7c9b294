import {
  AIRLINE_PASSENGERS,
  parseMonthlyPassengers,
  syntheticPassengers,
} from '../../src/data/airlinePassengers.ts';
import type { MonthlySeries } from '../../src/data/airlinePassengers.ts';
import { initialValues } from '../frame/settings.ts';
import { loadPublished } from '../frame/worker/published.ts';
import { serve } from '../frame/worker/worker.ts';
import { Forecaster } from './forecaster.ts';
import { TRAINING_WINDOWS } from './protocol.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

const trainedFor = initialValues(settings);
/** The network that comes with the page is that of the first settings; rate and speed do not matter to it. */
const isTrained = (values: Readonly<Record<string, unknown>>) =>
  ['cell', 'back', 'target', 'units', 'seed'].every((name) => values[name] === trainedFor[name]);

serve<typeof settings, MonthlySeries, Forecaster, Calls, Tells>({
  async load({ values, base }) {
    const reading = { parse: parseMonthlyPassengers, generate: syntheticPassengers };
    const { data, facts } = await loadPublished(AIRLINE_PASSENGERS, values.data, base, reading);
    return { data, facts: { trainSize: TRAINING_WINDOWS, ...facts } };
  },
  create: (context) => Forecaster.create(context),
  trained: (values) =>
    isTrained(values) ? new URL('./trained/lstm.safetensors', import.meta.url) : undefined,
});
