import { losses } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
import type { ChartPlan } from '../frame/page/progress.ts';
import { byId, count } from '../shared/dom.ts';
import { createCodes } from './codes.ts';
import { createLesson } from './lesson.ts';
import type { Calls, Tells } from './protocol.ts';
import { createReconstructions } from './reconstructions.ts';
import { settings, VERSIONS } from './settings.ts';

/** A chart with a line for each version, on a logarithmic scale. */
const chart = (title: string, value: string, range: readonly [number, number]): ChartPlan => ({
  title,
  series: VERSIONS.map((version) => ({
    key: version.name + value,
    name: version.title,
    colour: version.colour,
    style: 'line',
  })),
  ...losses,
  formatValue: (number) => number.toFixed(4),
  range,
});

/** Shown without WebGPU, too. */
const lesson = createLesson();

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    error: chart('Squared error', 'MeanSquaredError', [0.05, 0.1]),
    loss: chart('Loss', 'Loss', [0.07, 0.7]),
  },
  texts: {
    ready: 'Ready. The weights are random: press play to train.',
    trained: 'These networks are trained. Write a digit, or train your own.',
  },
  stepWords: ({ batch }) =>
    `gather ${batch} images; for all three networks forward, losses, backward; one update of every parameter; record`,
  recording: 'trained/bottleneck-64',
  start(page) {
    const reconstructions = createReconstructions(page);
    const codes = createCodes(page);
    return {
      model(model) {
        byId('stat-parameters').textContent = `3 × ${count(model.parameters)}`;
        reconstructions.model(model);
        codes.model(model);
      },
      shown: reconstructions.shown,
      changed() {
        reconstructions.changed();
        codes.changed();
      },
      centres: codes.centres,
      evaluated: reconstructions.evaluated,
      program: ({ kernels }) => lesson.compiled(kernels),
    };
  },
});
