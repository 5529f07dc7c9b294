import { coordsOf, indexOf, zeros, type Array64 } from './array.ts';
import { addAlongAxis, takeAlongAxis } from './rearrange.ts';

/** Places along the axis in the order of the elements: stable, NaN larger than all others. */
export function argsort(x: Array64, axis = -1, descending = false): Array64 {
  const dimension = axis < 0 ? axis + x.shape.length : axis;
  const y = zeros(x.shape);
  const rank = (value: number) => (Number.isNaN(value) ? [1, 0] : [0, value]);
  x.data.forEach((_, i) => {
    const coords = coordsOf(x.shape, i);
    if (coords[dimension] !== 0) return;
    const at = (place: number) => indexOf(x.shape, coords.with(dimension, place));
    const places = Array.from({ length: x.shape[dimension] }, (_own, place) => place);
    places.sort((p, q) => {
      const [a, b] = [p, q].map((place) => rank(x.data[at(place)]));
      const order = a[0] !== b[0] ? a[0] - b[0] : a[1] === b[1] ? 0 : a[1] - b[1];
      return order === 0 ? p - q : descending ? -order : order;
    });
    places.forEach((place, k) => (y.data[at(k)] = place));
  });
  return y;
}

export const sort = (x: Array64, axis = -1, descending = false): Array64 =>
  takeAlongAxis(x, argsort(x, axis, descending), axis);

/** Gradient of `sort`. */
export const sortGrad = (x: Array64, dy: Array64, axis = -1, descending = false): Array64 =>
  addAlongAxis(x.shape, argsort(x, axis, descending), dy, axis);
