import { array } from './array.ts';
import type { Array64 } from './array.ts';

/** Gram–Schmidt: the columns of x [rows, columns] made orthonormal from left to right; 0 for a column that depends on them. */
export function orthonormalize(x: Array64): Array64 {
  const [rows, columns] = x.shape;
  const columnOf = (j: number) => Array.from({ length: rows }, (_, row) => x.data[row * columns + j]);
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const found: number[][] = [];
  for (let j = 0; j < columns; j++) {
    let v = columnOf(j);
    const before = dot(v, v);
    for (const q of found) {
      const share = dot(q, v);
      v = v.map((value, i) => value - share * q[i]);
    }
    const left = dot(v, v);
    found.push(v.map((value) => (left > 1e-12 * before ? value / Math.sqrt(left) : 0)));
  }
  return array(
    [rows, columns],
    Float64Array.from({ length: rows * columns }, (_, at) => found[at % columns][Math.floor(at / columns)]),
  );
}
