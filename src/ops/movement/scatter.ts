import { ArgumentError, ShapeError } from '../../errors.ts';
import { constant } from '../core/leaves.ts';
import { apply, requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, normalizeAxis, sameShape, sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { requireDtype, WORDS } from '../core/values.ts';
import { add, equal, where } from '../elementwise/elementwise.ts';
import { broadcastTo } from '../reduce/sum.ts';
import { gather, gatherGradient, gatherGradientOp, gatherKernel } from './gather.ts';
import { lowerGather } from './gatherPlan.ts';
import type { GatherAttrs, GatherGradientAttrs } from './gatherPlan.ts';
import { reshape } from './movement.ts';

/** Throws unless both have the same extents, but along the axis. */
function requireBeside(opName: string, x: Shape, indices: Shape, axis: number): void {
  if (indices.length === x.length && indices.every((extent, i) => i === axis || extent === x[i])) return;
  throw new ShapeError(
    `${opName}: the indices ${formatShape(indices)} and the tensor ${formatShape(x)} may differ along axis ${axis} only; broadcastTo makes them fit`,
  );
}

export const takeAlongAxisOp: Op<GatherAttrs> = {
  name: 'takeAlongAxis',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x, indices], { axis }) {
    requireDtype('takeAlongAxis', x, WORDS);
    requireDtype('takeAlongAxis indices', indices, ['i32', 'u32']);
    requireBeside('takeAlongAxis', x.shape, indices.shape, axis);
    return [{ shape: indices.shape, dtype: x.dtype }];
  },
  lower: (node, context) =>
    lowerGather(node, gatherKernel, 'input', node.inputs[0].shape, node.attrs.axis, context, { along: true }),
  gradient: ({ inputs: [x, indices], attrs: { axis } }, [dy]) => [
    dy && apply(addAlongAxisOp, [dy, indices], { axis, shape: x.shape }),
    undefined,
  ],
};

/** The adjoint of `takeAlongAxis`: adds each element of dy at its index. */
export const addAlongAxisOp: Op<GatherGradientAttrs> = {
  name: 'addAlongAxis',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: ([dy], { shape }) => [{ shape, dtype: dy.dtype }],
  late: gatherGradient,
  lower: (node, context) => gatherGradient.value.lowerScatter(node, context, { along: true }),
  gradient: ({ inputs: [, indices], attrs: { axis } }, [ddx]) => [
    ddx && takeAlongAxis(ddx, indices, axis),
    undefined,
  ],
};

/**
 * One element of x for each index, along `axis` (default: the last): y[o, k, i] = x[o, indices[o, k, i], i], of the shape of the
 * indices, which is that of x but along the axis. `takeAlongAxis(x, argsort(x))` sorts. Indices are i32; one outside gives 0. The
 * gradient takes time in proportion to the elements of x times the indices along the axis.
 *
 * @throws ShapeError where the shapes differ along another axis
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis = -1): Tensor {
  requireTensor('takeAlongAxis', x);
  return apply(takeAlongAxisOp, [x, indices], { axis: normalizeAxis(axis, x.shape, 'takeAlongAxis') });
}

/** Slices that are put at indices of x: as `gather` takes them. */
function checkUpdates(
  opName: string,
  x: Tensor,
  indices: Tensor,
  updates: Tensor,
  axis: number,
  dtypes: typeof WORDS,
): number {
  requireTensor(opName, x);
  requireTensor(opName, indices, 'input 2');
  requireTensor(opName, updates, 'input 3');
  const at = normalizeAxis(axis, x.shape, opName);
  requireDtype(opName, x, dtypes);
  requireDtype(`${opName} indices`, indices, ['i32', 'u32']);
  if (updates.dtype !== x.dtype) {
    throw new ArgumentError(`${opName}: updates of ${updates.dtype} for a tensor of ${x.dtype}; cast them`);
  }
  const shape = x.shape.toSpliced(at, 1, ...indices.shape);
  if (!sameShape(updates.shape, shape)) {
    throw new ShapeError(
      `${opName}: updates ${formatShape(updates.shape)} at indices ${formatShape(indices.shape)} along axis ${at} of ${formatShape(x.shape)} must be ${formatShape(shape)}: a slice for each index`,
    );
  }
  return at;
}

/**
 * x with slices added at indices along `axis` (default 0): JAX's x.at[indices].add(updates). Indices are i32, may repeat, and have
 * no effect outside. Slices of one index are added in their order, so that the bits are the same in every run. Takes time in
 * proportion to x.shape[axis] · number of indices.
 *
 * @throws ShapeError unless updates have the shape of `gather(x, indices, axis)`
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, axis = 0): Tensor {
  const at = checkUpdates('scatterAdd', x, indices, updates, axis, ['f32']);
  return add(x, apply(gatherGradientOp, [updates, indices], { axis: at, shape: x.shape }));
}

/** Puts together slices; where several have an index, the last. */
export const putLastOp: Op<GatherGradientAttrs> = {
  name: 'putLast',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: ([updates], { shape }) => [{ shape, dtype: updates.dtype }],
  late: gatherGradient,
  lower: (node, context) => gatherGradient.value.lowerScatter(node, context, { last: true }),
  // dy goes to the slice that was taken: the last of its index
  gradient({ inputs: [updates, indices], attrs: { axis, shape } }, [dy]) {
    const row = reshape(indices, [-1]);
    const places = constant(Float32Array.from({ length: sizeOf(row.shape) }, (_, i) => i));
    const last = gather(apply(putLastOp, [places, row], { axis: 0, shape: [shape[axis]] }), row);
    const won = reshape(equal(last, places), [
      ...indices.shape,
      ...Array<number>(shape.length - axis - 1).fill(1),
    ]);
    return [dy && where(broadcastTo(won, updates.shape), gather(dy, indices, axis), 0), undefined];
  },
};

/**
 * x with slices put at indices along `axis` (default 0): JAX's x.at[indices].set(updates). Of slices with one index the last is
 * taken. Indices are i32, and have no effect outside. Takes time in proportion to x.shape[axis] · number of indices.
 *
 * @throws ShapeError unless updates have the shape of `gather(x, indices, axis)`
 */
export function scatterUpdate(x: Tensor, indices: Tensor, updates: Tensor, axis = 0): Tensor {
  const at = checkUpdates('scatterUpdate', x, indices, updates, axis, ['f32']);
  const put = apply(putLastOp, [updates, indices], { axis: at, shape: x.shape });
  const row = reshape(indices, [-1]);
  const ones = constant(new Float32Array(sizeOf(row.shape)).fill(1));
  const hit = apply(putLastOp, [ones, row], { axis: 0, shape: [x.shape[at]] });
  const beside = Array<number>(x.shape.length - at - 1).fill(1);
  return where(reshape(hit, [-1, ...beside]), put, x);
}
