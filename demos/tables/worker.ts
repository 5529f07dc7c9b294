import { BREAST_CANCER_FILE, parseBreastCancer, syntheticBreastCancer } from '../../src/data/breastCancer.ts';
import { initialValues } from '../frame/settings.ts';
import { loadPublished } from '../frame/worker/published.ts';
import { serve } from '../frame/worker/worker.ts';
import type { Calls, Tells } from './protocol.ts';
import { Rows } from './rows.ts';
import { settings } from './settings.ts';
import { tableOf } from './table.ts';
import type { Table } from './table.ts';

const trainedFor = initialValues(settings);
/** The network that comes with the page is that of the first settings. With another split it would know some of the test. */
const isTrained = (values: Readonly<Record<string, unknown>>) =>
  ['hidden', 'features', 'split', 'seed'].every((name) => values[name] === trainedFor[name]);

serve<typeof settings, Table, Rows, Calls, Tells>({
  async load({ values: { data: wish, split }, base }) {
    const reading = { parse: parseBreastCancer, generate: syntheticBreastCancer };
    const { data: rows, facts } = await loadPublished(BREAST_CANCER_FILE, wish, base, reading);
    const data = tableOf(rows, split);
    return { data, facts: { trainSize: data.train.size, ...facts } };
  },
  create: (context) => Rows.create(context),
  trained: (values) =>
    isTrained(values) ? new URL('./trained/mlp.safetensors', import.meta.url) : undefined,
});
