import { at, coordsOf, indexOf, map, zeros } from './array.ts';
import type { Array64 } from './array.ts';

/** Keras's L1L2: l1 Σ |x| + l2 Σ x². */
export const l1L2 = (x: Array64, l1: number, l2: number): number =>
  x.data.reduce((sum, value) => sum + l1 * Math.abs(value) + l2 * value * value, 0);

/** Keras's OrthogonalRegularizer: factor times the mean of |u · v| over pairs of rows (or columns) divided by their lengths. */
export function orthogonal(x: Array64, factor: number, mode: 'rows' | 'columns'): number {
  const [rows, columns] = x.shape;
  const vectors = Array.from({ length: mode === 'rows' ? rows : columns }, (_, i) =>
    Array.from({ length: mode === 'rows' ? columns : rows }, (__, j) =>
      mode === 'rows' ? at(x, i, j) : at(x, j, i),
    ),
  );
  const product = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  let [sum, pairs] = [0, 0];
  vectors.forEach((a, i) => {
    for (const b of vectors.slice(i + 1)) {
      sum += Math.abs(product(a, b)) / Math.sqrt(product(a, a) * product(b, b));
      pairs++;
    }
  });
  return (factor * sum) / pairs;
}

/** Keras's MinMaxNorm, of which MaxNorm and UnitNorm are cases: w · (rate · clip(n, low, high) + (1 − rate) n) / (1e-7 + n). */
export function constrainNorm(
  w: Array64,
  { low, high, rate, axes }: { low: number; high: number; rate: number; axes: readonly number[] },
): Array64 {
  const group = (i: number) => coordsOf(w.shape, i).map((k, axis) => (axes.includes(axis) ? 0 : k));
  const squares = zeros(w.shape);
  w.data.forEach((value, i) => (squares.data[indexOf(w.shape, group(i))] += value * value));
  return map(w, (value, i) => {
    const norm = Math.sqrt(squares.data[indexOf(w.shape, group(i))]);
    return (value * (rate * Math.min(Math.max(norm, low), high) + (1 - rate) * norm)) / (1e-7 + norm);
  });
}
