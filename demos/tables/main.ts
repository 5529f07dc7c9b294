import { classifierCharts, shares } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
import { percent } from '../shared/dom.ts';
import { createFigures } from './figures.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: { ...classifierCharts.loss, range: [0.05, 0.8] },
    accuracy: { ...classifierCharts.accuracy, ...shares, range: [0.4, 1] },
  },
  figures: { accuracy: { key: 'testAccuracy', format: (value) => percent(value) } },
  texts: {
    trained: 'This network is trained: move the threshold, choose columns, or train a network yourself.',
  },
  recording: 'trained/mlp',
  stepWords: () => 'gather 32 rows, forward, loss, backward, update, record',
  start: createFigures,
});
