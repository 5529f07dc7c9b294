import { serve } from '../frame/worker/worker.ts';
import { Boundary } from './boundary.ts';
import { pointsOf } from './points.ts';
import type { Points } from './points.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

serve<typeof settings, Points, Boundary, Calls, Tells>({
  settings,
  async load({ values: { shape, noise, seed } }) {
    const data = pointsOf(shape, noise, seed);
    return { data, facts: { trainSize: data.train.length } };
  },
  create: (context) => Boundary.create(context),
  calls: { edit: (boundary, at) => boundary.edit(at) },
});
