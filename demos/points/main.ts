import { startPage } from '../frame/page/page.ts';
import { figures, percent } from '../shared/dom.ts';
import { createPlane } from './plane.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

const series = (training: string, test: string) =>
  [
    { key: training, name: 'training', colour: '--training', style: 'line' },
    { key: test, name: 'test', colour: '--test', style: 'dots' },
  ] as const;

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: {
      title: 'Loss',
      series: series('loss', 'testLoss'),
      format: (value) => figures(value),
      formatValue: (value) => value.toFixed(3),
      scale: { forward: (value) => Math.log10(Math.max(value, 1e-6)), backward: (place) => 10 ** place },
      ticks: [0.0001, 0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 10],
      range: [0.4, 0.8],
      limits: [1e-5, 1e3],
    },
    accuracy: {
      title: 'Accuracy',
      series: series('accuracy', 'testAccuracy'),
      format: (value) => percent(value, 0),
      scale: { forward: (value) => value, backward: (place) => place },
      ticks: [0, 0.25, 0.5, 0.75, 1],
      range: [0.4, 1],
      limits: [0, 1],
    },
  },
  figures: { accuracy: { key: 'testAccuracy', format: (value) => percent(value) } },
  stepWords: () => 'write 64 points, forward, loss, backward, update, record',
  start: createPlane,
});
