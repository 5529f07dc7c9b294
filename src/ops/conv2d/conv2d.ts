import { fill } from '../core/leaves.ts';
import { LateKernels } from '../core/late.ts';
import { apply, applyAll } from '../core/node.ts';
import type { Node, Op, Tensor } from '../core/op.ts';
import type { Shape, TensorSpec } from '../core/shape.ts';
import type { Pair } from '../core/window.ts';
import { add } from '../elementwise/elementwise.ts';
import { conv2dAttrs, conv2dSize, requireFloats, requireOutputShape, conv2dOptions } from './geometry.ts';
import type { Conv2dAttrs, Conv2dOptions } from './geometry.ts';
import type { lowerConv2dGradFilter } from './gradFilterKernels.ts';
import { lowerConv2dGradInput } from './gradInputKernels.ts';
import { lowerConv2d } from './kernels.ts';
import { checkOptions } from '../../options.ts';

export type { Conv2dAttrs, Conv2dOptions } from './geometry.ts';

// The convolution and its two gradients are each other's derivatives, so they are in one file. Only programs that train
// load the filter gradient's kernels.

export const gradFilter = /* @__PURE__ */ new LateKernels<typeof lowerConv2dGradFilter>(
  'conv2dGradFilter',
  async () => (await import('./gradFilterKernels.ts')).lowerConv2dGradFilter,
);

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
 * 2-D convolution (a cross-correlation, as usual in deep learning) of images x [N, H, W, IC] with weights
 * [KH, KW, IC / groups, OC] → [N, OH, OW, OC]:
 *
 *   y[n, oy, ox, oc] = Σ_{kh, kw, ic} x[n, oy · stride + kh · dilation − top, ox · … − left, ic] · w[kh, kw, ic, oc]
 *
 * Outside the image x counts as 0. By default stride 1, dilation 1, one group and padding 'valid';
 * 'same' gives ⌈H / stride⌉ rows, and `[top, bottom, left, right]` pads explicitly.
 * OH = ⌊(H + top + bottom − (KH − 1) · dilation − 1) / stride⌋ + 1. NaN and ±Infinity enter every sum that they are a
 * part of. Where a NaN or infinite weight meets the padding, the result may be NaN or not, depending on the kernel.
 *
 * @throws ShapeError where shapes, groups and window do not fit together.
 * @throws ArgumentError where an operand is not f32.
 */
export function conv2d(x: Tensor, weights: Tensor, options: Conv2dOptions = {}): Tensor {
  checkOptions('conv2d', options, conv2dOptions, 'x, weights, ');
  return apply(conv2dOp, [x, weights], conv2dAttrs(options));
}

export interface Conv2dGradInputAttrs extends Conv2dAttrs {
  /** Of the convolution's input, which is this op's output: [N, H, W, IC]. */
  readonly inputShape: Shape;
}

/** The adjoint of a convolution, under the name by which its errors, labels and variants know it. */
/* @__NO_SIDE_EFFECTS__ */
function adjointOp(name: string): Op<Conv2dGradInputAttrs> {
  return {
    name,
    kind: 'kernel',
    fusesEpilogue: true,

    infer([dy, weights], attrs) {
      requireFloats(name, [dy, weights]);
      requireOutputShape(name, dy.shape, conv2dSize(name, attrs.inputShape, weights.shape, attrs));
      return [{ shape: attrs.inputShape, dtype: 'f32' }];
    },

    lower(node, context) {
      const [dy, weights] = node.inputs;
      const size = conv2dSize(name, node.attrs.inputShape, weights.shape, node.attrs);
      lowerConv2dGradInput(name, size, [dy, weights, node.outputs[0]], context);
    },

    // dx = Wᵀ dy: its adjoint is the convolution itself, g ↦ W g; and the weights meet the same pairs of
    // input and output, with g in the place of the input.
    gradient({ inputs: [dy, weights], attrs }, [g]) {
      if (!g) return [];
      return [
        apply(conv2dOp, [g, weights], conv2dAttrs(attrs)),
        conv2dGradFilter(g, dy, [weights.shape[0], weights.shape[1]], attrs),
      ];
    },
  };
}

export const conv2dGradInputOp = adjointOp('conv2dGradInput');
/** The same computation as an op of its own, under its own name. */
export const conv2dTransposeOp = adjointOp('conv2dTranspose');

/**
 * dL/dx of y = conv2d(x, weights, options) from dy = dL/dy [N, OH, OW, OC] and the weights
 * [KH, KW, IC / groups, OC]; `inputShape` is x's, [N, H, W, IC].
 *
 * @throws ShapeError where dy is not of the shape that this convolution gives.
 */
export function conv2dGradInput(
  dy: Tensor,
  weights: Tensor,
  inputShape: Shape,
  options: Conv2dOptions = {},
): Tensor {
  return apply(conv2dGradInputOp, [dy, weights], { ...conv2dAttrs(options), inputShape });
}

export interface Conv2dGradFilterAttrs extends Conv2dAttrs {
  /** [KH, KW] */
  readonly kernel: Pair;
}

function weightsShape(x: TensorSpec, dy: TensorSpec, { kernel, groups }: Conv2dGradFilterAttrs): Shape {
  return [...kernel, x.shape[3] / groups, dy.shape[3]];
}

function checkedShape(name: string, [x, dy]: readonly TensorSpec[], attrs: Conv2dGradFilterAttrs): Shape {
  requireFloats(name, [x, dy]);
  const shape = weightsShape(x, dy, attrs);
  requireOutputShape(name, dy.shape, conv2dSize(name, x.shape, shape, attrs));
  return shape;
}

function sizeOfNode({ op, inputs: [x, dy], attrs }: Node<Conv2dGradFilterAttrs>) {
  return conv2dSize(op.name, x.shape, weightsShape(x, dy, attrs), attrs);
}

/** Both gradients of conv2d(x, w) + bias that need all of dy: dL/dw, and dL/dbias = Σ_{n, oy, ox} dy. */
export const conv2dGradFilterBiasOp: Op<Conv2dGradFilterAttrs> = {
  name: 'conv2dGradFilterBias',
  kind: 'kernel',
  late: gradFilter,
  fusesEpilogue: true,
  infer: (inputs, attrs) => [
    { shape: checkedShape('conv2dGradFilterBias', inputs, attrs), dtype: 'f32' },
    { shape: [inputs[1].shape[3]], dtype: 'f32' },
  ],
  lower(node, context) {
    const [x, dy] = node.inputs;
    const [dw, db] = node.outputs;
    gradFilter.value(node.op.name, sizeOfNode(node), { x, dy, dw, db }, context);
  },
  gradient({ inputs, attrs }, [g, gb]) {
    const [gx, gdy] = g ? productGradients(inputs, g, attrs) : [];
    return [gx, gb ? add(gdy ?? fill(inputs[1].shape, 0), gb) : gdy];
  },
};

/** dL/dw of conv2d(x, w) from x and dy. */
export const conv2dGradFilterOp: Op<Conv2dGradFilterAttrs> = {
  name: 'conv2dGradFilter',
  kind: 'kernel',
  late: gradFilter,
  fusesEpilogue: true,
  withSum: conv2dGradFilterBiasOp,
  infer: (inputs, attrs) => [{ shape: checkedShape('conv2dGradFilter', inputs, attrs), dtype: 'f32' }],
  lower(node, context) {
    const [x, dy] = node.inputs;
    gradFilter.value(node.op.name, sizeOfNode(node), { x, dy, dw: node.outputs[0] }, context);
  },
  gradient: ({ inputs, attrs }, [g]) => (g ? productGradients(inputs, g, attrs) : []),
};

// dw = Σ x · dy is linear in each factor. The products that meet a weight are those of the convolution, so
// by x it is the input gradient with g in the place of the weights, and by dy the convolution of x with g.
function productGradients(
  [x, dy]: readonly Tensor[],
  g: Tensor,
  attrs: Conv2dGradFilterAttrs,
): [Tensor, Tensor] {
  return [conv2dGradInput(dy, g, x.shape, attrs), apply(conv2dOp, [x, g], conv2dAttrs(attrs))];
}

/**
 * dL/dw [KH, KW, IC / groups, OC] of y = conv2d(x, w, options) from x [N, H, W, IC] and dy = dL/dy
 * [N, OH, OW, OC]; `kernel` is [KH, KW]. The sum over the batch and all positions is split among
 * workgroups and added up in a fixed order: the same bits in every run.
 *
 * @throws ShapeError where dy is not of the shape that this convolution gives.
 */
export function conv2dGradFilter(x: Tensor, dy: Tensor, kernel: Pair, options: Conv2dOptions = {}): Tensor {
  return apply(conv2dGradFilterOp, [x, dy], { ...conv2dAttrs(options), kernel });
}

/**
 * `[dw, db]`: conv2dGradFilter, and with it the gradient [OC] of a bias that was added to the output,
 * Σ_{n, oy, ox} dy, for the price of one more row in the matrix product.
 *
 * @throws ShapeError as conv2dGradFilter.
 */
export function conv2dGradFilterBias(
  x: Tensor,
  dy: Tensor,
  kernel: Pair,
  options: Conv2dOptions = {},
): readonly [Tensor, Tensor] {
  const [dw, db] = applyAll(conv2dGradFilterBiasOp, [x, dy], { ...conv2dAttrs(options), kernel });
  return [dw, db];
}
