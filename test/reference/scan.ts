import { coordsOf, indexOf, map, type Array64 } from './array.ts';

/** y[j] = Σ x[j′] over j′ ≤ j, or j′ < j; in reverse from the other end. */
export function cumsum(
  x: Array64,
  axis = -1,
  { exclusive = false, reverse = false }: { exclusive?: boolean; reverse?: boolean } = {},
): Array64 {
  const dimension = axis < 0 ? axis + x.shape.length : axis;
  return map(x, (_, i) => {
    const coords = coordsOf(x.shape, i);
    let sum = 0;
    for (let j = 0; j < x.shape[dimension]; j++) {
      const before = reverse ? j > coords[dimension] : j < coords[dimension];
      if (!before && (exclusive || j !== coords[dimension])) continue;
      sum += x.data[indexOf(x.shape, coords.with(dimension, j))];
    }
    return sum;
  });
}

/** y[j] = Π x[j′] over j′ ≤ j, or j′ < j; in reverse from the other end. */
export function cumprod(
  x: Array64,
  axis = -1,
  { exclusive = false, reverse = false }: { exclusive?: boolean; reverse?: boolean } = {},
): Array64 {
  return map(x, (_, i) => productOf(x, axis, { exclusive, reverse }, i));
}

/** The product at a place, without the factor of another place where one is given. */
function productOf(
  x: Array64,
  axis: number,
  { exclusive, reverse }: { exclusive: boolean; reverse: boolean },
  place: number,
  without = -1,
): number {
  const dimension = axis < 0 ? axis + x.shape.length : axis;
  const coords = coordsOf(x.shape, place);
  let product = 1;
  for (let j = 0; j < x.shape[dimension]; j++) {
    const before = reverse ? j > coords[dimension] : j < coords[dimension];
    const other = indexOf(x.shape, coords.with(dimension, j));
    if (before || (!exclusive && other === place)) product *= other === without ? 1 : x.data[other];
  }
  return product;
}

/** dL/dx[i] = Σ dy[j] Π x[k] over the products j that have x[i], and their other factors k. */
export function cumprodGradient(
  x: Array64,
  dy: Array64,
  axis = -1,
  { exclusive = false, reverse = false }: { exclusive?: boolean; reverse?: boolean } = {},
): Array64 {
  const dimension = axis < 0 ? axis + x.shape.length : axis;
  return map(x, (_, i) => {
    const coords = coordsOf(x.shape, i);
    let sum = 0;
    for (let j = 0; j < x.shape[dimension]; j++) {
      const later = reverse ? j < coords[dimension] : j > coords[dimension];
      if (!later && (exclusive || j !== coords[dimension])) continue;
      const place = indexOf(x.shape, coords.with(dimension, j));
      sum += dy.data[place] * productOf(x, axis, { exclusive, reverse }, place, i);
    }
    return sum;
  });
}

/** y[j] = factors[j] y[j − 1] + terms[j], with y[−1] = first; exclusive: y[j − 1] at j. */
export function recurrence(
  factors: Array64,
  terms: Array64 | undefined,
  { axis, exclusive, reverse, first }: { axis: number; exclusive: boolean; reverse: boolean; first: number },
): Array64 {
  const y = map(factors, () => 0);
  factors.data.forEach((_, start) => {
    const coords = coordsOf(factors.shape, start);
    if (coords[axis] !== 0) return;
    let value = first;
    for (let step = 0; step < factors.shape[axis]; step++) {
      const i = indexOf(factors.shape, coords.with(axis, reverse ? factors.shape[axis] - 1 - step : step));
      const before = value;
      value = factors.data[i] * value + (terms?.data[i] ?? 0);
      y.data[i] = exclusive ? before : value;
    }
  });
  return y;
}
