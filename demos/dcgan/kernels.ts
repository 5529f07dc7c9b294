import type { KernelCode } from '../shared/dispatches.ts';
import type { KernelTab } from '../shared/kernelTabs.ts';

/** What a GAN has beside an ordinary network, by the folders and files of its kernels. */
const WANTED: readonly { title: string; match: RegExp }[] = [
  { title: 'Transposed convolution', match: /^conv2d\/.*(grad_input|transpose)/ },
  { title: 'Statistics of a batch', match: /^normalization\/.*statistics/ },
  { title: 'Normalization', match: /^normalization\/.*apply/ },
  { title: 'Normal noise', match: /^random\// },
  { title: 'Loss, elementwise', match: /^elementwise\// },
  { title: 'Adam', match: /^optimizer\/adam/ },
];

/** The kernels worth reading among those of a program. */
export function kernelTabs(kernels: readonly KernelCode[]): KernelTab[] {
  return WANTED.flatMap(({ title, match }) => {
    const found = kernels.find(({ name }) => match.test(name));
    return found ? [{ title, name: found.name }] : [];
  });
}
