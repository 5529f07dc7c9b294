import maxSource from '../../shaders/pooling/max.wgsl?raw';
import gatherSource from '../../shaders/pooling/max_gradient.wgsl?raw';
import cellsSource from '../../shaders/pooling/max_gradient_cells.wgsl?raw';
import { linearGrid } from './op.ts';
import type { LowerContext, Op } from './op.ts';
import { imageAxes, poolAttrs, poolConstants, poolSpec, reachesOver } from './pool2d.ts';
import type { Pool2dAttrs, Pool2dGradientAttrs, Pool2dOptions } from './pool2d.ts';
import { reduceMax } from './reduce.ts';
import { apply, sizeOf } from './tensor.ts';
import type { Node, Tensor } from './tensor.ts';
import { streamingWorkgroup, valueType } from './values.ts';
import type { Width } from './values.ts';

const kernels = {
  forward: { name: 'pooling/max', source: maxSource },
  gather: { name: 'pooling/max_gradient', source: gatherSource },
  cells: { name: 'pooling/max_gradient_cells', source: cellsSource },
};

/** Four taps travel in the bytes of one word where channels come in fours and a tap fits a byte. */
function tapWidth(channels: number, [height, width]: readonly [number, number]): Width {
  return channels % 4 === 0 && height * width <= 256 ? 4 : 1;
}

const PACK = 'return dot(taps, vec4u(1u, 256u, 65536u, 16777216u));';
const UNPACK = 'return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);';
const aliasesOf = (width: Width) => ({ Value: valueType('f32', width), Tap: valueType('u32', width) });

/** Outputs: the values [N, OH, OW, C] (f32), and the winners' taps (u32, packed) for the gradient. */
export const maxPool2dOp: Op<Pool2dAttrs> = {
  name: 'maxPool2d',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x], attrs) {
    const values = poolSpec('maxPool2d', x, attrs);
    const [n, h, w, channels] = values.shape;
    return [values, { shape: [n, h, w, channels / tapWidth(channels, attrs.poolSize)], dtype: 'u32' }];
  },
  lower(node, context) {
    const [input] = node.inputs;
    const [output, argmax] = node.outputs;
    const width = tapWidth(input.shape[3], node.attrs.poolSize);
    const size = sizeOf(output.shape) / width;
    const workgroupSize = streamingWorkgroup(context.target);
    const { workgroups, gridX } = linearGrid(size, workgroupSize);
    context.dispatch({
      kernel: kernels.forward,
      constants: {
        ...poolConstants(node.op.name, input.shape, node.attrs, width),
        SIZE: size,
        PADDED: reachesOver(node.op.name, input.shape, node.attrs),
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      aliases: aliasesOf(width),
      functions: width === 4 ? { pack_taps: PACK } : undefined,
      bindings: { input, output, argmax },
      workgroups,
      epilogue: true,
      flops: sizeOf(output.shape) * sizeOf(node.attrs.poolSize),
    });
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
  lower(node, context) {
    const { strides, poolSize, inputShape } = node.attrs;
    const apart = strides[0] >= poolSize[0] && strides[1] >= poolSize[1];
    // Large cells mean long walks by few invocations, which only a CPU is good at.
    const cells = apart && (sizeOf(strides) <= 16 || context.target.software);
    const candidates = apart ? (['gather', 'cells'] as const) : (['gather'] as const);
    const variant = context.choose<'gather' | 'cells'>(node.op.name, candidates, cells ? 'cells' : 'gather');
    const width = tapWidth(inputShape[3], poolSize);
    const constants = poolConstants(node.op.name, inputShape, node.attrs, width);
    if (variant === 'gather') return emitGradient(node, context, 'gather', sizeOf(inputShape) / width, width, constants);
    const { HEIGHT, WIDTH, CHANNELS, OUT_HEIGHT, OUT_WIDTH, STRIDE_Y, STRIDE_X, PAD_TOP, PAD_LEFT } = constants;
    const CELLS_Y = Math.ceil((HEIGHT + PAD_TOP) / STRIDE_Y);
    const CELLS_X = Math.ceil((WIDTH + PAD_LEFT) / STRIDE_X);
    emitGradient(node, context, 'cells', inputShape[0] * CELLS_Y * CELLS_X * CHANNELS, width, {
      ...constants,
      CELLS_Y,
      CELLS_X,
      RAGGED: PAD_TOP > 0 || PAD_LEFT > 0 || CELLS_Y * STRIDE_Y > HEIGHT || CELLS_X * STRIDE_X > WIDTH,
      PARTIAL: CELLS_Y > OUT_HEIGHT || CELLS_X > OUT_WIDTH,
    });
  },
  gradient: { reason: 'second derivatives of max pooling are not provided' },
};

function emitGradient(
  { inputs: [gradient, argmax], outputs: [output] }: Node,
  context: LowerContext,
  variant: 'gather' | 'cells',
  size: number,
  width: Width,
  constants: Readonly<Record<string, number | boolean>>,
): void {
  const workgroupSize = streamingWorkgroup(context.target);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  context.dispatch({
    kernel: kernels[variant],
    constants: { ...constants, SIZE: size, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
    aliases: aliasesOf(width),
    functions: width === 4 ? { unpack_taps: UNPACK } : undefined,
    bindings: { gradient, argmax, output },
    workgroups,
    epilogue: true,
  });
}

/**
 * The largest element of each window of x [N, H, W, C], per channel → [N, OH, OW, C]. Padding never
 * wins. At ties the first element, row by row, gets the gradient.
 */
export function maxPool2d(x: Tensor, options: Pool2dOptions = {}): Tensor {
  return apply(maxPool2dOp, [x], poolAttrs(options));
}

/** The largest element of each channel's image, [N, H, W, C] → [N, C]. Ties share the gradient equally. */
export function globalMaxPool2d(x: Tensor): Tensor {
  return reduceMax(x, { axes: imageAxes('globalMaxPool2d', x.shape) });
}
