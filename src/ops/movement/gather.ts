import gatherSource from '../../../shaders/movement/gather.wgsl?raw';
import gradientSource from '../../../shaders/movement/gather_gradient.wgsl?raw';
import oneHotSource from '../../../shaders/movement/one_hot.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op, Tensor } from '../core/op.ts';
import { normalizeAxis, sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { channelsOf, requireDtype, streamingWorkgroup, valueType, widthOf, WORDS } from '../core/values.ts';

const kernels = {
  gather: { name: 'movement/gather', source: gatherSource },
  gradient: { name: 'movement/gather_gradient', source: gradientSource },
  oneHot: { name: 'movement/one_hot', source: oneHotSource },
};

interface GatherAttrs {
  readonly axis: number;
}

/** What the kernels do beside a gather and its gradient. */
interface Modes {
  /** Every element has an index of its own. */
  readonly along?: boolean;
  /** The last one takes the place, and nothing is added. */
  readonly last?: boolean;
}

/** `table` is the shape of what is indexed. */
export function lowerGather(
  node: Node,
  direction: 'gather' | 'gradient',
  table: Shape,
  axis: number,
  context: LowerContext,
  { along = false, last = false }: Modes = {},
): void {
  const [data, indices] = node.inputs;
  const [output] = node.outputs;
  const inner = sizeOf(table.slice(axis + 1));
  const width = widthOf(node, along ? 1 : inner);
  const size = sizeOf(output.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  context.dispatch({
    kernel: kernels[direction],
    constants: {
      SIZE: size,
      EXTENT: table[axis],
      COUNT: along ? indices.shape[axis] : sizeOf(indices.shape),
      ...(along && { ALONG: true }),
      ...(last && { LAST: true }),
      INNER: inner / width,
      CHANNELS: channelsOf(node, width),
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    aliases: { Value: valueType(output.dtype, width) },
    bindings: { [direction === 'gather' ? 'input' : 'gradient']: data, indices, output },
    workgroups,
    epilogue: true,
  });
}

export const gatherOp: Op<GatherAttrs> = {
  name: 'gather',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x, indices], { axis }) {
    requireDtype('gather', x, WORDS);
    requireDtype('gather indices', indices, ['i32', 'u32']);
    return [{ shape: x.shape.toSpliced(axis, 1, ...indices.shape), dtype: x.dtype }];
  },
  lower: (node, context) => lowerGather(node, 'gather', node.inputs[0].shape, node.attrs.axis, context),
  gradient: ({ inputs: [x, indices], attrs: { axis } }, [dy]) => [
    dy && apply(gatherGradientOp, [dy, indices], { axis, shape: x.shape }),
    undefined,
  ],
};

/**
 * Slices of x picked along `axis` (default 0): result shape x.shape[0 … axis) + indices.shape +
 * x.shape(axis …]. `gather(table, ids)` looks up rows of an embedding table. Indices are i32; one
 * outside [0, x.shape[axis]) gives zeros, whatever x holds; NaN and ±Infinity are moved as they are. The gradient takes time in proportion to
 * x.shape[axis] · number of indices (see shaders/movement/gather_gradient.wgsl).
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  requireTensor('gather', x);
  return apply(gatherOp, [x, indices], { axis: normalizeAxis(axis, x.shape, 'gather') });
}

interface GatherGradientAttrs extends GatherAttrs {
  readonly shape: Shape;
}

export const gatherGradientOp: Op<GatherGradientAttrs> = {
  name: 'gatherGradient',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: ([dy], { shape }) => [{ shape, dtype: dy.dtype }],
  lower: (node, context) => lowerGather(node, 'gradient', node.attrs.shape, node.attrs.axis, context),
  // linear in dy: its adjoint is the gather itself
  gradient: ({ inputs: [, indices], attrs: { axis } }, [ddx]) => [
    ddx && gather(ddx, indices, axis),
    undefined,
  ],
};

interface OneHotAttrs {
  readonly depth: number;
}

export const oneHotOp: Op<OneHotAttrs> = {
  name: 'oneHot',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([indices], { depth }) {
    requireDtype('oneHot', indices, ['i32', 'u32']);
    if (!Number.isInteger(depth) || depth < 1) {
      throw new ArgumentError(`oneHot: depth must be a whole number of at least 1, not ${depth}`);
    }
    return [{ shape: [...indices.shape, depth], dtype: 'f32' }];
  },
  lower(node, context) {
    const [output] = node.outputs;
    const size = sizeOf(output.shape);
    const workgroupSize = streamingWorkgroup(context.target, size);
    const { workgroups, gridX } = linearGrid(size, workgroupSize);
    context.dispatch({
      kernel: kernels.oneHot,
      constants: { SIZE: size, DEPTH: node.attrs.depth, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
      bindings: { indices: node.inputs[0], output },
      workgroups,
      epilogue: true,
    });
  },
  gradient: { reason: 'its input is an integer' },
};

/** i32 […] → f32 […, depth]: 1 at the index and 0 elsewhere; an index outside [0, depth) gives zeros. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  return apply(oneHotOp, [indices], { depth });
}
