import { map, type Array64 } from './array.ts';
import { broadcastTo, sumTo } from './broadcast.ts';
import { moments, reduce, type ReduceOptions } from './reduce.ts';

/**
 * y = gamma · x̂ + beta with x̂ = (x − mean) / √(variance + epsilon), mean and biased variance over `axes`.
 * Batch normalisation of NHWC images: axes [0, 1, 2]; layer normalisation: axes [-1].
 * gamma and beta broadcast to x (shape [C]). Keras's epsilon is 1e-3.
 */
export function normalize(
  x: Array64,
  gamma: Array64,
  beta: Array64,
  axes: readonly number[],
  epsilon = 1e-3,
  centered = true,
): Array64 {
  const scale = broadcastTo(gamma, x.shape);
  const shift = broadcastTo(beta, x.shape);
  return map(
    standardize(x, axes, epsilon, centered).xHat,
    (value, i) => scale.data[i] * value + shift.data[i],
  );
}

/** Mean and variance over `axes`; not centered 0 and the mean square. */
function statistics(x: Array64, { centered, ...options }: ReduceOptions & { centered: boolean }) {
  if (centered) return moments(x, options);
  const variance = reduce(
    'mean',
    map(x, (value) => value * value),
    options,
  );
  return { mean: map(variance, () => 0), variance };
}

/** x̂ and 1/√(variance + epsilon), the latter broadcast to x's shape. */
function standardize(
  x: Array64,
  axes: readonly number[],
  epsilon: number,
  centered: boolean,
): { xHat: Array64; inverse: Array64 } {
  const { mean, variance } = statistics(x, { axes, keepDims: true, centered });
  const center = broadcastTo(mean, x.shape);
  const inverse = map(broadcastTo(variance, x.shape), (value) => 1 / Math.sqrt(value + epsilon));
  return { xHat: map(x, (value, i) => (value - center.data[i]) * inverse.data[i]), inverse };
}

/**
 * Gradients of `normalize`. With g = dy · gamma and means over `axes`:
 * dx = (g − mean g − x̂ · mean(g · x̂)) / √(variance + epsilon), dgamma = Σ dy · x̂, dbeta = Σ dy.
 */
export function normalizeGrad(
  x: Array64,
  gamma: Array64,
  dy: Array64,
  axes: readonly number[],
  epsilon = 1e-3,
  centered = true,
): { dx: Array64; dgamma: Array64; dbeta: Array64 } {
  const options: ReduceOptions = { axes, keepDims: true };
  const { xHat, inverse } = standardize(x, axes, epsilon, centered);
  const scale = broadcastTo(gamma, x.shape);
  const g = map(dy, (value, i) => value * scale.data[i]);
  const meanG = centered ? broadcastTo(reduce('mean', g, options), x.shape) : map(x, () => 0);
  const gxHat = map(g, (value, i) => value * xHat.data[i]);
  const meanGxHat = broadcastTo(reduce('mean', gxHat, options), x.shape);
  return {
    dx: map(g, (value, i) => (value - meanG.data[i] - xHat.data[i] * meanGxHat.data[i]) * inverse.data[i]),
    dgamma: sumTo(
      map(dy, (value, i) => value * xHat.data[i]),
      gamma.shape,
    ),
    dbeta: sumTo(dy, gamma.shape),
  };
}

/** Keras's running statistics: running · momentum + batch · (1 − momentum), momentum 0.99, biased variance. */
export function runningUpdate(running: Array64, batch: Array64, momentum = 0.99): Array64 {
  return map(running, (value, i) => value * momentum + batch.data[i] * (1 - momentum));
}

/** Inference: y = gamma · (x − mean) / √(variance + epsilon) + beta with the running statistics given. */
export function normalizeWith(
  x: Array64,
  mean: Array64,
  variance: Array64,
  gamma: Array64,
  beta: Array64,
  epsilon = 1e-3,
): Array64 {
  const [m, v, scale, shift] = [mean, variance, gamma, beta].map(
    (operand) => broadcastTo(operand, x.shape).data,
  );
  return map(x, (value, i) => (scale[i] * (value - m[i])) / Math.sqrt(v[i] + epsilon) + shift[i]);
}

/** Which elements share a mean and a variance; see src/ops/normalization/normalize.ts. */
export type Over = 'batch' | 'instance' | 'group' | 'layer';

/** x [N, …, C] with the channels split into [groups, C / groups], and the axes of one mean. */
export function viewOver(x: Array64, over: Over, groups = 1): { view: Array64; axes: number[] } {
  const last = x.shape.length - 1;
  const positions = x.shape.map((_, axis) => axis).slice(1, -1);
  if (over === 'batch') return { view: x, axes: [0, ...positions] };
  if (over === 'instance') return { view: x, axes: positions };
  if (over === 'layer') return { view: x, axes: [last] };
  const shape = [...x.shape.slice(0, -1), groups, x.shape[last] / groups];
  return { view: { shape, data: x.data }, axes: [...positions, last + 1] };
}

/** `normalize` by what shares its statistics, which are returned as well; gamma and beta are [C]. */
export function normalizeOver(
  x: Array64,
  gamma: Array64,
  beta: Array64,
  over: Over,
  { groups = 1, epsilon = 1e-3, centered = true } = {},
): { y: Array64; mean: Array64; variance: Array64 } {
  const { view, axes } = viewOver(x, over, groups);
  const channels = view.shape.slice(x.shape.length - 1);
  const y = normalize(
    view,
    { shape: channels, data: gamma.data },
    { shape: channels, data: beta.data },
    axes,
    epsilon,
    centered,
  );
  return { y: { shape: x.shape, data: y.data }, ...statistics(view, { axes, centered }) };
}

/** `normalizeGrad` by what shares its statistics. */
export function normalizeOverGrad(
  x: Array64,
  gamma: Array64,
  dy: Array64,
  over: Over,
  { groups = 1, epsilon = 1e-3, centered = true } = {},
): { dx: Array64; dgamma: Array64; dbeta: Array64 } {
  const { view, axes } = viewOver(x, over, groups);
  const channels = view.shape.slice(x.shape.length - 1);
  const found = normalizeGrad(
    view,
    { shape: channels, data: gamma.data },
    { shape: view.shape, data: dy.data },
    axes,
    epsilon,
    centered,
  );
  return {
    dx: { shape: x.shape, data: found.dx.data },
    dgamma: { shape: gamma.shape, data: found.dgamma.data },
    dbeta: { shape: gamma.shape, data: found.dbeta.data },
  };
}
