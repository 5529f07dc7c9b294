import gatherSource from '../../../shaders/pooling/max_gradient.wgsl?raw';
import cellsSource from '../../../shaders/pooling/max_gradient_cells.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { streamingWorkgroup } from '../core/values.ts';
import { poolConstants, poolSpan } from './pool2d.ts';
import { tapAliases, tapWidth } from './taps.ts';
import type { Pool2dGradientAttrs } from './pool2d.ts';

const kernels = {
  gather: { name: 'pooling/max_gradient', source: gatherSource },
  cells: { name: 'pooling/max_gradient_cells', source: cellsSource },
};

const UNPACK = 'return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);';

/** Emits dL/dx from dL/dy and the packed winners. */
export function lowerMaxPool2dGradient(node: Node<Pool2dGradientAttrs>, context: LowerContext): void {
  const { stride, poolSize, inputShape } = node.attrs;
  const span = poolSpan(node.attrs);
  const apart = stride[0] >= span[0] && stride[1] >= span[1];
  // Large cells mean long walks by few invocations, which only a CPU is good at.
  const cells = apart && (sizeOf(stride) <= 16 || context.target.software);
  const candidates = apart ? (['gather', 'cells'] as const) : (['gather'] as const);
  const variant = context.choose<'gather' | 'cells'>(node.op.name, candidates, cells ? 'cells' : 'gather');
  const width = tapWidth(inputShape[3], poolSize);
  const constants = poolConstants(node.op.name, inputShape, node.attrs, width);
  const { HEIGHT, WIDTH, CHANNELS, STRIDE_Y, STRIDE_X, PAD_TOP, PAD_LEFT } = constants;
  const grid =
    variant === 'cells' ? [(HEIGHT + PAD_TOP) / STRIDE_Y, (WIDTH + PAD_LEFT) / STRIDE_X] : [HEIGHT, WIDTH];
  const size = inputShape[0] * sizeOf(grid.map(Math.ceil)) * CHANNELS;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  const [gradient, argmax] = node.inputs;
  context.dispatch({
    kernel: kernels[variant],
    constants: {
      ...constants,
      SIZE: size,
      SOFTWARE: context.target.software,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    aliases: tapAliases(width),
    functions: width === 4 ? { unpack_taps: UNPACK } : undefined,
    bindings: { gradient, argmax, output: node.outputs[0] },
    workgroups,
    epilogue: true,
  });
}
