import { startPage } from '../frame/page/page.ts';
import { figures, percent } from '../shared/dom.ts';
import { createKernelTabs } from '../widgets/kernelTabs.ts';
import { createClasses } from './classes.ts';
import { createDiagnosis } from './diagnosis.ts';
import { createFlow } from './flow.ts';
import type { Calls, Tells } from './protocol.ts';
import { createPull } from './pull.ts';
import { settings } from './settings.ts';
import { createSheets, mean } from './sheets.ts';
import { createWalkView } from './walkView.ts';

/** What a GAN has beside an ordinary network. There without WebGPU, too. */
const tabs = createKernelTabs([
  { title: 'Transposed convolution', name: 'conv2d/4_broadcast' },
  { title: 'Its filters, by phase', name: 'conv2d/phase_weights' },
  { title: 'Statistics of a batch', name: 'normalization/statistics' },
  { title: 'Batch normalization', name: 'normalization/apply' },
  { title: 'Moving statistics', name: 'normalization/moving_statistics' },
  { title: 'Normal noise', name: 'random/normal' },
  { title: 'Losses and accuracies', name: 'elementwise/map' },
  { title: 'Adam', name: 'optimizer/adam' },
]);
const showPull = createPull();

const minus = (text: string) => text.replace('-', '−');
const shares = {
  format: (value: number) => percent(value, 0),
  scale: { forward: (value: number) => value, backward: (place: number) => place },
  ticks: [0, 0.25, 0.5, 0.75, 1],
  range: [0, 1],
  limits: [0, 1.02],
} as const;

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: {
      title: 'Loss',
      series: [
        { key: 'discriminatorLoss', name: 'discriminator', colour: '--discriminator', style: 'line' },
        { key: 'generatorLoss', name: 'generator', colour: '--generator', style: 'line' },
      ],
      format: (value) => minus(figures(value)),
      formatValue: (value) => minus(value.toFixed(2)),
      // Nearly linear around 0, logarithmic far from it: losses of a lost game are large.
      scale: { forward: Math.asinh, backward: Math.sinh },
      ticks: [-16, -8, -4, -2, -1, 0, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 32, 64],
      range: [0, 2],
      limits: [-100, 100],
    },
    accuracy: {
      ...shares,
      title: 'Discriminator’s accuracy',
      series: [
        { key: 'realAccuracy', name: 'real', colour: '--training', style: 'line' },
        { key: 'fakeAccuracy', name: 'generated', colour: '--generator', style: 'line' },
      ],
    },
    classes: {
      ...shares,
      title: 'Diversity and confidence',
      series: [
        { key: 'diversity', name: 'diversity', colour: '--generator', style: 'dots' },
        { key: 'confidence', name: 'confidence', colour: '--ink', style: 'dots' },
      ],
    },
  },
  texts: {
    ready: 'Ready. Both networks are untrained: press play.',
    trained: 'Both networks are trained. Explore them, or train a pair yourself.',
  },
  stepWords: ({ batch }, part) =>
    `${part === 'both' ? 'both networks learn' : `only the ${part} learns`}. Gather ${batch} real images, draw ${batch} ` +
    `latent vectors, generate, judge both, losses, backward, update, record`,
  recording: 'trained/small',
  start(page) {
    const flow = createFlow(page);
    const sheets = createSheets(page, flow.watch);
    const classes = createClasses();
    const diagnosis = createDiagnosis();
    const walk = createWalkView(page);
    return {
      model: flow.model,
      position: flow.position,
      program: ({ kernels }) => tabs.compiled(kernels),
      points: diagnosis.points,
      seen(seen) {
        flow.seen(seen);
        sheets.seen(seen);
        classes.seen(seen);
        showPull(mean(seen.fake));
      },
      moments: sheets.moments,
      moved: flow.moved,
      stage: flow.stage,
      walked: walk.walked,
      cleared() {
        diagnosis.clear();
        classes.clear();
      },
    };
  },
});
