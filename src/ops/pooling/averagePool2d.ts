import averageSource from '../../../shaders/pooling/average.wgsl?raw';
import gradientSource from '../../../shaders/pooling/average_gradient.wgsl?raw';
import type { KernelFile } from '../../kernels/kernel.ts';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op, Tensor } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { streamingWorkgroup, valueType, widthOf } from '../core/values.ts';
import { reduceMean } from '../reduce/reduce.ts';
import { imageAxes, poolAttrs, poolConstants, poolSpec, pool2dOptions } from './pool2d.ts';
import type { Pool2dAttrs, Pool2dGradientAttrs, Pool2dOptions } from './pool2d.ts';
import { checkOptions } from '../../options.ts';

const kernels = {
  forward: { name: 'pooling/average', source: averageSource },
  gradient: { name: 'pooling/average_gradient', source: gradientSource },
};

function lowerAverage(
  node: Node,
  kernel: KernelFile,
  binding: string,
  inputShape: Shape,
  context: LowerContext,
): void {
  const [output] = node.outputs;
  const width = widthOf(node, output.shape[3]);
  const size = sizeOf(output.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  context.dispatch({
    kernel,
    constants: {
      ...poolConstants(node.op.name, inputShape, node.attrs, width),
      SIZE: size,
      SOFTWARE: context.target.software,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    aliases: { Value: valueType('f32', width) },
    bindings: { [binding]: node.inputs[0], output },
    workgroups,
    epilogue: true,
    flops: sizeOf(output.shape) * sizeOf(node.attrs.poolSize),
  });
}

export const averagePool2dOp: Op<Pool2dAttrs> = {
  name: 'averagePool2d',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: ([x], attrs) => [poolSpec('averagePool2d', x, attrs)],
  lower(node, context) {
    const { shape } = node.inputs[0];
    lowerAverage(node, kernels.forward, 'input', shape, context);
  },
  gradient: ({ inputs: [x], attrs }, [dy]) => [
    dy && apply(averagePool2dGradientOp, [dy], { ...attrs, inputShape: x.shape }),
  ],
};

/** dL/dx from dL/dy. */
export const averagePool2dGradientOp: Op<Pool2dGradientAttrs> = {
  name: 'averagePool2dGradient',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: (_inputs, { inputShape }) => [{ shape: inputShape, dtype: 'f32' }],
  lower: (node, context) => lowerAverage(node, kernels.gradient, 'gradient', node.attrs.inputShape, context),
  // linear in dy: its adjoint is the pool itself
  gradient({ attrs: { poolSize, stride, padding, dilation } }, [ddx]) {
    return [ddx && averagePool2d(ddx, { poolSize, stride, padding, dilation })];
  },
};

/**
 * The mean of each window of x [N, H, W, C], per channel → [N, OH, OW, C]. Padding is not counted, as
 * in TensorFlow and Keras. A window with a NaN, or with both infinities, is NaN, one with an infinity infinite.
 */
export function averagePool2d(x: Tensor, options: Pool2dOptions = {}): Tensor {
  checkOptions('averagePool2d', options, pool2dOptions, 'x, ');
  return apply(averagePool2dOp, [x], poolAttrs(options));
}

/** The mean of each channel's image, [N, H, W, C] → [N, C]; NaN and ±Infinity as in `reduceMean`. */
export function globalAveragePool2d(x: Tensor): Tensor {
  requireTensor('globalAveragePool2d', x);
  return reduceMean(x, { axes: imageAxes('globalAveragePool2d', x.shape) });
}
