import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { constant } from '../core/leaves.ts';
import { isTensor, requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape, normalizeAxes, normalizeAxis, sizeOf } from '../core/shape.ts';
import { requireDtype, requireList } from '../core/values.ts';
import { remainder, subtract } from '../elementwise/integers.ts';
import { broadcastTo } from '../reduce/sum.ts';
import { concat } from './concat.ts';
import { gather } from './gather.ts';
import { reshape, reverse, slice, transpose } from './movement.ts';

/*
 * NumPy's rearrangements, composed of copies that have gradients. They leave NaN and ±Infinity as they are, take every type of
 * four bytes, and any number of dimensions.
 */

type Counts = number | readonly number[];
const listOf = (value: Counts): readonly number[] => (typeof value === 'number' ? [value] : value);

/** Throws unless all are whole numbers of at least `least`. */
function requireCounts(opName: string, what: string, counts: readonly number[], least: number): void {
  requireList(opName, what, counts, '[1, 2]');
  const wrong = counts.find((count) => !Number.isInteger(count) || count < least);
  if (wrong === undefined) return;
  throw new ArgumentError(
    `${opName}: ${what} has ${describe(wrong)}; give whole numbers${least > -Infinity ? ` of at least ${least}` : ''}`,
  );
}

/** Reverses the order of the elements along one axis or several (default: all): NumPy's flip. */
export function flip(x: Tensor, axes?: Counts): Tensor {
  requireTensor('flip', x);
  return reverse(x, normalizeAxes(listOf(axes ?? [...x.shape.keys()]), x.shape, 'flip'));
}

/** The same elements with dimensions of extent 1 put in: `axes` are their places in the result. Costs nothing. */
export function expandDims(x: Tensor, axes: Counts): Tensor {
  requireTensor('expandDims', x);
  const list = listOf(axes);
  const rank = x.shape.length + list.length;
  const places = new Set(list.map((axis) => (axis < 0 ? axis + rank : axis)));
  const known = list.every((axis) => Number.isInteger(axis) && axis >= -rank && axis < rank);
  if (!known || places.size < list.length) {
    throw new ShapeError(
      `expandDims: axes ${formatShape(list)} of a result of rank ${rank}, from ${formatShape(x.shape)}; use each of -${rank} … ${rank - 1} at most once`,
    );
  }
  const extents = x.shape.values();
  return reshape(
    x,
    Array.from({ length: rank }, (_, axis) => (places.has(axis) ? 1 : extents.next().value!)),
  );
}

/** The same elements without dimensions of extent 1: those at `axes`, or (default) all. Costs nothing. */
export function squeeze(x: Tensor, axes?: Counts): Tensor {
  requireTensor('squeeze', x);
  const { shape } = x;
  const ones = [...shape.keys()].filter((axis) => shape[axis] === 1);
  const chosen = axes === undefined ? ones : normalizeAxes(listOf(axes), shape, 'squeeze');
  const long = chosen.find((axis) => shape[axis] !== 1);
  if (long !== undefined) {
    throw new ShapeError(
      `squeeze: axis ${long} of ${formatShape(shape)} has the extent ${shape[long]}; only an extent of 1 can be left out`,
    );
  }
  return reshape(
    x,
    shape.filter((_, axis) => !chosen.includes(axis)),
  );
}

/** Moves dimensions to other places; the others keep their order. Axis source[i] becomes axis destination[i]. */
export function moveAxis(x: Tensor, source: Counts, destination: Counts): Tensor {
  requireTensor('moveAxis', x);
  const [from, to] = [source, destination].map((axes) => normalizeAxes(listOf(axes), x.shape, 'moveAxis'));
  const twice = (axes: readonly number[]) => new Set(axes).size < axes.length;
  if (from.length !== to.length || twice(from) || twice(to)) {
    throw new ShapeError(
      `moveAxis: from ${formatShape(from)} to ${formatShape(to)} in ${formatShape(x.shape)}; give as many places as axes, none twice`,
    );
  }
  const rest = [...x.shape.keys()].filter((axis) => !from.includes(axis)).values();
  const order = x.shape.map((_, axis) => (to.includes(axis) ? from[to.indexOf(axis)] : rest.next().value!));
  return transpose(x, order);
}

/** `shape` before and after each other, dimension by dimension, x repeated along the ones of the other. */
function interleaved(x: Tensor, counts: readonly number[], countFirst: boolean): Tensor {
  const pairs = (count: (axis: number) => number) =>
    x.shape.flatMap((extent, axis) => (countFirst ? [count(axis), extent] : [extent, count(axis)]));
  const wide = broadcastTo(
    reshape(
      x,
      pairs(() => 1),
    ),
    pairs((axis) => counts[axis]),
  );
  return reshape(
    wide,
    x.shape.map((extent, axis) => extent * counts[axis]),
  );
}

/**
 * x side by side with itself, `counts[axis]` times along each axis: [a b] twice is [a b a b]. Where the lists of extents and of
 * counts are not equally long, ones are put before the shorter (NumPy). The gradient adds up the copies.
 */
export function tile(x: Tensor, counts: Counts): Tensor {
  requireTensor('tile', x);
  const list = listOf(counts);
  requireCounts('tile', 'the list of counts', list, 1);
  const rank = Math.max(list.length, x.shape.length);
  const ones = (values: readonly number[]) => [...Array<number>(rank - values.length).fill(1), ...values];
  return interleaved(reshape(x, ones(x.shape)), ones(list), true);
}

/**
 * Every element `counts` times, one after the other: [a b] twice is [a a b b]. A list of counts has one for each element along
 * the axis. Without an axis, of all elements in one row (NumPy). The gradient adds up the copies.
 */
export function repeat(x: Tensor, counts: Counts, axis?: number): Tensor {
  requireTensor('repeat', x);
  const from = axis === undefined ? reshape(x, [-1]) : x;
  const at = normalizeAxis(axis ?? 0, from.shape, 'repeat');
  requireCounts('repeat', 'the list of counts', listOf(counts), typeof counts === 'number' ? 1 : 0);
  if (typeof counts === 'number') {
    return interleaved(
      from,
      from.shape.map((_, own) => (own === at ? counts : 1)),
      false,
    );
  }
  const places = counts.flatMap((count, i) => Array<number>(count).fill(i));
  if (counts.length !== from.shape[at] || places.length === 0) {
    throw new ShapeError(
      `repeat: ${counts.length} counts for axis ${at} of ${formatShape(x.shape)}, which has ${from.shape[at]} elements; give one for each, not all 0`,
    );
  }
  return gather(from, constant(Int32Array.from(places)), at);
}

/** Joins tensors of one shape along a new axis, which is `axis` of the result. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  requireList('stack', 'what is to be joined', tensors, '[a, b]');
  tensors.forEach((tensor, i) => requireTensor('stack', tensor, `input ${i + 1}`));
  const [first] = tensors;
  const other = tensors.find(({ shape }) => `${shape}` !== `${first.shape}`);
  if (!first) throw new ArgumentError('stack: needs at least one tensor, got none');
  if (other) {
    throw new ShapeError(
      `stack: shapes ${formatShape(first.shape)} and ${formatShape(other.shape)} must be equal; concat joins along an axis that they have`,
    );
  }
  const at = normalizeAxis(axis, [...first.shape, 1], 'stack');
  return concat(
    tensors.map((tensor) => expandDims(tensor, at)),
    at,
  );
}

/**
 * Cuts x along an axis (default 0): into `sections` equal parts, or before each of the places in a list, as NumPy's split:
 * [2, 5] gives x[0…2), x[2…5) and x[5…].
 */
export function split(x: Tensor, sections: Counts, axis = 0): Tensor[] {
  requireTensor('split', x);
  const at = normalizeAxis(axis, x.shape, 'split');
  const extent = x.shape[at];
  const equal = typeof sections === 'number';
  requireCounts('split', equal ? 'the number of parts' : 'the list of places', listOf(sections), 1);
  if (equal && extent % sections !== 0) {
    throw new ShapeError(
      `split: axis ${at} of ${formatShape(x.shape)} has ${extent} elements, which are not ${sections} equal parts; give the places to cut at`,
    );
  }
  const cuts = equal
    ? Array.from({ length: sections - 1 }, (_, i) => ((i + 1) * extent) / sections)
    : sections;
  const ends = [...cuts, extent];
  if (ends.some((end, i) => end <= (ends[i - 1] ?? 0))) {
    throw new ShapeError(
      `split: places ${formatShape(cuts)} in axis ${at} of ${formatShape(x.shape)} must ascend and be below ${extent}; no part may be empty`,
    );
  }
  return ends.map((end, i) => part(x, at, ends[i - 1] ?? 0, end));
}

const part = (x: Tensor, axis: number, from: number, to: number): Tensor =>
  slice(
    x,
    x.shape.map((_, i) => (i === axis ? from : 0)),
    x.shape.with(axis, to - from),
  );

/** The slices of x along an axis (default 0), without that axis. */
export function unstack(x: Tensor, axis = 0): Tensor[] {
  requireTensor('unstack', x);
  const at = normalizeAxis(axis, x.shape, 'unstack');
  return split(x, x.shape[at], at).map((each) => squeeze(each, at));
}

/**
 * Moves the elements by `shift` places along an axis, those that leave at one end to the other: [a b c] by 1 is [c a b]. Lists
 * roll along several axes. Without an axis, all elements are one row (NumPy). A shift may also be computed: a tensor i32, [] or
 * [1], for all axes, or [number of axes] with one for each. Numbers cost copies of parts, computed shifts a gather for each axis.
 */
export function roll(x: Tensor, shift: Counts | Tensor, axis?: Counts): Tensor {
  requireTensor('roll', x);
  if (isTensor(shift)) requireDtype('roll shift', shift, ['i32']);
  if (axis === undefined) {
    const row = sizeOf(x.shape);
    const by = isTensor(shift) ? shift : listOf(shift).reduce((sum, own) => sum + own, 0);
    return reshape(roll(reshape(x, [row]), by, 0), x.shape);
  }
  const axes = normalizeAxes(listOf(axis), x.shape, 'roll');
  const shifts = isTensor(shift) ? shiftsOf(shift) : listOf(shift);
  if (!isTensor(shift)) requireCounts('roll', 'the shift', listOf(shift), -Infinity);
  if (shifts.length !== axes.length && shifts.length !== 1) {
    throw new ShapeError(
      `roll: ${shifts.length} shifts for ${axes.length} axes of ${formatShape(x.shape)}; give one for each`,
    );
  }
  return axes.reduce((rolled, at, i) => rollOne(rolled, shifts[shifts.length === 1 ? 0 : i], at), x);
}

function shiftsOf(shift: Tensor): Tensor[] {
  if (shift.shape.length <= 1) return split(reshape(shift, [-1]), sizeOf(shift.shape));
  throw new ShapeError(
    `roll: the shift has the shape ${formatShape(shift.shape)}; give one number, or a row`,
  );
}

function rollOne(x: Tensor, shift: number | Tensor, axis: number): Tensor {
  const extent = x.shape[axis];
  if (isTensor(shift)) {
    const places = constant(Int32Array.from({ length: extent }, (_, i) => i));
    return gather(x, remainder(subtract(places, shift), extent), axis);
  }
  const first = ((-shift % extent) + extent) % extent;
  return first === 0 ? x : concat([part(x, axis, first, extent), part(x, axis, 0, first)], axis);
}
