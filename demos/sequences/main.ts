import { losses, trainingAndTest } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
import { figures as digits } from '../shared/dom.ts';
import { createFigures } from './figures.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: {
      title: 'Loss',
      series: trainingAndTest('loss'),
      ...losses,
      formatValue: (value) => digits(value, 2),
      range: [0.001, 0.1],
    },
    rmse: {
      title: 'Error on the test, thousand passengers',
      series: [{ key: 'testRmse', name: 'test', colour: '--test', style: 'dots' }],
      format: (value) => digits(value, 3),
      scale: { forward: Math.log10, backward: (place) => 10 ** place },
      ticks: [5, 10, 20, 50, 100, 200, 500, 1000],
      range: [20, 200],
      limits: [1, 1e4],
    },
  },
  figures: { rmse: { key: 'testRmse', format: (value) => value.toFixed(1) } },
  texts: {
    trained: 'This network is trained: choose a month and look into its cell, or train a network yourself.',
  },
  recording: 'trained/lstm',
  stepWords: () => 'write all windows, forward, loss, backward through time, update, record',
  start: createFigures,
});
