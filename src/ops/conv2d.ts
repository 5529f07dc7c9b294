import { conv2dGradFilter } from './conv2dGradFilter.ts';
import { conv2dGradInput } from './conv2dGradInput.ts';
import { conv2dAttrs, conv2dSize, requireFloats } from './conv2dGeometry.ts';
import type { Conv2dAttrs, Conv2dOptions } from './conv2dGeometry.ts';
import { lowerConv2d } from './conv2dKernels.ts';
import type { Op } from './op.ts';
import { apply } from './tensor.ts';
import type { Tensor } from './tensor.ts';

export type { Conv2dAttrs, Conv2dOptions } from './conv2dGeometry.ts';
export { conv2dTranspose } from './conv2dGradInput.ts';

export const conv2dOp: Op<Conv2dAttrs> = {
  name: 'conv2d',
  kind: 'kernel',
  fusesEpilogue: true,

  infer([x, weights], attrs) {
    requireFloats('conv2d', [x, weights]);
    const { batch, output, groups, groupOut } = conv2dSize('conv2d', x.shape, weights.shape, attrs);
    return [{ shape: [batch, ...output, groups * groupOut], dtype: 'f32' }];
  },

  lower(node, context) {
    const [x, weights] = node.inputs;
    const size = conv2dSize(node.op.name, x.shape, weights.shape, node.attrs);
    lowerConv2d(node.op.name, size, [x, weights, node.outputs[0]], context);
  },

  // y = W x with a matrix W that depends linearly on the weights: dx = Wᵀ dy, and dw by the same
  // products x · dy that formed y.
  gradient({ inputs: [x, weights], attrs }, [dy]) {
    if (!dy) return [];
    return [
      conv2dGradInput(dy, weights, x.shape, attrs),
      conv2dGradFilter(x, dy, [weights.shape[0], weights.shape[1]], attrs),
    ];
  },
};

/**
 * 2-D convolution (cross-correlation, as everywhere in deep learning) of images x [N, H, W, IC] with weights
 * [KH, KW, IC / groups, OC] → [N, OH, OW, OC]:
 *
 *   y[n, oy, ox, oc] = Σ_{kh, kw, ic} x[n, oy · stride + kh · dilation − top, ox · … − left, ic] · w[kh, kw, ic, oc]
 *
 * Outside the image x counts as 0. By default stride 1, dilation 1, one group and padding 'valid';
 * 'same' gives ⌈H / stride⌉ rows, and `[top, bottom, left, right]` pads explicitly.
 * OH = ⌊(H + top + bottom − (KH − 1) · dilation − 1) / stride⌋ + 1.
 *
 * @throws ShapeError where shapes, groups and window do not fit together.
 * @throws ArgumentError where an operand is not f32.
 */
export function conv2d(x: Tensor, weights: Tensor, options: Conv2dOptions = {}): Tensor {
  return apply(conv2dOp, [x, weights], conv2dAttrs(options));
}
