import { ShapeError } from '../errors.ts';
import { symmetricEigen, symmetricSquareRoot } from './symmetricEigen.ts';

/** Mean and covariance of feature vectors. */
export interface FeatureStatistics {
  /** [size] */
  readonly mean: Float64Array;
  /** [size, size], divided by the number of vectors less one. */
  readonly covariance: Float64Array;
}

/**
 * Mean and covariance of `count` vectors that lie one after the other, in float64.
 *
 * @throws ShapeError unless there are at least two whole vectors
 */
export function featureStatistics(features: ArrayLike<number>, size: number): FeatureStatistics {
  const count = features.length / size;
  if (!Number.isInteger(count) || count < 2) {
    throw new ShapeError(
      `featureStatistics: ${features.length} values are not two or more whole vectors of ${size}`,
    );
  }
  const mean = new Float64Array(size);
  for (let n = 0; n < count; n++) for (let i = 0; i < size; i++) mean[i] += features[n * size + i] / count;
  const covariance = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < size; i++) centred[i] = features[n * size + i] - mean[i];
    for (let i = 0; i < size; i++) {
      const factor = centred[i] / (count - 1);
      for (let j = i; j < size; j++) covariance[i * size + j] += factor * centred[j];
    }
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) covariance[i * size + j] = covariance[j * size + i];
  }
  return { mean, covariance };
}

/**
 * The Fréchet distance between normal distributions with the given statistics (Dowson & Landau 1982), the d² by which
 * Heusel et al. 2017 judge generators: |μ₁ − μ₂|² + Tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½). 0 for equal ones.
 *
 * @throws ShapeError if the features differ in number
 */
export function frechetDistance(a: FeatureStatistics, b: FeatureStatistics): number {
  const n = a.mean.length;
  if (b.mean.length !== n) {
    throw new ShapeError(
      `frechetDistance: features of ${n} and of ${b.mean.length} values cannot be compared`,
    );
  }
  const root = symmetricSquareRoot(a.covariance, n);
  const { values } = symmetricEigen(multiply(multiply(root, b.covariance, n), root, n), n);
  let distance = 0;
  for (let i = 0; i < n; i++) {
    distance += (a.mean[i] - b.mean[i]) ** 2;
    distance += a.covariance[i * n + i] + b.covariance[i * n + i] - 2 * Math.sqrt(Math.max(0, values[i]));
  }
  return Math.max(0, distance); // rounding errors may make it negative
}

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k];
      for (let j = 0; j < n; j++) product[i * n + j] += factor * b[k * n + j];
    }
  }
  return product;
}
