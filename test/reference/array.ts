/**
 * The array every float64 reference works on. References are naive on purpose: one loop per index of the
 * formula, no blocking, no reuse, so that a reader can see that they are right.
 */
export interface Array64 {
  /** Extent of each dimension, outermost first; [] is a scalar. */
  shape: readonly number[];
  /** Row-major elements. */
  data: Float64Array;
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Row-major strides in elements: [2, 3, 4] → [12, 4, 1]. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** Position in `data` of the element at `coords`. */
export function indexOf(shape: readonly number[], coords: readonly number[]): number {
  return coords.reduce((index, coord, axis) => index * shape[axis] + coord, 0);
}

/** The inverse of `indexOf`: coordinates of the element at a position in `data`. */
export function coordsOf(shape: readonly number[], index: number): number[] {
  const coords = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    coords[axis] = index % shape[axis];
    index = Math.floor(index / shape[axis]);
  }
  return coords;
}

/** Element at the given coordinates. */
export function at(a: Array64, ...coords: number[]): number {
  return a.data[indexOf(a.shape, coords)];
}

/** Wraps values in an array of the given shape; throws where the counts differ. */
export function array(shape: readonly number[], values: ArrayLike<number>): Array64 {
  if (values.length !== sizeOf(shape)) {
    throw new Error(
      `shape [${shape}] holds ${sizeOf(shape)} elements, but ${values.length} values were given`,
    );
  }
  return { shape: [...shape], data: Float64Array.from(values) };
}

export function zeros(shape: readonly number[]): Array64 {
  return { shape: [...shape], data: new Float64Array(sizeOf(shape)) };
}

export function full(shape: readonly number[], value: number): Array64 {
  return { shape: [...shape], data: new Float64Array(sizeOf(shape)).fill(value) };
}

/** The array whose element at `coords` is `f(...coords)`. */
export function fromFunction(shape: readonly number[], f: (...coords: number[]) => number): Array64 {
  const out = zeros(shape);
  for (let i = 0; i < out.data.length; i++) out.data[i] = f(...coordsOf(shape, i));
  return out;
}

/** f of every element. */
export function map(a: Array64, f: (value: number, index: number) => number): Array64 {
  return { shape: a.shape, data: a.data.map(f) };
}

/** Sum of a·b over all elements: the inner product that adjoints and directional derivatives are about. */
export function inner(a: Array64, b: Array64): number {
  if (a.data.length !== b.data.length) throw new Error(`inner product of [${a.shape}] and [${b.shape}]`);
  return a.data.reduce((sum, value, i) => sum + value * b.data[i], 0);
}

/** A copy as float32, to upload. */
export function toFloat32(a: Array64): Float32Array {
  return Float32Array.from(a.data);
}

/**
 * Uniform values in [low, high), the same for the same seed. Each is exactly representable in float32, so a
 * kernel and its reference read the very same input. (Generator: mulberry32, by Tommy Ettinger.)
 */
export function random(seed: number, shape: readonly number[], low = -1, high = 1): Array64 {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  return map(zeros(shape), () => Math.fround(low + (high - low) * next()));
}

/** Integers in [0, bound), the same for the same seed: labels and indices. */
export function randomIntegers(seed: number, shape: readonly number[], bound: number): Array64 {
  return map(random(seed, shape, 0, 1), (value) => Math.min(Math.floor(value * bound), bound - 1));
}
