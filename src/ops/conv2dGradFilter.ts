import { conv2d } from './conv2d.ts';
import { conv2dGradInput } from './conv2dGradInput.ts';
import { conv2dAttrs, conv2dSize, requireFloats, requireOutputShape } from './conv2dGeometry.ts';
import type { Conv2dAttrs, Conv2dOptions } from './conv2dGeometry.ts';
import { lowerConv2dGradFilter } from './conv2dGradFilterKernels.ts';
import { add } from './elementwise.ts';
import { fill } from './leaves.ts';
import type { Op } from './op.ts';
import { apply, applyAll } from './tensor.ts';
import type { Node, Shape, Tensor, TensorSpec } from './tensor.ts';
import type { Pair } from './window.ts';

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

/** dL/dw of conv2d(x, w) from x and dy. */
export const conv2dGradFilterOp: Op<Conv2dGradFilterAttrs> = {
  name: 'conv2dGradFilter',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: (inputs, attrs) => [{ shape: checkedShape('conv2dGradFilter', inputs, attrs), dtype: 'f32' }],
  lower(node, context) {
    const [x, dy] = node.inputs;
    lowerConv2dGradFilter(node.op.name, sizeOfNode(node), { x, dy, dw: node.outputs[0] }, context);
  },
  gradient: ({ inputs, attrs }, [g]) => (g ? productGradients(inputs, g, attrs) : []),
};

/** Both gradients of conv2d(x, w) + bias that need all of dy: dL/dw, and dL/dbias = Σ_{n, oy, ox} dy. */
export const conv2dGradFilterBiasOp: Op<Conv2dGradFilterAttrs> = {
  name: 'conv2dGradFilterBias',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: (inputs, attrs) => [
    { shape: checkedShape('conv2dGradFilterBias', inputs, attrs), dtype: 'f32' },
    { shape: [inputs[1].shape[3]], dtype: 'f32' },
  ],
  lower(node, context) {
    const [x, dy] = node.inputs;
    const [dw, db] = node.outputs;
    lowerConv2dGradFilter(node.op.name, sizeOfNode(node), { x, dy, dw, db }, context);
  },
  gradient({ inputs, attrs }, [g, gb]) {
    const [gx, gdy] = g ? productGradients(inputs, g, attrs) : [];
    return [gx, gb ? add(gdy ?? fill(inputs[1].shape, 0), gb) : gdy];
  },
};

// dw = Σ x · dy is linear in each factor. The products that meet a weight are those of the convolution, so
// by x it is the input gradient with g in the place of the weights, and by dy the convolution of x with g.
function productGradients(
  [x, dy]: readonly Tensor[],
  g: Tensor,
  attrs: Conv2dGradFilterAttrs,
): [Tensor, Tensor] {
  return [conv2dGradInput(dy, g, x.shape, attrs), conv2d(x, g, attrs)];
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
