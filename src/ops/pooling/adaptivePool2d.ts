import averageSource from '../../../shaders/pooling/adaptive_average.wgsl?raw';
import averageGradientSource from '../../../shaders/pooling/adaptive_average_gradient.wgsl?raw';
import maxSource from '../../../shaders/pooling/adaptive_max.wgsl?raw';
import maxGradientSource from '../../../shaders/pooling/adaptive_max_gradient.wgsl?raw';
import type { KernelFile } from '../../kernels/kernel.ts';
import { apply, requireTensor } from '../core/node.ts';
import { derivedElsewhere, linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op, Operand, Tensor } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import type { Shape, TensorSpec } from '../core/shape.ts';
import { requireDtype, requireExtents, streamingWorkgroup, valueType, widthOf } from '../core/values.ts';
import { requirePair, toPair } from '../core/window.ts';
import type { Pair } from '../core/window.ts';
import { averagePool2d } from './averagePool2d.ts';
import { maxPool2d } from './maxPool2d.ts';
import { imageAxes } from './pool2d.ts';

const kernels = {
  average: { name: 'pooling/adaptive_average', source: averageSource },
  averageGradient: { name: 'pooling/adaptive_average_gradient', source: averageGradientSource },
  max: { name: 'pooling/adaptive_max', source: maxSource },
  maxGradient: { name: 'pooling/adaptive_max_gradient', source: maxGradientSource },
};

export interface AdaptiveAttrs {
  /** Height and width of the images before and after. */
  readonly from: Pair;
  readonly to: Pair;
}

/** The largest of the windows, from ⌊o · extent / out⌋ to before ⌈(o + 1) · extent / out⌉. */
const largestWindow = (extent: number, out: number) =>
  Math.max(
    ...Array.from(
      { length: out },
      (_, o) => Math.ceil(((o + 1) * extent) / out) - Math.floor((o * extent) / out),
    ),
  );

/** The most windows over one element, which lies in those from ⌊i · out / extent⌋ to ⌊((i + 1) · out − 1) / extent⌋. */
const mostWindows = (extent: number, out: number) =>
  Math.max(
    ...Array.from(
      { length: extent },
      (_, i) => Math.floor(((i + 1) * out - 1) / extent) - Math.floor((i * out) / extent) + 1,
    ),
  );

function lower(
  node: Node<AdaptiveAttrs>,
  kernel: KernelFile,
  bindings: Readonly<Record<string, Operand>>,
  context: LowerContext,
): void {
  const { from, to } = node.attrs;
  const [output] = node.outputs;
  const width = widthOf(node, output.shape[3]);
  const size = sizeOf(output.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  const backwards = kernel === kernels.averageGradient || kernel === kernels.maxGradient;
  const [y, x] = [0, 1].map((axis) => (backwards ? mostWindows : largestWindow)(from[axis], to[axis]));
  context.dispatch({
    kernel,
    constants: {
      SIZE: size,
      HEIGHT: from[0],
      WIDTH: from[1],
      CHANNELS: output.shape[3] / width,
      OUT_HEIGHT: to[0],
      OUT_WIDTH: to[1],
      ...(backwards ? { OVERLAP_Y: y, OVERLAP_X: x } : { WINDOW_HEIGHT: y, WINDOW_WIDTH: x }),
      SOFTWARE: context.target.software,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    aliases: {
      Value: valueType('f32', width),
      ...('argmax' in bindings && { Place: valueType('u32', width) }),
    },
    bindings: { ...bindings, output },
    workgroups,
    epilogue: true,
    flops: sizeOf(output.shape) * x * y,
  });
}

export function adaptiveSpec(opName: string, x: TensorSpec, to: Pair): TensorSpec {
  requireDtype(opName, x, ['f32']);
  requireExtents(opName, 'outputSize', to);
  return { shape: [x.shape[0], ...to, x.shape[3]], dtype: 'f32' };
}

const inputSpec = ([batch, , , channels]: Shape, from: Pair): TensorSpec => ({
  shape: [batch, ...from, channels],
  dtype: 'f32',
});

export const adaptiveAveragePool2dOp: Op<AdaptiveAttrs> = {
  name: 'adaptiveAveragePool2d',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: ([x], { to }) => [adaptiveSpec('adaptiveAveragePool2d', x, to)],
  lower: (node, context) => lower(node, kernels.average, { input: node.inputs[0] }, context),
  gradient: ({ attrs }, [dy]) => [dy && apply(adaptiveAveragePool2dGradientOp, [dy], attrs)],
};

/** dL/dx from dL/dy. */
export const adaptiveAveragePool2dGradientOp: Op<AdaptiveAttrs> = {
  name: 'adaptiveAveragePool2dGradient',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: ([dy], { from }) => [inputSpec(dy.shape, from)],
  lower: (node, context) => lower(node, kernels.averageGradient, { gradient: node.inputs[0] }, context),
  // linear in dy: its adjoint is the pool itself
  gradient: ({ attrs }, [ddx]) => [ddx && apply(adaptiveAveragePool2dOp, [ddx], attrs)],
};

/** Outputs: the values, and the winners' places in their images (u32) for the gradient, both [N, OH, OW, C]. */
export const adaptiveMaxPool2dOp: Op<AdaptiveAttrs> = {
  name: 'adaptiveMaxPool2d',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x], { to }) {
    const values = adaptiveSpec('adaptiveMaxPool2d', x, to);
    return [values, { shape: values.shape, dtype: 'u32' }];
  },
  lower: (node, context) =>
    lower(node, kernels.max, { input: node.inputs[0], argmax: node.outputs[1] }, context),
  gradient: ({ outputs: [, argmax], attrs }, [dy]) => [
    dy && apply(adaptiveMaxPool2dGradientOp, [dy, argmax], attrs),
  ],
};

/** dL/dx from dL/dy and the winners' places. */
export const adaptiveMaxPool2dGradientOp: Op<AdaptiveAttrs> = {
  name: 'adaptiveMaxPool2dGradient',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: ([dy], { from }) => [inputSpec(dy.shape, from)],
  lower: (node, context) =>
    lower(node, kernels.maxGradient, { gradient: node.inputs[0], argmax: node.inputs[1] }, context),
  gradient: derivedElsewhere,
};

/** The pool to a size, and with equal windows the ordinary pool that it then is. */
function adaptive(
  op: Op<AdaptiveAttrs>,
  ordinary: (x: Tensor, options: { poolSize: Pair }) => Tensor,
  x: Tensor,
  outputSize: number | Pair,
): Tensor {
  requireTensor(op.name, x);
  const [height, width] = imageAxes(op.name, x.shape).map((axis) => x.shape[axis]);
  const attrs: AdaptiveAttrs = { from: [height, width], to: toPair(outputSize) };
  requirePair(op.name, 'outputSize', attrs.to);
  op.infer([x], attrs);
  const { to } = attrs;
  if (height % to[0] !== 0 || width % to[1] !== 0) return apply(op, [x], attrs);
  return ordinary(x, { poolSize: [height / to[0], width / to[1]] });
}

/**
 * The means of windows that cover images x [N, H, W, C], however large they are → [N, OH, OW, C]: window o goes from row
 * ⌊o · H / OH⌋ to before row ⌈(o + 1) · H / OH⌉, as in PyTorch's adaptive_avg_pool2d. Where H is not a multiple of OH,
 * windows differ in size, and neighbours may share elements. A window with a NaN, or with both infinities, is NaN, one
 * with an infinity infinite.
 *
 * @param outputSize [OH, OW], or one number for both; also larger than the image
 * @throws ShapeError if x is not a batch of images, or an extent is not a whole number of at least 1
 */
export function adaptiveAveragePool2d(x: Tensor, outputSize: number | Pair): Tensor {
  return adaptive(adaptiveAveragePool2dOp, averagePool2d, x, outputSize);
}

/**
 * The largest elements of the windows of `adaptiveAveragePool2d`, per channel, as in PyTorch's adaptive_max_pool2d; NaN
 * where a window has one. At ties the first element, row by row, gets the gradient.
 *
 * @param outputSize [OH, OW], or one number for both; also larger than the image
 * @throws ShapeError if x is not a batch of images, or an extent is not a whole number of at least 1
 */
export function adaptiveMaxPool2d(x: Tensor, outputSize: number | Pair): Tensor {
  return adaptive(adaptiveMaxPool2dOp, maxPool2d, x, outputSize);
}
