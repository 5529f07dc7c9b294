import { array, map, type Array64 } from './array.ts';
import { lossOf, meanOf } from './losses.ts';
import type { Loss } from './losses.ts';

/** 100 |x − t| / max(|t|, 1e-7). */
export const meanAbsolutePercentageError = (x: Array64, t: Array64): Loss =>
  meanOf(
    x,
    t,
    (a, b) => (100 * Math.abs(a - b)) / Math.max(Math.abs(b), 1e-7),
    (a, b) => (100 * Math.sign(a - b)) / Math.max(Math.abs(b), 1e-7),
  );

/** x − t log(x + 1e-7). */
export const poisson = (x: Array64, t: Array64): Loss =>
  meanOf(
    x,
    t,
    (a, b) => a - b * Math.log(a + 1e-7),
    (a, b) => 1 - b / (a + 1e-7),
  );

/** max(1 − t x, 0)², where targets that are all 0 or 1 stand for ±1. */
export function squaredHinge(x: Array64, t: Array64): Loss {
  const binary = t.data.every((b) => b === 0 || b === 1);
  const side = (b: number) => (binary ? 2 * b - 1 : b);
  return meanOf(
    x,
    t,
    (a, b) => Math.max(1 - side(b) * a, 0) ** 2,
    (a, b) => -2 * side(b) * Math.max(1 - side(b) * a, 0),
  );
}

/** max(max (1 − t) x − Σ t x + 1, 0) of the rows of [N, C]. */
export function categoricalHinge(x: Array64, t: Array64): Loss {
  const [N, C] = x.shape;
  const perSample = new Float64Array(N);
  const gradient = new Float64Array(N * C);
  for (let n = 0; n < N; n++) {
    const others = Array.from({ length: C }, (_, c) => (1 - t.data[n * C + c]) * x.data[n * C + c]);
    const own = Array.from({ length: C }, (_, c) => t.data[n * C + c] * x.data[n * C + c]);
    const most = others.indexOf(Math.max(...others));
    perSample[n] = Math.max(others[most] - own.reduce((a, b) => a + b, 0) + 1, 0);
    if (perSample[n] === 0) continue;
    for (let c = 0; c < C; c++) {
      gradient[n * C + c] = (c === most ? 1 - t.data[n * C + c] : 0) - t.data[n * C + c];
    }
  }
  return lossOf(array([N], perSample), array([N, C], gradient));
}

/** (1 − p^q) / q of the class that the one-hot t has. */
export function generalizedCrossEntropy(p: Array64, t: Array64, q = 0.5): Loss {
  const [N, C] = p.shape;
  const own = Array.from({ length: N }, (_, n) =>
    Array.from({ length: C }, (__, c) => n * C + c).reduce((sum, i) => sum + p.data[i] * t.data[i], 0),
  );
  return lossOf(
    array(
      [N],
      own.map((value) => (1 - value ** q) / q),
    ),
    map(p, (_, i) => -t.data[i] * own[Math.floor(i / C)] ** (q - 1)),
  );
}

export interface Focal {
  readonly gamma?: number;
  readonly alpha?: number;
  readonly smoothing?: number;
  readonly balanced?: boolean;
}

/** w (1 − p_t)^γ (−t log p − (1 − t) log(1 − p)), p_t = t p + (1 − t)(1 − p), w = 1 or t α + (1 − t)(1 − α). */
export function binaryFocalCrossentropy(
  p: Array64,
  t: Array64,
  { gamma = 2, alpha = 0.25, smoothing = 0, balanced = false }: Focal = {},
): Loss {
  const smooth = (b: number) => b * (1 - smoothing) + smoothing / 2;
  const weight = (b: number) => (balanced ? b * alpha + (1 - b) * (1 - alpha) : 1);
  const missed = (a: number, b: number) => b * (1 - a) + (1 - b) * a;
  const entropy = (a: number, b: number) => -b * Math.log(a) - (1 - b) * Math.log(1 - a);
  return meanOf(
    p,
    map(t, smooth),
    (a, b) => weight(b) * missed(a, b) ** gamma * entropy(a, b),
    (a, b) =>
      weight(b) *
      (gamma * missed(a, b) ** (gamma - 1) * (1 - 2 * b) * entropy(a, b) +
        missed(a, b) ** gamma * ((1 - b) / (1 - a) - b / a)),
  );
}

/** −Σ α (1 − q)^γ t log q along the rows of [N, C], q = p / Σ p. */
export function categoricalFocalCrossentropy(
  p: Array64,
  t: Array64,
  { gamma = 2, alpha = 0.25, smoothing = 0 }: Omit<Focal, 'alpha'> & { alpha?: number | number[] } = {},
): Loss {
  const [N, C] = p.shape;
  const perSample = new Float64Array(N);
  const gradient = new Float64Array(N * C);
  for (let n = 0; n < N; n++) {
    const row = p.data.slice(n * C, n * C + C);
    const sum = row.reduce((a, b) => a + b, 0);
    const q = row.map((value) => value / sum);
    // of each class's term along its q
    const slopes = q.map((value, c) => {
      const own = t.data[n * C + c] * (1 - smoothing) + smoothing / C;
      const factor = typeof alpha === 'number' ? alpha : alpha[c];
      perSample[n] -= factor * (1 - value) ** gamma * own * Math.log(value);
      return (
        factor * own * (gamma * (1 - value) ** (gamma - 1) * Math.log(value) - (1 - value) ** gamma / value)
      );
    });
    const mean = slopes.reduce((total, slope, c) => total + slope * q[c], 0);
    for (let c = 0; c < C; c++) gradient[n * C + c] = (slopes[c] - mean) / sum;
  }
  return lossOf(array([N], perSample), array([N, C], gradient));
}

/**
 * 1 − Σ t p / (Σ t p + α Σ t (1 − p) + β Σ (1 − t) p + 1e-7) of all of [N, ...], which each sample has then, or with `each` of each
 * sample.
 */
export function tversky(p: Array64, t: Array64, { alpha = 0.5, beta = 0.5, each = false } = {}): Loss {
  const [N] = p.shape;
  const size = p.data.length / N;
  const groups = each ? N : 1;
  const per = (N / groups) * size;
  const perSample = new Float64Array(N);
  const gradient = new Float64Array(N * size);
  for (let g = 0; g < groups; g++) {
    let [part, whole] = [0, 1e-7];
    for (let i = g * per; i < (g + 1) * per; i++) {
      const [a, b] = [p.data[i], t.data[i]];
      part += a * b;
      whole += a * b + alpha * b * (1 - a) + beta * (1 - b) * a;
    }
    perSample.fill(1 - part / whole, each ? g : 0, each ? g + 1 : N);
    for (let i = g * per; i < (g + 1) * per; i++) {
      const b = t.data[i];
      const slope = -(b / whole - (part * (b - alpha * b + beta * (1 - b))) / whole ** 2);
      gradient[i] = each ? slope : slope * N; // of the sum of N values that are the same
    }
  }
  return lossOf(array([N], perSample), array(p.shape, gradient));
}

/** 1 − 2 Σ t p / (Σ t + Σ p + 1e-7). */
export function dice(p: Array64, t: Array64): Loss {
  const [N] = p.shape;
  const part = p.data.reduce((sum, a, i) => sum + a * t.data[i], 0);
  const whole = p.data.reduce((sum, a, i) => sum + a + t.data[i], 1e-7);
  const perSample = new Float64Array(N).fill(1 - (2 * part) / whole);
  return lossOf(
    array([N], perSample),
    map(p, (_, i) => -N * ((2 * t.data[i]) / whole - (2 * part) / whole ** 2)),
  );
}

/** The circle loss of each of the rows of [N, D], by the formulas of Sun et al. 2020 and Keras's weights. */
export function circle(
  x: Array64,
  labels: ArrayLike<number>,
  { gamma = 80, margin = 0.4, diagonal = false } = {},
): number[] {
  const [N, D] = x.shape;
  const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
  const logSum = (values: number[]) => {
    const most = Math.max(...values);
    return values.length === 0
      ? -Infinity
      : most + Math.log(values.reduce((sum, z) => sum + Math.exp(z - most), 0));
  };
  return Array.from({ length: N }, (_, i) => {
    const [near, far]: [number[], number[]] = [[], []];
    for (let j = 0; j < N; j++) {
      let cosine = 0;
      for (let k = 0; k < D; k++) cosine += x.data[i * D + k] * x.data[j * D + k];
      const d = Math.max(1 - cosine, 0);
      if (labels[i] !== labels[j]) far.push(gamma * Math.max(1 + margin - d, 0) * (1 - margin - d));
      else if (i !== j || diagonal) near.push(-gamma * (margin + d) * (margin - d));
    }
    const z = logSum(near) + logSum(far);
    return z === -Infinity ? 0 : softplus(z);
  });
}

export interface Reduced {
  readonly reduction?: 'mean' | 'meanWithSampleWeight' | 'sum';
  readonly weights?: ArrayLike<number>;
  readonly mask?: ArrayLike<number>;
}

/** Keras's `reduce_weighted_values` of values of samples and positions in float64. */
export function reduced(
  values: ArrayLike<number>,
  { reduction = 'mean', weights, mask }: Reduced = {},
): number {
  let [total, valid, weight] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const [w, m] = [weights?.[i] ?? 1, mask?.[i] ?? 1];
    total += w * m * values[i];
    valid += m;
    weight += w * m;
  }
  if (reduction === 'sum') return total;
  const divisor = reduction === 'mean' ? valid : weight;
  return divisor === 0 ? 0 : total / divisor;
}
