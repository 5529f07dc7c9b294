import { initialValues } from '../frame/settings.ts';
import { serve } from '../frame/worker/worker.ts';
import { planeSets } from './data.ts';
import type { PlaneSets } from './data.ts';
import { FlowTrainee } from './network.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

const trainedFor = initialValues(settings);
/** The network that comes with the page is that of the first settings; rate, batch and speed do not matter to it. */
const isTrained = (values: Readonly<Record<string, unknown>>) =>
  ['toy', 'couplings', 'seed'].every((name) => values[name] === trainedFor[name]);

serve<typeof settings, PlaneSets, FlowTrainee, Calls, Tells>({
  async load({ values }) {
    const data = planeSets(values);
    return { data, facts: { trainSize: data.train.size } };
  },
  create: (context) => FlowTrainee.create(context),
  trained: (values) =>
    isTrained(values) ? new URL('./trained/moons.safetensors', import.meta.url) : undefined,
  calls: {
    place: (network, couplings) => network.place(couplings),
    draw: (network, points) => network.draw(points),
  },
  latest: ['place'],
});
