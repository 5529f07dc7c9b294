import { classifierCharts } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
import { byId, percent } from '../shared/dom.ts';
import { createGradientSwitch } from '../widgets/gradientSwitch.ts';
import { createKernelTabs } from '../widgets/kernelTabs.ts';
import { showLayers } from '../widgets/layerPictures.ts';
import { createMapExplorer } from '../widgets/mapExplorer.ts';
import { createMistakes } from '../widgets/mistakes.ts';
import { createSoftmaxTable } from '../widgets/softmaxTable.ts';
import { createVerdict } from '../widgets/verdict.ts';
import { createInput } from './input.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

const DIGITS = [...'0123456789'];

/** Shown without WebGPU, too. */
const tabs = createKernelTabs([
  { title: 'Convolution', name: 'conv2d/1_naive' },
  { title: 'ReLU', name: 'elementwise/map' },
  { title: 'Max pooling', name: 'pooling/max' },
  { title: 'Softmax and loss', name: 'loss/softmax_cross_entropy' },
  { title: 'Adam', name: 'optimizer/adam' },
]);

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: classifierCharts,
  figures: { accuracy: { key: 'testAccuracy', format: (value) => percent(value, 2) } },
  texts: {
    ready: 'Ready. The weights are random: press play to train.',
    trained: 'This network is trained: the charts show how. Write a digit, or train a network yourself.',
  },
  stepWords: ({ batch }) => `gather ${batch} images, forward, loss, backward, update, record`,
  recording: 'trained/quick',
  start(page) {
    let labels: Uint8Array = new Uint8Array();
    const verdict = createVerdict(byId('verdict'), DIGITS);
    const softmax = createSoftmaxTable(byId('softmax'), DIGITS);
    const input = createInput(page, verdict.announce);
    const explorer = createMapExplorer(byId('explorer'), (map) => void page.call('explain', map));
    const gradients = createGradientSwitch(byId('pictured'), {
      classes: DIGITS,
      onChange: (target) => void page.call('gradients', target),
    });
    const mistakes = createMistakes(byId('testing'), {
      classes: DIGITS,
      handOver: page.handOver,
      draw: (images) => void page.call('grid', images),
      choose(image) {
        input.choose(image);
        byId('inside').scrollIntoView({ block: 'start' });
      },
    });
    return {
      model({ layers }) {
        explorer.close();
        showLayers(byId('layers'), layers, {
          handOver: (name, canvas, plan) => page.handOver(name, canvas, plan, { ofNetwork: true }),
          onChoose: explorer.open,
        });
      },
      program: ({ kernels }) => tabs.compiled(kernels),
      made: explorer.made,
      labels(own) {
        labels = own;
        mistakes.labels(own);
      },
      seen(seen) {
        const truth = seen.input === undefined ? undefined : labels[seen.input];
        input.seen(seen.input);
        verdict.show(seen.probabilities, truth);
        softmax.show(seen);
        gradients.show(seen.input, seen.probabilities, truth);
      },
      predicted: mistakes.predicted,
    };
  },
});
