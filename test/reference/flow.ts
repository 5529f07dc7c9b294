import type { Array64 } from './array.ts';

// RealNVP as its formulas are written, a point at a time, in float64.

/** A dense layer's matrix, row by row [inputs, units], and its bias. */
export interface DenseWeights {
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

export interface CouplingWeights {
  /** 1 for the coordinates that stay. */
  readonly mask: ArrayLike<number>;
  readonly hidden: readonly DenseWeights[];
  readonly stretch: DenseWeights;
  /** g */
  readonly bound: ArrayLike<number>;
  readonly shift: DenseWeights;
}

function denseLayer(x: number[], { weight, bias }: DenseWeights): number[] {
  const units = bias.length;
  return Array.from({ length: units }, (_, unit) =>
    x.reduce((sum, value, i) => sum + value * weight[i * units + unit], bias[unit]),
  );
}

/** s and t of a point: 0 for what stays. */
function changeOf(x: readonly number[], { mask, hidden, stretch, bound, shift }: CouplingWeights) {
  const seen = hidden.reduce(
    (values, layer) => denseLayer(values, layer).map((value) => Math.max(0, value)),
    x.map((value, i) => value * mask[i]),
  );
  const s = denseLayer(seen, stretch).map((value, i) => (1 - mask[i]) * bound[i] * Math.tanh(value));
  const t = denseLayer(seen, shift).map((value, i) => (1 - mask[i]) * value);
  return { s, t };
}

export interface Bent {
  readonly z: number[];
  /** The sum of the stretches of each axis; their sum is log |det|. */
  readonly stretches: number[];
}

/** x → z */
export function forward(point: readonly number[], couplings: readonly CouplingWeights[]): Bent {
  let x = [...point];
  const stretches = x.map(() => 0);
  for (const coupling of couplings) {
    const { s, t } = changeOf(x, coupling);
    x = x.map((value, i) => value * Math.exp(s[i]) + t[i]);
    s.forEach((value, i) => (stretches[i] += value));
  }
  return { z: x, stretches };
}

/** z → x */
export function inverse(point: readonly number[], couplings: readonly CouplingWeights[]): number[] {
  let x = [...point];
  for (const coupling of couplings.toReversed()) {
    const { s, t } = changeOf(x, coupling); // of what stays, which the coupling has not changed
    x = x.map((value, i) => (value - t[i]) / Math.exp(s[i]));
  }
  return x;
}

/** −log p(x) in nats. */
export function nll(x: readonly number[], couplings: readonly CouplingWeights[]): number {
  const { z, stretches } = forward(x, couplings);
  const normal = z.reduce((sum, value) => sum + 0.5 * value * value + 0.5 * Math.log(2 * Math.PI), 0);
  return normal - stretches.reduce((a, b) => a + b);
}

/** log |det ∂f/∂x| by central differences: no formula of a flow is used. */
export function numericalLogDeterminant(
  f: (x: readonly number[]) => readonly number[],
  x: readonly number[],
): number {
  const h = 1e-6;
  const columns = x.map((_, i) => {
    const moved = (by: number) => f(x.map((value, j) => (j === i ? value + by : value)));
    const [above, below] = [moved(h), moved(-h)];
    return above.map((value, j) => (value - below[j]) / (2 * h));
  });
  return Math.log(Math.abs(determinant(columns)));
}

/** By Gaussian elimination with pivots. */
function determinant(matrix: readonly (readonly number[])[]): number {
  const rows = matrix.map((row) => [...row]);
  let product = 1;
  for (let k = 0; k < rows.length; k++) {
    const pivot = rows.reduce(
      (best, row, i) => (i > k && Math.abs(row[k]) > Math.abs(rows[best][k]) ? i : best),
      k,
    );
    if (pivot !== k) product = -product;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    product *= rows[k][k];
    for (let i = k + 1; i < rows.length; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j < rows.length; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  return product;
}

/** (log(p / (1 − p)) − mean) / deviation with p = 1e-6 + (1 − 2e-6) (255 x + u) / 256, of the pixel of each column. */
export function standardLogits(
  x: Array64,
  noise: Array64,
  mean: ArrayLike<number>,
  deviation: ArrayLike<number>,
): Array64 {
  const pixels = mean.length;
  return {
    shape: x.shape,
    data: x.data.map((value, i) => {
      const p = 1e-6 + ((1 - 2e-6) * (255 * value + noise.data[i])) / 256;
      return (Math.log(p / (1 - p)) - mean[i % pixels]) / deviation[i % pixels];
    }),
  };
}
