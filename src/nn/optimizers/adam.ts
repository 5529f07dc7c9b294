import adamSource from '../../../shaders/optimizer/adam.wgsl?raw';
import adamaxSource from '../../../shaders/optimizer/adamax.wgsl?raw';
import nadamSource from '../../../shaders/optimizer/nadam.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import { checkOptions, checkFlag, describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { check, checkEpsilon, logarithm } from './checks.ts';
import { commonOptions } from './common.ts';
import type { CommonOptions, LearningRate } from './common.ts';
import { optimizer } from './optimizer.ts';
import type { Optimizer } from './optimizer.ts';

const kernels = {
  adam: { name: 'optimizer/adam', source: adamSource },
  adamax: { name: 'optimizer/adamax', source: adamaxSource },
  nadam: { name: 'optimizer/nadam', source: nadamSource },
};

export interface MomentsOptions extends CommonOptions {
  /** η. Default 0.001. */
  learningRate?: LearningRate;
  /** β₁, the share of the mean gradient kept from step to step, in [0, 1). Default 0.9. */
  beta1?: number;
  /** β₂, the share of the mean square (Adamax: of the largest gradient) kept from step to step, in [0, 1). Default 0.999. */
  beta2?: number;
  /**
   * ε, added to the root of the mean square: before its correction as in Keras (Nadam: after it), and for Adamax to the
   * largest gradient. Default 1e-7.
   */
  epsilon?: number;
}

export const momentsOptions: OptionTable<MomentsOptions> = {
  learningRate: true,
  beta1: true,
  beta2: true,
  epsilon: true,
  ...commonOptions,
};

export interface AdamOptions extends MomentsOptions {
  /** Divides by the root of the largest mean square so far instead of the present one. Default false. */
  amsgrad?: boolean;
}

const adamOptions: OptionTable<AdamOptions> = { ...momentsOptions, amsgrad: true };

/**
 * Adam (Kingma & Ba 2015): m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
 * w ← w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε), t = 1, 2, …: the form of the paper's section 2, whose ε is not
 * corrected, as in Keras (PyTorch has algorithm 1, where it is added to √(v / (1 − β₂ᵗ))). Keras's defaults. With
 * `amsgrad` (Reddi et al. 2018) the largest v of all steps is used in place of v.
 *
 * @throws ArgumentError if an option is out of range
 */
export function adam(options: AdamOptions = {}): Optimizer {
  checkOptions('adam', options, adamOptions);
  return adamLike('adam', options);
}

export interface AdamWOptions extends AdamOptions {
  /** λ: each step also reduces every parameter by the fraction η λ. Default 0.004. */
  weightDecay?: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019): Adam's step and w ← w − η λ w. Keras's defaults.
 *
 * @throws ArgumentError if an option is out of range
 */
export function adamw(options: AdamWOptions = {}): Optimizer {
  checkOptions('adamw', options, adamOptions);
  return adamLike('adamw', { ...options, weightDecay: options.weightDecay ?? 0.004 });
}

/** Adam's settings, checked. */
export function checked(
  name: string,
  { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: MomentsOptions,
) {
  check(name, 'beta1', beta1, 0, 1);
  check(name, 'beta2', beta2, 0, 1);
  checkEpsilon(name, epsilon);
  return { learningRate, beta1, beta2, epsilon };
}

function adamLike(name: string, { amsgrad = false, ...options }: AdamOptions): Optimizer {
  const { learningRate, beta1, beta2, epsilon, ...common } = { ...options, ...checked(name, options) };
  checkFlag(name, 'amsgrad', amsgrad);
  return optimizer({
    name,
    kernel: kernels.adam,
    slots: ['mean', 'mean_square', ...(amsgrad ? ['largest'] : [])],
    config: { learningRate, beta1, beta2, epsilon, ...(amsgrad && { amsgrad }) },
    common,
    constants: {
      ONE_MINUS_BETA_1: 1 - beta1,
      ONE_MINUS_BETA_2: 1 - beta2,
      LOG_BETA_1: logarithm(beta1),
      LOG_BETA_2: logarithm(beta2),
      EPSILON: epsilon,
      AMSGRAD: amsgrad,
    },
    flopsPerParameter: amsgrad ? 17 : 16,
  });
}

/**
 * Adamax (Kingma & Ba 2015, algorithm 2): m ← β₁ m + (1 − β₁) g, u ← max(β₂ u, |g|),
 * w ← w − η / (1 − β₁ᵗ) · m / (u + ε). Keras's defaults.
 *
 * @throws ArgumentError if an option is out of range
 */
export function adamax(options: MomentsOptions = {}): Optimizer {
  checkOptions('adamax', options, momentsOptions);
  const { learningRate, beta1, beta2, epsilon, ...common } = { ...options, ...checked('adamax', options) };
  return optimizer({
    name: 'adamax',
    kernel: kernels.adamax,
    slots: ['mean', 'largest'],
    config: { learningRate, beta1, beta2, epsilon },
    common,
    constants: {
      ONE_MINUS_BETA_1: 1 - beta1,
      BETA_2: beta2,
      LOG_BETA_1: logarithm(beta1),
      EPSILON: epsilon,
    },
    flopsPerParameter: 9,
  });
}

/** Π(t) is below 10⁻⁶ from here on, whatever β₁ and ψ are: 1 − Π no longer changes in f32. */
const PRODUCTS = 256;

export interface NadamOptions extends MomentsOptions {
  /**
   * ψ, how fast the momentum grows from β₁/2 to β₁, in [0, 1]. Default 1 (Keras). PyTorch's `momentum_decay` is 0.004
   * by default, and its ε 1e-8.
   */
  momentumDecay?: number;
}

const nadamOptions: OptionTable<NadamOptions> = { ...momentsOptions, momentumDecay: true };

/**
 * Nadam (Dozat 2016): Adam with Nesterov's look-ahead, m̂ = μ(t+1) m / (1 − Π(t+1)) + (1 − μ(t)) g / (1 − Π(t)), with
 * momenta μ(t) = β₁ (1 − 0.96^(ψ t) / 2), their product Π(t) = μ(1) ⋯ μ(t), and v̂ = v / (1 − β₂ᵗ);
 * w ← w − η m̂ / (√v̂ + ε). Keras's defaults.
 *
 * @throws ArgumentError if an option is out of range
 */
export function nadam(options: NadamOptions = {}): Optimizer {
  checkOptions('nadam', options, nadamOptions);
  const { momentumDecay = 1, ...moments } = options;
  const { learningRate, beta1, beta2, epsilon, ...common } = { ...moments, ...checked('nadam', moments) };
  if (!(momentumDecay >= 0 && momentumDecay <= 1)) {
    throw new ArgumentError(`nadam: momentumDecay is ${describe(momentumDecay)}; it must be from 0 to 1`);
  }
  let product = 1;
  const products = Array.from(
    { length: PRODUCTS },
    (_, step) => (product *= beta1 * (1 - 0.96 ** (momentumDecay * (step + 1)) / 2)),
  );
  return optimizer({
    name: 'nadam',
    kernel: kernels.nadam,
    slots: ['mean', 'mean_square'],
    config: { learningRate, beta1, beta2, epsilon, ...(momentumDecay !== 1 && { momentumDecay }) },
    common,
    constants: {
      ONE_MINUS_BETA_1: 1 - beta1,
      ONE_MINUS_BETA_2: 1 - beta2,
      BETA_1: beta1,
      LOG_BETA_2: logarithm(beta2),
      EPSILON: epsilon,
      PRODUCTS,
      LOG_DECAY: momentumDecay * Math.log(0.96),
    },
    flopsPerParameter: 20,
    hyper: products,
  });
}
