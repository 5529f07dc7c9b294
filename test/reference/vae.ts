import type { Array64 } from './array.ts';

// The parts of the ELBO, as their formulas are written, in float64.

const like = ({ shape }: Array64, valueAt: (i: number) => number): Array64 => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => valueAt(i)),
});

/** z = μ + σ ε */
export const sampleCode = (mean: Array64, logVariance: Array64, noise: Array64): Array64 =>
  like(mean, (i) => mean.data[i] + Math.exp(logVariance.data[i] / 2) * noise.data[i]);

/** ½ (μ² + σ² − log σ² − 1) */
export const klToPrior = (mean: Array64, logVariance: Array64): Array64 =>
  like(mean, (i) => (mean.data[i] ** 2 + Math.exp(logVariance.data[i]) - logVariance.data[i] - 1) / 2);

/** −Σ (x log p + (1 − x) log(1 − p)) with p = 1 / (1 + e^−l), of each image */
export function bernoulliNll(logits: Array64, images: Array64): Array64 {
  const [count] = logits.shape;
  const size = logits.data.length / count;
  const term = (i: number) => {
    const [l, x] = [logits.data[i], images.data[i]];
    // log p = −log(1 + e^−l), log(1 − p) = −log(1 + e^l)
    return x * Math.log1p(Math.exp(-l)) + (1 - x) * Math.log1p(Math.exp(l));
  };
  return like({ shape: [count], data: logits.data }, (image) => {
    let sum = 0;
    for (let i = image * size; i < (image + 1) * size; i++) sum += term(i);
    return sum;
  });
}

/** ∫ q(z) log(q(z) / p(z)) dz for q = N(μ, σ²) and p = N(0, 1), by the midpoint rule over ±12 σ. */
export function integratedKl(mean: number, logVariance: number): number {
  const [deviation, steps] = [Math.exp(logVariance / 2), 20_000];
  const logDensity = (z: number, m: number, s: number) =>
    -0.5 * ((z - m) / s) ** 2 - Math.log(s) - 0.5 * Math.log(2 * Math.PI);
  const width = (24 * deviation) / steps;
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const z = mean - 12 * deviation + (i + 0.5) * width;
    const q = logDensity(z, mean, deviation);
    sum += Math.exp(q) * (q - logDensity(z, 0, 1)) * width;
  }
  return sum;
}
