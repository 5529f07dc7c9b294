import { initialValues } from '../frame/settings.ts';
import { serve } from '../frame/worker/worker.ts';
import { Addition } from './addition.ts';
import { pairsOf } from './pairs.ts';
import type { Pairs } from './pairs.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

const trainedFor = initialValues(settings);
/** The network that comes with the page is that of the first settings; it does not depend on the others. */
const isTrained = (values: Readonly<Record<string, unknown>>) =>
  ['prime', 'learned', 'decay', 'seed'].every((name) => values[name] === trainedFor[name]);

serve<typeof settings, Pairs, Addition, Calls, Tells>({
  async load({ values }) {
    const data = pairsOf(values);
    return { data, facts: { trainSize: data.train.size } };
  },
  create: (context) => Addition.create(context),
  trained: (values) =>
    isTrained(values) ? new URL('./trained/mlp.safetensors', import.meta.url) : undefined,
});
