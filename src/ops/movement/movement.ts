import { ArgumentError, ShapeError } from '../../errors.ts';
import { apply, requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, normalizeAxes, sameShape, sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { requireDtype, requireExtents, requireList, requireRank, WORDS } from '../core/values.ts';
import { lowerStridedCopy, stridesOf } from './stridedCopy.ts';
import { lowerTranspose } from './transposeKernels.ts';
import { checkOptions, describe } from '../../options.ts';

const nothing = () => {};

interface ReshapeAttrs {
  readonly shape: Shape;
}

/** An alias: the same memory under another shape. */
export const reshapeOp: Op<ReshapeAttrs> = {
  name: 'reshape',
  kind: 'alias',
  infer([x], { shape }) {
    requireExtents('reshape', 'shape', shape);
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw new ShapeError(
        `reshape: ${formatShape(x.shape)} has ${sizeOf(x.shape)} elements, but ${formatShape(shape)} needs ${sizeOf(shape)}; use -1 for one extent to have it computed`,
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  lower: nothing,
  gradient: ({ inputs }, [dy]) => [dy && reshape(dy, inputs[0].shape)],
};

/**
 * The same elements, row-major, under another shape. One extent may be -1 and is then computed.
 * Costs nothing: no copy. This and the others that only move elements leave NaN and ±Infinity as they are.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  requireTensor('reshape', x);
  requireList('reshape', 'the shape', shape, '[2, -1]');
  const unknown = shape.filter((extent) => extent === -1).length;
  if (unknown > 1)
    throw new ShapeError(
      `reshape: ${formatShape(shape)} has ${unknown} extents of -1; only one can be computed`,
    );
  const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const resolved = shape.map((extent) => (extent === -1 ? sizeOf(x.shape) / known : extent));
  if (unknown === 1 && !Number.isInteger(sizeOf(x.shape) / known)) {
    throw new ShapeError(
      `reshape: ${formatShape(x.shape)} has ${sizeOf(x.shape)} elements, which the known extents of ${formatShape(shape)} do not divide`,
    );
  }
  return sameShape(x.shape, resolved) ? x : apply(reshapeOp, [x], { shape: resolved });
}

/** Another tensor of the same elements, with its own properties. Costs nothing. */
export const aliasOf = (x: Tensor): Tensor => apply(reshapeOp, [x], { shape: x.shape });

/** [N, …] → [N, product of the rest], as Keras's Flatten layer. Costs nothing. */
export function flatten(x: Tensor): Tensor {
  requireTensor('flatten', x);
  if (x.shape.length === 0)
    throw new ShapeError(
      'flatten: the tensor [] is a single number without a batch dimension; reshape it to [1] first',
    );
  return reshape(x, [x.shape[0], sizeOf(x.shape.slice(1))]);
}

/** An alias through which no gradient passes. */
export const stopGradientOp: Op<Record<string, never>> = {
  name: 'stopGradient',
  kind: 'alias',
  infer: ([x]) => [x],
  lower: nothing,
  gradient: () => [undefined],
};

/** The same values, but a constant to differentiation: no gradient reaches x along this path. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientOp, [x], {});
}

interface TransposeAttrs {
  readonly permutation: readonly number[];
}

export const transposeOp: Op<TransposeAttrs> = {
  name: 'transpose',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x], { permutation }) {
    requireDtype('transpose', x, WORDS);
    requireRank('transpose', `permutation ${formatShape(permutation)}`, permutation, x);
    if (permutation.toSorted((a, b) => a - b).some((from, axis) => from !== axis)) {
      throw new ShapeError(
        `transpose: ${formatShape(permutation)} is not a permutation of 0 … ${x.shape.length - 1}; name every axis once`,
      );
    }
    return [{ shape: permutation.map((from) => x.shape[from]), dtype: x.dtype }];
  },
  lower(node, context) {
    const { shape } = node.inputs[0];
    const strides = stridesOf(shape);
    const axes = node.attrs.permutation.map((from) => ({ extent: shape[from], stride: strides[from] }));
    lowerTranspose(node, axes, context);
  },
  // dimension `axis` of y is dimension permutation[axis] of x, so dx is dy under the inverse permutation
  gradient: ({ attrs: { permutation } }, [dy]) => [
    dy &&
      transpose(
        dy,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  ],
};

/**
 * Reorders dimensions: dimension `axis` of the result is dimension `permutation[axis]` of x.
 * Default: all in reverse order. Costs nothing where only dimensions of extent 1 move.
 */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  requireTensor('transpose', x);
  const axes = normalizeAxes(permutation ?? [...x.shape.keys()].toReversed(), x.shape, 'transpose');
  const [{ shape }] = transposeOp.infer([x], { permutation: axes });
  const moving = axes.filter((axis) => x.shape[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || moving[i - 1] < axis)) return reshape(x, shape);
  return apply(transposeOp, [x], { permutation: axes });
}

interface SliceAttrs {
  readonly begin: readonly number[];
  readonly size: readonly number[];
  readonly step: readonly number[];
}

export const sliceOp: Op<SliceAttrs> = {
  name: 'slice',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x], { begin, size, step }) {
    requireDtype('slice', x, WORDS);
    for (const [what, entries] of Object.entries({ begin, size, step }))
      requireRank('slice', what, entries, x);
    requireExtents('slice', 'size', size);
    if (!step.every((own) => Number.isInteger(own) && own !== 0)) {
      throw new ShapeError(
        `slice: step ${formatShape(step)} must be whole numbers other than 0; a negative one goes backwards`,
      );
    }
    const outside = (place: number, axis: number) => !(place >= 0 && place < x.shape[axis]);
    const last = begin.map((first, axis) => first + (size[axis] - 1) * step[axis]);
    if (!begin.every(Number.isInteger) || begin.some(outside) || last.some(outside)) {
      throw new ShapeError(
        `slice: begin ${formatShape(begin)}, size ${formatShape(size)}, step ${formatShape(step)} leaves the tensor ${formatShape(x.shape)}`,
      );
    }
    return [{ shape: size, dtype: x.dtype }];
  },
  lower(node, context) {
    const { begin, size, step } = node.attrs;
    const strides = stridesOf(node.inputs[0].shape);
    const axes = size.map((extent, axis) => ({ extent, stride: strides[axis] * step[axis] }));
    lowerStridedCopy(
      node,
      axes,
      context,
      begin.reduce((sum, first, axis) => sum + first * strides[axis], 0),
    );
  },
  // dx is dy in its old places, and 0 elsewhere
  gradient({ inputs: [x], attrs: { begin, size, step } }, [dy]) {
    const turns = step.map(Math.sign);
    const starts = turns.map((turn) => (turn < 0 ? -1 : 0));
    const paddings = begin.map((first, axis) => {
      const ends = [first, first + (size[axis] - 1) * step[axis]];
      return [Math.min(...ends), x.shape[axis] - Math.max(...ends) - 1] as const;
    });
    const forwards = dy && slice(dy, starts, size, turns);
    return [forwards && pad(forwards, paddings, { interior: step.map((s) => Math.abs(s) - 1) })];
  },
};

/**
 * The block of extents `size` that starts at `begin`; a size of -1 takes all that is left. With `step`
 * (default 1), every step-th element along that axis: size still counts the elements taken. A negative step goes
 * backwards, and a negative begin counts from the end: `slice(x, [-1], [-1], [-1])` reverses.
 */
export function slice(
  x: Tensor,
  begin: readonly number[],
  size: readonly number[],
  step?: readonly number[],
): Tensor {
  requireTensor('slice', x);
  requireList('slice', 'begin', begin, '[0, 0]');
  requireList('slice', 'size', size, '[2, -1]');
  const steps = step ?? begin.map(() => 1);
  requireList('slice', 'step', steps, '[1, 2]');
  const from = begin.map((first, axis) => (first < 0 ? first + x.shape[axis] : first));
  const sizes = size.map((extent, axis) => {
    const left = steps[axis] < 0 ? from[axis] + 1 : x.shape[axis] - from[axis];
    return extent === -1 ? Math.ceil(left / Math.abs(steps[axis])) : extent;
  });
  const attrs: SliceAttrs = { begin: from, size: sizes, step: [...steps] };
  const [{ shape }] = sliceOp.infer([x], attrs);
  const all = sameShape(shape, x.shape) && steps.every((own, axis) => own > 0 || shape[axis] === 1);
  return all ? x : apply(sliceOp, [x], attrs);
}

interface PadAttrs {
  readonly paddings: readonly (readonly [number, number])[];
  readonly interior: readonly number[];
  readonly value: number;
}

export const padOp: Op<PadAttrs> = {
  name: 'pad',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x], { paddings, interior, value }) {
    requireDtype('pad', x, WORDS);
    requireRank('pad', 'paddings', paddings, x);
    requireRank('pad', 'interior', interior, x);
    if (![...paddings.flat(), ...interior].every((count) => Number.isInteger(count) && count >= 0)) {
      throw new ShapeError(
        `pad: paddings ${JSON.stringify(paddings)} and interior ${JSON.stringify(interior)} must be whole numbers of at least 0; to cut, use slice`,
      );
    }
    const float = x.dtype === 'f32' && (Number.isFinite(Math.fround(value)) || Math.abs(value) === Infinity);
    if (typeof value !== 'number' || (!float && (x.dtype === 'f32' || !Number.isInteger(value)))) {
      throw new ArgumentError(
        `pad: the value ${describe(value)} does not fit ${x.dtype}; f32 goes up to ±3.4e38, and has ±Infinity`,
      );
    }
    const shape = x.shape.map(
      (extent, axis) => paddings[axis][0] + (extent - 1) * (interior[axis] + 1) + 1 + paddings[axis][1],
    );
    return [{ shape, dtype: x.dtype }];
  },
  lower(node, context) {
    const { paddings, interior, value } = node.attrs;
    const [x] = node.inputs;
    const strides = stridesOf(x.shape);
    const axes = node.outputs[0].shape.map((extent, axis) => {
      const axisOf = { extent, stride: strides[axis] };
      const padded = { low: paddings[axis][0], dilation: interior[axis] + 1, inputExtent: x.shape[axis] };
      return extent === x.shape[axis] ? axisOf : { ...axisOf, padded };
    });
    lowerStridedCopy(node, axes, context, 0, value);
  },
  // dx is the part of dy that came from x
  gradient: ({ inputs: [x], attrs: { paddings, interior } }, [dy]) => [
    dy &&
      slice(
        dy,
        paddings.map(([before]) => before),
        x.shape,
        interior.map((gap) => gap + 1),
      ),
  ],
};

/**
 * Surrounds x with `value` (default 0; may be ±Infinity): `paddings[axis] = [before, after]`. With `interior` (default none)
 * also puts that many values between neighbours along each axis, as lax.pad.
 */
export function pad(
  x: Tensor,
  paddings: readonly (readonly [number, number])[],
  options: { value?: number; interior?: readonly number[] } = {},
): Tensor {
  checkOptions('pad', options, { value: true, interior: true }, 'x, paddings, ');
  requireTensor('pad', x);
  const { value = 0, interior = x.shape.map(() => 0) } = options;
  requireList('pad', 'paddings', paddings, '[[1, 1], [0, 2]]');
  for (const pair of paddings) requireList('pad', 'an entry of paddings', pair, '[1, 1]');
  requireList('pad', 'interior', interior, '[0, 1]');
  const attrs: PadAttrs = {
    paddings: paddings.map(([before, after]) => [before, after] as const),
    interior: [...interior],
    value,
  };
  const [{ shape }] = padOp.infer([x], attrs);
  return sameShape(shape, x.shape) ? x : apply(padOp, [x], attrs);
}

interface ReverseAttrs {
  readonly axes: readonly number[];
}

export const reverseOp: Op<ReverseAttrs> = {
  name: 'reverse',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x]) {
    requireDtype('reverse', x, WORDS);
    return [x];
  },
  lower(node, context) {
    const { shape } = node.inputs[0];
    const { axes: reversed } = node.attrs;
    const strides = stridesOf(shape);
    const axes = shape.map((extent, axis) => ({
      extent,
      stride: reversed.includes(axis) ? -strides[axis] : strides[axis],
    }));
    lowerStridedCopy(
      node,
      axes,
      context,
      reversed.reduce((sum, axis) => sum + (shape[axis] - 1) * strides[axis], 0),
    );
  },
  // reversing twice restores
  gradient: ({ attrs: { axes } }, [dy]) => [dy && reverse(dy, axes)],
};

/** Reverses the order of the elements along the given axes (default: all). */
export function reverse(x: Tensor, axes?: readonly number[]): Tensor {
  requireTensor('reverse', x);
  const positive = new Set(normalizeAxes(axes ?? [...x.shape.keys()], x.shape, 'reverse'));
  const effective = [...positive].filter((axis) => x.shape[axis] > 1).toSorted((a, b) => a - b);
  return effective.length === 0 ? x : apply(reverseOp, [x], { axes: effective });
}
