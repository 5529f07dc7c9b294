import { array, zeros } from './array.ts';
import type { Array64 } from './array.ts';

/**
 * log Σ_c e^(x · table_c) − x · table_label of each sample, 0 where the table has no such row, and the gradients of Σ dy · that
 * by x and table.
 */
export function linearCrossEntropy(
  x: Array64,
  table: Array64,
  labels: ArrayLike<number>,
): { y: Array64; vjp: (dy: Array64) => Array64[] } {
  const [classes, features] = table.shape;
  const samples = x.data.length / features;
  const logits = (n: number) =>
    Array.from({ length: classes }, (_, c) => {
      let sum = 0;
      for (let i = 0; i < features; i++) sum += x.data[n * features + i] * table.data[c * features + i];
      return sum;
    });
  const logSum = (row: number[]) => {
    const peak = Math.max(...row);
    return peak + Math.log(row.reduce((sum, own) => sum + Math.exp(own - peak), 0));
  };
  const known = (n: number) => labels[n] >= 0 && labels[n] < classes;
  const loss = Float64Array.from({ length: samples }, (_, n) =>
    known(n) ? logSum(logits(n)) - logits(n)[labels[n]] : 0,
  );
  return {
    y: array(x.shape.slice(0, -1), loss),
    vjp(dy) {
      const [dx, dTable] = [zeros(x.shape), zeros(table.shape)];
      for (let n = 0; n < samples; n++) {
        if (!known(n)) continue;
        const row = logits(n);
        const all = logSum(row);
        row.forEach((own, c) => {
          const slope = dy.data[n] * (Math.exp(own - all) - Number(labels[n] === c));
          for (let i = 0; i < features; i++) {
            dx.data[n * features + i] += slope * table.data[c * features + i];
            dTable.data[c * features + i] += slope * x.data[n * features + i];
          }
        });
      }
      return [dx, dTable];
    },
  };
}
