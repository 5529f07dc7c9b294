import activations from '../../shaders/shared/activations.wgsl?raw';
import arithmetic from '../../shaders/shared/arithmetic.wgsl?raw';
import numbers from '../../shaders/shared/numbers.wgsl?raw';
import optimizer from '../../shaders/shared/optimizer.wgsl?raw';
import permutation from '../../shaders/shared/permutation.wgsl?raw';
import philox from '../../shaders/shared/philox.wgsl?raw';
import places from '../../shaders/shared/places.wgsl?raw';
import schedules from '../../shaders/shared/schedules.wgsl?raw';
import type { KernelFile } from './kernel.ts';

/** The functions that kernels and fused expressions may call, by name. */
export const library: readonly KernelFile[] = Object.entries({
  numbers,
  arithmetic,
  activations,
  philox,
  permutation,
  places,
  optimizer,
  schedules,
}).map(([name, source]) => ({ name: `shared/${name}`, source }));
