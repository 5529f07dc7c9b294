import { byId, figures, percent } from '../shared/dom.ts';
import { createKernelTabs } from '../widgets/kernelTabs.ts';
import { startPage } from '../frame/page/page.ts';
import { createExplorer } from './explorer.ts';
import { createGradients } from './gradients.ts';
import { showLayers } from './layers.ts';
import { createPad } from './pad.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';
import { createTestSet } from './testSet.ts';

/** Probabilities this close to 1 share the top of the axis. */
const TOP = 0.002;

const KERNELS = [
  { title: 'Convolution', name: 'conv2d/1_naive' },
  { title: 'ReLU', name: 'elementwise/map' },
  { title: 'Max pooling', name: 'pooling/max' },
  { title: 'Softmax and loss', name: 'loss/softmax_cross_entropy' },
  { title: 'Adam', name: 'optimizer/adam' },
];
/** There without WebGPU, too. */
const tabs = createKernelTabs(KERNELS);

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: {
      title: 'Loss',
      series: [
        { key: 'loss', name: 'training', colour: '--training', style: 'line' },
        { key: 'testLoss', name: 'test', colour: '--test', style: 'dots' },
      ],
      format: (value) => figures(value),
      formatValue: (value) => value.toFixed(3),
      scale: { forward: (value) => Math.log10(Math.max(value, 1e-6)), backward: (place) => 10 ** place },
      ticks: [0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100],
      range: [1, 2.5],
      limits: [1e-4, 1e4],
    },
    // Equal distances for equal factors in the errors: from 90 to 95 % is as far as from 98 to 99 %.
    accuracy: {
      title: 'Accuracy',
      series: [
        { key: 'accuracy', name: 'training', colour: '--training', style: 'line' },
        { key: 'testAccuracy', name: 'test', colour: '--test', style: 'dots' },
      ],
      format: (value) => percent(value, value > 0.99 && value < 1 ? 1 : 0),
      formatValue: (value) => percent(value),
      scale: {
        forward: (value) => -Math.log10(1 + TOP - Math.min(value, 1)),
        backward: (place) => 1 + TOP - 10 ** -place,
      },
      ticks: [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995],
      range: [0.05, 0.9],
      limits: [0, 1],
    },
  },
  figures: { accuracy: { key: 'testAccuracy', format: (value) => percent(value, 2) } },
  texts: {
    ready: 'Ready. The weights are random: press play to train.',
    trained: 'This network is trained. Write a digit, or train a network yourself.',
  },
  stepWords: ({ batch }) => `gather ${batch} images, forward, loss, backward, update, record`,
  recording: 'trained/quick',
  start(page) {
    const pad = createPad(page);
    const testSet = createTestSet(page, (index) => {
      pad.choose(index);
      byId('inside').scrollIntoView({ block: 'start' });
    });
    const explorer = createExplorer(page);
    const gradients = createGradients(page);
    return {
      model({ layers }) {
        explorer.close();
        showLayers(page, layers, explorer.open);
      },
      program: ({ kernels }) => tabs.compiled(kernels),
      channel: explorer.channel,
      labels(labels) {
        pad.labels(labels);
        gradients.labels(labels);
        testSet.labels(labels);
      },
      seen(seen) {
        pad.seen(seen);
        gradients.seen(seen);
      },
      predicted: testSet.predicted,
    };
  },
});
