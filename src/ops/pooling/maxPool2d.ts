import { LateKernels } from '../core/late.ts';
import { apply, requireTensor } from '../core/node.ts';
import { derivedElsewhere } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { joinedConv2d } from '../conv2d/maxPool.ts';
import { reduceMax } from '../reduce/reduce.ts';
import { lowerMaxPool2d } from './maxPool2dKernel.ts';
import { imageAxes, pool2dOptions, poolAttrs, poolSpec } from './pool2d.ts';
import type { lowerMaxPool2dGradient } from './maxPool2dGradient.ts';
import { tapWidth } from './taps.ts';
import type { Pool2dAttrs, Pool2dGradientAttrs, Pool2dOptions } from './pool2d.ts';
import { checkOptions } from '../../options.ts';

export const gradientKernels = /* @__PURE__ */ new LateKernels<typeof lowerMaxPool2dGradient>(
  'maxPool2dGradient',
  async () => (await import('./maxPool2dGradient.ts')).lowerMaxPool2dGradient,
);

/** Outputs: the values [N, OH, OW, C] (f32), and the winners' taps (u32, packed) for the gradient. */
export const maxPool2dOp: Op<Pool2dAttrs> = {
  name: 'maxPool2d',
  kind: 'kernel',
  fusesEpilogue: true,
  joined: joinedConv2d,
  infer([x], attrs) {
    const values = poolSpec('maxPool2d', x, attrs);
    const [n, h, w, channels] = values.shape;
    return [values, { shape: [n, h, w, channels / tapWidth(channels, attrs.poolSize)], dtype: 'u32' }];
  },
  lower({ op, inputs: [input], outputs: [output, argmax], attrs }, context) {
    lowerMaxPool2d(op.name, attrs, { input, output, argmax }, context);
  },
  gradient: ({ inputs: [x], outputs: [, argmax], attrs }, [dy]) => [
    dy && apply(maxPool2dGradientOp, [dy, argmax], { ...attrs, inputShape: x.shape }),
  ],
};

/** dL/dx from dL/dy and the packed winners. */
export const maxPool2dGradientOp: Op<Pool2dGradientAttrs> = {
  name: 'maxPool2dGradient',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: (_inputs, { inputShape }) => [{ shape: inputShape, dtype: 'f32' }],
  late: gradientKernels,
  lower: (node, context) => gradientKernels.value(node, context),
  gradient: derivedElsewhere,
};

/**
 * The largest element of each window of x [N, H, W, C], per channel → [N, OH, OW, C]. Padding never
 * wins, a NaN always does. At ties the first element, row by row, gets the gradient.
 */
export function maxPool2d(x: Tensor, options: Pool2dOptions = {}): Tensor {
  checkOptions('maxPool2d', options, pool2dOptions, 'x, ');
  return apply(maxPool2dOp, [x], poolAttrs(options));
}

/** The largest element of each channel's image, [N, H, W, C] → [N, C], NaN where one is. Ties share the gradient equally. */
export function globalMaxPool2d(x: Tensor): Tensor {
  requireTensor('globalMaxPool2d', x);
  return reduceMax(x, { axes: imageAxes('globalMaxPool2d', x.shape) });
}
