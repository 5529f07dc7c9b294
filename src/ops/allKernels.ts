import { gradientKernels as ofAttention } from './attention/op.ts';
import { gradFilter } from './conv2d/conv2d.ts';
import { integerKernels } from './elementwise/integers.ts';
import { gatherGradient } from './movement/gather.ts';
import { gradientKernels as ofNormalize } from './normalization/kernels.ts';
import { gradientKernels as ofMaxPool2d } from './pooling/maxPool2d.ts';
import { winnersKernel } from './pooling/secondDerivatives.ts';
import { gradientKernels as ofRecurrent } from './recurrent/sequence.ts';
import { gradientKernels as ofResize2d } from './resize/resize2d.ts';
import { gradientKernels as ofSoftmax } from './softmax/softmax.ts';

/** The late kernels of all ops. */
export const LATE_KERNELS = [
  gatherGradient,
  ofAttention,
  gradFilter,
  integerKernels,
  ofNormalize,
  ofMaxPool2d,
  winnersKernel,
  ofRecurrent,
  ofResize2d,
  ofSoftmax,
];

/** Loads them, for those who lower any op without `gpu.compile`. */
export async function loadAllKernels(): Promise<void> {
  await Promise.all(LATE_KERNELS.map((late) => late.load()));
}
