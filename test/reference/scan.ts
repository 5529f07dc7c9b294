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
