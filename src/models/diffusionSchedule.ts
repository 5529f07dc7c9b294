import { ArgumentError } from '../errors.ts';

export const DIFFUSION_SCHEDULES = ['cosine', 'linear'] as const;
export type DiffusionSchedule = (typeof DIFFUSION_SCHEDULES)[number];
export const DIFFUSION_TARGETS = ['v', 'epsilon'] as const;
/** What the network predicts: v = √ᾱ ε − √(1−ᾱ) x₀ (Salimans & Ho 2022), or the noise ε itself (Ho et al. 2020). */
export type DiffusionTarget = (typeof DIFFUSION_TARGETS)[number];
export const DIFFUSION_SAMPLERS = ['ddim', 'ddpm'] as const;
/** `ddim` adds no noise on its way (Song et al. 2021); `ddpm` draws from the posterior (Ho et al. 2020). */
export type DiffusionSampler = (typeof DIFFUSION_SAMPLERS)[number];

/** T, the time at which an image is nothing but noise. */
export const DIFFUSION_TIMES = 1000;

/** No step takes away more than this share of what is left (Nichol & Dhariwal 2021). */
const MOST_NOISE = 0.999;
const OFFSET = 0.008;

/**
 * ᾱ at the times 0 … T: how much of the image is left, as a share of the variance. x_t = √ᾱ_t x₀ + √(1−ᾱ_t) ε.
 *
 * `cosine`: ᾱ_t = f(t) / f(0), f(t) = cos²(π/2 · (t/T + 0.008) / 1.008), each β_t = 1 − ᾱ_t / ᾱ_{t−1} at most 0.999 (Nichol &
 * Dhariwal 2021). `linear`: β from 10⁻⁴ to 0.02 in T = 1000 steps, or as much in others (Ho et al. 2020).
 *
 * @returns T + 1 values; the first is 1, an image without noise
 */
export function alphaBars(schedule: DiffusionSchedule = 'cosine', times = DIFFUSION_TIMES): Float64Array {
  const f = (t: number) => Math.cos(((t / times + OFFSET) / (1 + OFFSET)) * (Math.PI / 2)) ** 2;
  const beta = (t: number) => {
    if (schedule === 'cosine') return 1 - f(t) / f(t - 1);
    return (1000 / times) * (1e-4 + ((t - 1) / Math.max(1, times - 1)) * (0.02 - 1e-4));
  };
  const bars = new Float64Array(times + 1).fill(1);
  for (let t = 1; t <= times; t++) bars[t] = bars[t - 1] * (1 - Math.min(MOST_NOISE, beta(t)));
  return bars;
}

/** From time t to an earlier one s: x_s = x0 · x̂₀ + x · x_t + noise · z with z ~ N(0, 1). */
export interface Jump {
  readonly x0: number;
  readonly x: number;
  readonly noise: number;
}

/**
 * How an image of an earlier time is made from one of time t and the guess x̂₀ of the image without noise.
 *
 * With ε̂ = (x_t − √ᾱ_t x̂₀) / √(1−ᾱ_t), the noise that goes with this guess, every σ² from 0 to 1 − ᾱ_s gives images of the right
 * variance (Song et al. 2021, equation 12):
 *
 *     x_s = √ᾱ_s x̂₀ + √(1 − ᾱ_s − σ²) ε̂ + σ z
 *
 * `ddim` has σ = 0. `ddpm` has σ² = (1 − ᾱ_s) / (1 − ᾱ_t) · (1 − ᾱ_t / ᾱ_s), which makes it the posterior q(x_s | x_t, x₀) (Ho et
 * al. 2020, equation 7), also across several times. ε̂ is written out here, so it always belongs to the x̂₀ in use.
 *
 * @param from ᾱ_t, below 1
 * @param to ᾱ_s, above ᾱ_t; 1 for the end
 */
export function jump(sampler: DiffusionSampler, from: number, to: number): Jump {
  const variance = sampler === 'ddim' ? 0 : ((1 - to) / (1 - from)) * (1 - from / to);
  const x = Math.sqrt(Math.max(0, 1 - to - variance) / (1 - from));
  return { x, x0: Math.sqrt(to) - x * Math.sqrt(from), noise: Math.sqrt(variance) };
}

/** x̂₀ = x · x_t + output · what the network gives. */
export interface Guess {
  readonly x: number;
  readonly output: number;
}

/** How the image without noise is read off the network's output: x̂₀ = √ᾱ x − √(1−ᾱ) v, or (x − √(1−ᾱ) ε) / √ᾱ. */
export function guessOf(target: DiffusionTarget, bar: number): Guess {
  const [signal, noise] = [Math.sqrt(bar), Math.sqrt(1 - bar)];
  return target === 'v' ? { x: signal, output: -noise } : { x: 1 / signal, output: -noise / signal };
}

/** A way from noise to images, a number of each kind per step. */
export interface SamplingPlan {
  readonly steps: number;
  /** t before each step, falling; as whole numbers. */
  readonly times: Float64Array;
  readonly guesses: readonly Guess[];
  readonly jumps: readonly Jump[];
}

export interface SamplingPlanOptions {
  schedule?: DiffusionSchedule;
  target?: DiffusionTarget;
  sampler?: DiffusionSampler;
  /** Default 25. */
  steps?: number;
  /** T; default 1000. */
  times?: number;
}

/**
 * Steps at equal distances from T to 0.
 *
 * @throws ArgumentError unless steps is a whole number from 1 to T
 */
export function samplingPlan({
  schedule = 'cosine',
  target = 'v',
  sampler = 'ddim',
  steps = 25,
  times = DIFFUSION_TIMES,
}: SamplingPlanOptions = {}): SamplingPlan {
  if (!Number.isInteger(steps) || steps < 1 || steps > times) {
    throw new ArgumentError(`diffusion: ${steps} sampling steps; give a whole number from 1 to ${times}`);
  }
  const bars = alphaBars(schedule, times);
  const at = Float64Array.from({ length: steps + 1 }, (_, i) => Math.round((times * (steps - i)) / steps));
  const from = at.subarray(0, steps);
  return {
    steps,
    times: from,
    guesses: Array.from(from, (t) => guessOf(target, bars[t])),
    jumps: Array.from(from, (t, i) => jump(sampler, bars[t], bars[at[i + 1]])),
  };
}
