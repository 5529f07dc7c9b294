import { classifierCharts, shares } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
import { percent } from '../shared/dom.ts';
import { createPlane } from './plane.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: { ...classifierCharts.loss, range: [0.4, 0.8] },
    accuracy: { ...classifierCharts.accuracy, ...shares, range: [0.4, 1] },
  },
  figures: { accuracy: { key: 'testAccuracy', format: (value) => percent(value) } },
  texts: {
    trained: 'This network is trained: the charts show how. Add points, or train a network yourself.',
  },
  recording: 'trained/moons',
  stepWords: () => 'write 64 points, forward, loss, backward, update, record',
  start: createPlane,
});
