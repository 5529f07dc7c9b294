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
): Array64 {
  const scale = broadcastTo(gamma, x.shape);
  const shift = broadcastTo(beta, x.shape);
  return map(standardize(x, axes, epsilon).xHat, (value, i) => scale.data[i] * value + shift.data[i]);
}

/** x̂ and 1/√(variance + epsilon), the latter broadcast to x's shape. */
function standardize(
  x: Array64,
  axes: readonly number[],
  epsilon: number,
): { xHat: Array64; inverse: Array64 } {
  const { mean, variance } = moments(x, { axes, keepDims: true });
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
): { dx: Array64; dgamma: Array64; dbeta: Array64 } {
  const options: ReduceOptions = { axes, keepDims: true };
  const { xHat, inverse } = standardize(x, axes, epsilon);
  const scale = broadcastTo(gamma, x.shape);
  const g = map(dy, (value, i) => value * scale.data[i]);
  const meanG = broadcastTo(reduce('mean', g, options), x.shape);
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
