import { coordsOf, fromFunction, indexOf, map, zeros, type Array64 } from './array.ts';

/** `counts[axis]` copies along each axis; both lists are as long as the longer one, with ones before. */
export function tile(x: Array64, counts: readonly number[]): Array64 {
  const rank = Math.max(counts.length, x.shape.length);
  const padded = (list: readonly number[]) => [...Array<number>(rank - list.length).fill(1), ...list];
  const [shape, times] = [padded(x.shape), padded(counts)];
  return fromFunction(
    shape.map((extent, axis) => extent * times[axis]),
    (...coords) => x.data[indexOf(shape, coords.map((coord, axis) => coord % shape[axis]))], // prettier-ignore
  );
}

/** Each slice along the axis as often as its count says. */
export function repeat(x: Array64, counts: number | readonly number[], axis: number): Array64 {
  const dimension = axis < 0 ? axis + x.shape.length : axis;
  const list = typeof counts === 'number' ? Array<number>(x.shape[dimension]).fill(counts) : counts;
  const from = list.flatMap((count, i) => Array<number>(count).fill(i));
  return fromFunction(
    x.shape.map((extent, i) => (i === dimension ? from.length : extent)),
    (...coords) => x.data[indexOf(x.shape, coords.map((coord, i) => (i === dimension ? from[coord] : coord)))], // prettier-ignore
  );
}

/** Element j goes to place j + shift, around the end. */
export function roll(x: Array64, shift: number, axis: number): Array64 {
  const dimension = axis < 0 ? axis + x.shape.length : axis;
  const extent = x.shape[dimension];
  const y = zeros(x.shape);
  x.data.forEach((value, i) => {
    const coords = coordsOf(x.shape, i);
    coords[dimension] = (((coords[dimension] + shift) % extent) + extent) % extent;
    y.data[indexOf(x.shape, coords)] = value;
  });
  return y;
}

/** The triangle of each matrix up to diagonal k, or from it on; 0 elsewhere. */
export function triangle(x: Array64, k: number, upper: boolean): Array64 {
  return map(x, (value, i) => {
    const [row, column] = coordsOf(x.shape, i).slice(-2);
    return (upper ? column - row >= k : column - row <= k) ? value : 0;
  });
}

const along = (shape: readonly number[], coords: readonly number[], axis: number, index: number) =>
  index >= 0 && index < shape[axis] ? indexOf(shape, coords.map((coord, i) => (i === axis ? index : coord))) : -1; // prettier-ignore

/** y[…, k, …] = x[…, indices[…, k, …], …]; 0 for an index outside. */
export function takeAlongAxis(x: Array64, indices: Array64, axis: number): Array64 {
  const dimension = axis < 0 ? axis + x.shape.length : axis;
  return map(indices, (index, i) => {
    const from = along(x.shape, coordsOf(indices.shape, i), dimension, index);
    return from < 0 ? 0 : x.data[from];
  });
}

/** Its gradient: each dy is added where it was taken. */
export function addAlongAxis(shape: readonly number[], indices: Array64, dy: Array64, axis: number): Array64 {
  const dimension = axis < 0 ? axis + shape.length : axis;
  const dx = zeros(shape);
  indices.data.forEach((index, i) => {
    const to = along(shape, coordsOf(indices.shape, i), dimension, index);
    if (to >= 0) dx.data[to] += dy.data[i];
  });
  return dx;
}

/** For each element of `gather(x, indices, axis)`: its place in x, or −1. */
export function gatheredPlaces(shape: readonly number[], indices: Array64, axis: number): Array64 {
  const rank = indices.shape.length;
  const whole = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
  return fromFunction(whole, (...coords) => {
    const index = indices.data[indexOf(indices.shape, coords.slice(axis, axis + rank))];
    return along(shape, [...coords.slice(0, axis), 0, ...coords.slice(axis + rank)], axis, index);
  });
}

/** [n, h, w, b² · c] → [n, b · h, b · w, c], the pixels of a block from channels c apart (TensorFlow's depth_to_space). */
export function depthToSpace(x: Array64, b: number): Array64 {
  const [n, h, w, channels] = x.shape;
  const own = channels / b ** 2;
  return fromFunction([n, b * h, b * w, own], (image, row, column, channel) => {
    const [i, j] = [Math.floor(row / b), Math.floor(column / b)];
    const pixel = (row % b) * b + (column % b);
    return x.data[indexOf(x.shape, [image, i, j, pixel * own + channel])];
  });
}

/** [n, b · h, b · w, c] → [n, h, w, b² · c], which depthToSpace undoes. */
export function spaceToDepth(x: Array64, b: number): Array64 {
  const [n, height, width, channels] = x.shape;
  const y = zeros([n, height / b, width / b, b ** 2 * channels]);
  x.data.forEach((value, place) => {
    const [image, row, column, channel] = coordsOf(x.shape, place);
    const depth = ((row % b) * b + (column % b)) * channels + channel;
    y.data[indexOf(y.shape, [image, Math.floor(row / b), Math.floor(column / b), depth])] = value;
  });
  return y;
}
