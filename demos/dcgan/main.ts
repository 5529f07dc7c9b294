import { ganCharts, shares } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
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

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    ...ganCharts,
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
      position(position) {
        flow.position(position);
        if (position.state !== 'compiling') walk.open();
      },
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
