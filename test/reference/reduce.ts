import { array, coordsOf, indexOf, map, sizeOf, zeros, type Array64 } from './array.ts';

export type Reduction = 'sum' | 'mean' | 'max' | 'min' | 'prod';

export interface ReduceOptions {
  /** Dimensions to reduce; negative ones count from the last. Default: all. */
  axes?: readonly number[];
  /** Keep reduced dimensions with extent 1. Default false. */
  keepDims?: boolean;
}

const reducers: Record<Reduction, (values: readonly number[]) => number> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  max: (values) => values.reduce((best, value) => Math.max(best, value), -Infinity),
  min: (values) => values.reduce((best, value) => Math.min(best, value), Infinity),
  prod: (values) => values.reduce((product, value) => product * value, 1),
};

/**
 * For each output element, the positions of the input elements it is made of, in row-major order;
 * and the output's shape.
 */
export function groupsOf(
  shape: readonly number[],
  options: ReduceOptions = {},
): { shape: number[]; groups: number[][] } {
  const rank = shape.length;
  const axes = (options.axes ?? shape.map((_, axis) => axis)).map((axis) => (axis < 0 ? axis + rank : axis));
  const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const groups: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
  for (let i = 0; i < sizeOf(shape); i++) {
    const coords = coordsOf(shape, i).map((coord, axis) => (axes.includes(axis) ? 0 : coord));
    groups[indexOf(kept, coords)].push(i);
  }
  return { shape: options.keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis)), groups };
}

/** Reduces x over the given axes. */
export function reduce(name: Reduction, x: Array64, options: ReduceOptions = {}): Array64 {
  const { shape, groups } = groupsOf(x.shape, options);
  return array(
    shape,
    groups.map((group) => reducers[name](group.map((i) => x.data[i]))),
  );
}

/**
 * Gradient of `reduce`. For max and min, elements that tie share the gradient equally, as in TensorFlow and
 * JAX. For prod it is dy times the product of the others (right where elements are 0, too).
 */
export function reduceGrad(name: Reduction, x: Array64, dy: Array64, options: ReduceOptions = {}): Array64 {
  const dx = zeros(x.shape);
  groupsOf(x.shape, options).groups.forEach((group, out) => {
    const values = group.map((i) => x.data[i]);
    const extreme = reducers[name](values);
    const ties = values.filter((value) => value === extreme).length;
    group.forEach((i, position) => {
      const partial = {
        sum: () => 1,
        mean: () => 1 / group.length,
        max: () => (x.data[i] === extreme ? 1 : 0) / ties, // NaN in a group with a NaN, which ties with nothing
        min: () => (x.data[i] === extreme ? 1 : 0) / ties,
        prod: () => reducers.prod(values.filter((_, other) => other !== position)),
      }[name]();
      dx.data[i] = dy.data[out] * partial;
    });
  });
  return dx;
}

/** Index of the largest element along an axis (default: the last), or of the first NaN; at ties the first wins. */
export function argmax(x: Array64, axis = -1, keepDims = false): Array64 {
  const { shape, groups } = groupsOf(x.shape, { axes: [axis], keepDims });
  return array(
    shape,
    groups.map((group) => {
      const values = group.map((i) => x.data[i]);
      const largest = reducers.max(values);
      return values.findIndex((value) => Object.is(value, largest) || value === largest);
    }),
  );
}

/** Mean and biased variance (divided by the count) over the given axes. */
export function moments(x: Array64, options: ReduceOptions = {}): { mean: Array64; variance: Array64 } {
  const { groups } = groupsOf(x.shape, options);
  const mean = reduce('mean', x, options);
  const variance = map(
    mean,
    (m, out) => groups[out].reduce((sum, i) => sum + (x.data[i] - m) ** 2, 0) / groups[out].length,
  );
  return { mean, variance };
}
