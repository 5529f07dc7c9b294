import type { Program } from '../../src/index.ts';
import type { KernelCode } from '../shared/dispatches.ts';
import type { KernelTab } from '../shared/kernelTabs.ts';

/** What a GAN has beside an ordinary network, by the labels of its dispatches. */
const WANTED: readonly { title: string; label: RegExp }[] = [
  { title: 'Transposed convolution', label: /^generator\/conv2dTranspose\/conv2dTranspose$/ },
  { title: 'Its filters, by phase', label: /^generator\/conv2dTranspose\/conv2dTranspose\.weights$/ },
  { title: 'Statistics of a batch', label: /^generator\/batchNormalization\/normalize\.statistics$/ },
  { title: 'Batch normalization', label: /^generator\/batchNormalization\/normalize\.apply$/ },
  { title: 'Moving statistics', label: /^generator\/batchNormalization\/.*movingStatistics$/ },
  { title: 'Normal noise', label: /^randomNormal$/ },
  { title: 'Losses and accuracies', label: /^where$/ },
  { title: 'Adam', label: /^optimizer\/adam$/ },
];

/** The kernels worth reading among those of a training step, as they were sent to the GPU. */
export function newKernels({ build }: Program): (KernelTab & KernelCode)[] {
  return WANTED.flatMap(({ title, label }) => {
    const found = build.dispatches.find((dispatch) => label.test(dispatch.label));
    return found ? [{ title, name: found.kernel.name, code: found.kernel.code }] : [];
  });
}
