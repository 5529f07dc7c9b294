import { initialValues } from '../frame/settings.ts';
import { serve } from '../frame/worker/worker.ts';
import { Boundary } from './boundary.ts';
import { pointsOf } from './points.ts';
import type { Points } from './points.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

const trainedFor = initialValues(settings);
/** The network that comes with the page is that of the first settings; rate and speed do not matter to it. */
const isTrained = (values: Readonly<Record<string, unknown>>) =>
  ['shape', 'noise', 'layers', 'units', 'activation', 'seed'].every(
    (name) => values[name] === trainedFor[name],
  );

serve<typeof settings, Points, Boundary, Calls, Tells>({
  async load({ values: { shape, noise, seed } }) {
    const data = pointsOf(shape, noise, seed);
    return { data, facts: { trainSize: data.train.length } };
  },
  create: (context) => Boundary.create(context),
  trained: (values) =>
    isTrained(values) ? new URL('./trained/moons.safetensors', import.meta.url) : undefined,
  calls: { edit: (boundary, at) => boundary.edit(at) },
});
