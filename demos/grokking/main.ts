import { losses, shares, trainingAndTest } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
import { single } from '../drawing/panels.ts';
import { byId, count, percent } from '../shared/dom.ts';
import { createCircle } from './circle.ts';
import { frequenciesOf, WIDTH } from './protocol.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';
import { createSpectrum } from './spectrum.ts';
import { createTable } from './table.ts';

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: { title: 'Loss', series: trainingAndTest('loss'), ...losses, logSteps: true },
    accuracy: { title: 'Accuracy', series: trainingAndTest('accuracy'), ...shares, logSteps: true },
    order: {
      title: 'Three strongest circles',
      series: [{ key: 'order', name: 'of the embedding', colour: '--first', style: 'dots' }],
      ...shares,
      logSteps: true,
    },
  },
  figures: { accuracy: { key: 'testAccuracy', format: (value) => percent(value) } },
  texts: {
    ready: 'Ready. The weights are random: press play, and wait for the second rise.',
    trained: 'This network has understood: the charts show when. Choose a pair, or train a network yourself.',
  },
  recording: 'trained/mlp',
  stepWords: () => 'write all pairs to learn, forward, loss, backward, update, record',
  start(page) {
    const table = createTable(page);
    const circle = createCircle(byId('numbers'));
    const spectrum = createSpectrum(byId('spectrum'), (frequency) => page.set({ circle: frequency }));
    const arrangements = [
      page.handOver('embedding', byId<HTMLCanvasElement>('embedding'), (width) => ({
        ...single(width),
        aspect: page.values.prime / WIDTH,
      })),
      // A pixel for each number: the browser enlarges them to columns as wide as those of the spectrum.
      page.handOver('waves', byId<HTMLCanvasElement>('waves'), () => {
        const frequencies = frequenciesOf(page.values.prime);
        return { ...single(frequencies / devicePixelRatio), aspect: WIDTH / frequencies };
      }),
    ];
    return {
      model(made) {
        byId('stat-parameters').textContent = count(made.parameters);
        table.model(made);
        for (const arrange of arrangements) arrange();
      },
      reading(reading) {
        table.reading(reading);
        circle(reading);
        spectrum(reading);
      },
      changed: table.place,
    };
  },
});
