import lanesSource from '../../../shaders/reduce/arg_lanes.wgsl?raw';
import treeSource from '../../../shaders/reduce/arg_tree.wgsl?raw';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { normalizeAxis, sizeOf } from '../core/shape.ts';
import { keepRolled, requireDtype, streamingWorkgroup, WORDS } from '../core/values.ts';
import { powerOfTwo } from './kernels.ts';
import { reducedShape } from './sum.ts';
import { settle } from '../../options.ts';

const kernels = {
  lanes: { name: 'reduce/arg_lanes', source: lanesSource },
  tree: { name: 'reduce/arg_tree', source: treeSource },
};

interface ArgAttrs {
  readonly axis: number;
  readonly keepDims: boolean;
}

/* @__NO_SIDE_EFFECTS__ */
function argOp(name: string, largest: boolean): Op<ArgAttrs> {
  return {
    name,
    kind: 'kernel',
    infer([x], { axis, keepDims }) {
      requireDtype(name, x, WORDS);
      return [{ shape: reducedShape(x.shape, [axis], keepDims), dtype: 'i32' }];
    },
    lower(node, context) {
      const [input] = node.inputs;
      const [output] = node.outputs;
      const reduce = input.shape[node.attrs.axis];
      const inner = sizeOf(input.shape.slice(node.attrs.axis + 1));
      const size = sizeOf(output.shape);
      const few = !context.target.software && reduce >= 256 && size < 8192;
      const candidates = reduce >= 64 ? (['lanes', 'tree'] as const) : (['lanes'] as const);
      const variant = context.choose<'lanes' | 'tree'>(name, candidates, few ? 'tree' : 'lanes');
      const treeSize = Math.min(256, powerOfTwo(reduce + 1) / 2);
      const workgroupSize = variant === 'tree' ? treeSize : streamingWorkgroup(context.target, size);
      const { workgroups, gridX } = linearGrid(size, variant === 'tree' ? 1 : workgroupSize);
      context.dispatch({
        kernel: kernels[variant],
        constants: {
          LARGEST: largest,
          FLOAT: input.dtype === 'f32',
          SIZE: size,
          REDUCE: reduce,
          INNER: inner,
          WORKGROUP_SIZE: workgroupSize,
          GRID_X: gridX,
          ...(variant === 'tree'
            ? { LEVELS: Math.log2(treeSize) }
            : { ROLLED: keepRolled(context.target, reduce) }),
        },
        aliases: { Value: input.dtype },
        bindings: { input, output },
        workgroups,
        flops: sizeOf(input.shape),
      });
    },
    gradient: { reason: 'an index does not change smoothly' },
  };
}

export const argmaxOp = argOp('argmax', true);
export const argminOp = argOp('argmin', false);

export interface ArgOptions {
  /** Keep the reduced dimension with extent 1. Default false. */
  keepDims?: boolean;
}

/** Index (i32) of the largest element along `axis` (default: the last), or of the first NaN (NumPy); at ties the first wins. */
export function argmax(x: Tensor, axis = -1, options: ArgOptions = {}): Tensor {
  const { keepDims } = settle('argmax', options, { keepDims: false });
  requireTensor('argmax', x);
  return apply(argmaxOp, [x], { axis: normalizeAxis(axis, x.shape, 'argmax'), keepDims });
}

/** Index (i32) of the smallest element along `axis` (default: the last), or of the first NaN (NumPy); at ties the first wins. */
export function argmin(x: Tensor, axis = -1, options: ArgOptions = {}): Tensor {
  const { keepDims } = settle('argmin', options, { keepDims: false });
  requireTensor('argmin', x);
  return apply(argminOp, [x], { axis: normalizeAxis(axis, x.shape, 'argmin'), keepDims });
}
