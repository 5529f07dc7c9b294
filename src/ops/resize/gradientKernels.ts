import bicubicSource from '../../../shaders/resize/bicubic_gradient.wgsl?raw';
import bilinearSource from '../../../shaders/resize/bilinear_gradient.wgsl?raw';
import nearestSource from '../../../shaders/resize/nearest_gradient.wgsl?raw';
import type { KernelFile } from '../../kernels/kernel.ts';

/** By the names of the forward pass's. */
export const kernels: Readonly<Record<string, KernelFile>> = {
  'resize/nearest': { name: 'resize/nearest_gradient', source: nearestSource },
  'resize/bilinear': { name: 'resize/bilinear_gradient', source: bilinearSource },
  'resize/bicubic': { name: 'resize/bicubic_gradient', source: bicubicSource },
};
