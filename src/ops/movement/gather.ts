import gatherSource from '../../../shaders/movement/gather.wgsl?raw';
import oneHotSource from '../../../shaders/movement/one_hot.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import { LateKernels } from '../core/late.ts';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { normalizeAxis, sizeOf } from '../core/shape.ts';
import { requireDtype, streamingWorkgroup, WORDS } from '../core/values.ts';
import { lowerGather } from './gatherPlan.ts';
import type { GatherAttrs, GatherGradientAttrs } from './gatherPlan.ts';

export const gatherKernel = { name: 'movement/gather', source: gatherSource };
const kernels = {
  gather: gatherKernel,
  oneHot: { name: 'movement/one_hot', source: oneHotSource },
};

export const gatherGradient = /* @__PURE__ */ new LateKernels(
  'the gradient of gather',
  async () => await import('./gatherGradientKernels.ts'),
);

export const gatherOp: Op<GatherAttrs> = {
  name: 'gather',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x, indices], { axis }) {
    requireDtype('gather', x, WORDS);
    requireDtype('gather indices', indices, ['i32', 'u32']);
    return [{ shape: x.shape.toSpliced(axis, 1, ...indices.shape), dtype: x.dtype }];
  },
  lower: (node, context) =>
    lowerGather(node, kernels.gather, 'input', node.inputs[0].shape, node.attrs.axis, context),
  gradient: ({ inputs: [x, indices], attrs: { axis } }, [dy]) => [
    dy && apply(gatherGradientOp, [dy, indices], { axis, shape: x.shape }),
    undefined,
  ],
};

/**
 * Slices of x picked along `axis` (default 0): result shape x.shape[0 … axis) + indices.shape +
 * x.shape(axis …]. `gather(table, ids)` looks up rows of an embedding table. Indices are i32; one
 * outside [0, x.shape[axis]) gives zeros, whatever x holds; NaN and ±Infinity are moved as they are. The gradient is summed in the
 * order of the indices: along the first axis by their chains (see shaders/movement/gather_links.wgsl).
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  requireTensor('gather', x);
  return apply(gatherOp, [x, indices], { axis: normalizeAxis(axis, x.shape, 'gather') });
}

export const gatherGradientOp: Op<GatherGradientAttrs> = {
  name: 'gatherGradient',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: ([dy], { shape }) => [{ shape, dtype: dy.dtype }],
  late: gatherGradient,
  lower: (node, context) => gatherGradient.value.lowerGatherGradient(node, context),
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
