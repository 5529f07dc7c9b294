import type { Array64 } from './array.ts';

// Diffusion as its formulas are written, in float64, one number at a time.

/** ᾱ_t of the cosine schedule, straight from f(t) / f(0); β_T, which would be 1, is 0.999. */
export function cosineBar(t: number, times: number): number {
  const f = (own: number) => Math.cos(((own / times + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  return t < times ? f(t) / f(0) : (f(times - 1) / f(0)) * 0.001;
}

/** ᾱ_t of the linear schedule for T = 1000: Π (1 − β_i), β_i from 10⁻⁴ to 0.02. */
export function linearBar(t: number): number {
  let product = 1;
  for (let i = 1; i <= t; i++) product *= 1 - (1e-4 + ((i - 1) / 999) * 0.0199);
  return product;
}

export interface Normal {
  readonly mean: number;
  readonly variance: number;
}

/**
 * q(x_s | x_t, x₀) by Bayes' rule: the product of what x₀ says of x_s, N(√ᾱ_s x₀, 1 − ᾱ_s), and of what x_t does, which was made of
 * it as N(√α x_s, 1 − α) with α = ᾱ_t / ᾱ_s. Precisions add up.
 */
export function posterior(x0: number, xt: number, from: number, to: number): Normal {
  const alpha = from / to;
  const prior = 1 / (1 - to);
  const evidence = alpha / (1 - alpha);
  const variance = 1 / (prior + evidence);
  return { mean: variance * (prior * Math.sqrt(to) * x0 + evidence * (xt / Math.sqrt(alpha))), variance };
}

/** E[x₀ | x_t] where x₀ ~ N(m, s²): the best that a network can guess. */
export function gaussianGuess({ mean, variance }: Normal, x: number, bar: number): number {
  const slope = (Math.sqrt(bar) * variance) / (bar * variance + 1 - bar);
  return mean + slope * (x - Math.sqrt(bar) * mean);
}

/** v and ε of an image and its noise: v = √ᾱ ε − √(1−ᾱ) x₀. */
export const velocity = (x0: number, epsilon: number, bar: number): number =>
  Math.sqrt(bar) * epsilon - Math.sqrt(1 - bar) * x0;

export const mixed = (x0: number, epsilon: number, bar: number): number =>
  Math.sqrt(bar) * x0 + Math.sqrt(1 - bar) * epsilon;

/** DDIM (Song et al. 2021, equation 12, σ = 0) from x̂₀: the noise that goes with it, at the level of the earlier time. */
export function ddim(guess: number, x: number, from: number, to: number): number {
  const epsilon = (x - Math.sqrt(from) * guess) / Math.sqrt(1 - from);
  return Math.sqrt(to) * guess + Math.sqrt(1 - to) * epsilon;
}

/** The mean square of `predicted − wanted` of each sample. */
export function errors(predicted: Array64, wanted: Array64): Array64 {
  const [count] = predicted.shape;
  const size = predicted.data.length / count;
  const data = new Float64Array(count);
  predicted.data.forEach((value, i) => (data[Math.floor(i / size)] += (value - wanted.data[i]) ** 2 / size));
  return { shape: [count], data };
}

/** sin and cos of t · 10000^(−i / 16), i = 0 … 15. */
export function timeWaves(t: number): number[] {
  const angles = Array.from({ length: 16 }, (_, i) => t / 10_000 ** (i / 16));
  return [...angles.map(Math.sin), ...angles.map(Math.cos)];
}
