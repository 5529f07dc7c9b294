import radamSource from '../../../shaders/optimizer/radam.wgsl?raw';
import { checkOptions } from '../../options.ts';
import { checked, momentsOptions } from './adam.ts';
import type { MomentsOptions } from './adam.ts';
import { logarithm } from './checks.ts';
import { optimizer } from './optimizer.ts';
import type { Optimizer } from './optimizer.ts';

/** 2 / ln β as a series about 1: 1 − 2 / (1 − β) + (1 − β) / 6 + …; this is the series without its pole. */
function offset(beta2: number): number {
  const gap = 1 - beta2;
  if (gap > 1e-2) return 2 / gap - 1 + 2 / Math.log(beta2);
  return gap / 6 + gap ** 2 / 12 + (19 * gap ** 3) / 360;
}

export interface RAdamOptions extends MomentsOptions {
  /** ε, added to the root of the mean square. Default 1e-8. */
  epsilon?: number;
}

/**
 * RAdam (Liu et al. 2020): Adam, rectified. While the moving mean of squares is too short to be relied on, ρ ≤ 5 with
 * ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ) and ρ∞ = 2 / (1 − β₂) − 1, w ← w − η m̂ with m̂ = m / (1 − β₁ᵗ); then
 * w ← w − η m̂ r √(1 − β₂ᵗ) / (√v + ε) with r = √((ρ − 4) (ρ − 2) ρ∞ / ((ρ∞ − 4) (ρ∞ − 2) ρ)). As in PyTorch, with its
 * defaults: epsilon 1e-8; its `weight_decay` is `l2` with half the value here, or `weightDecay` if decoupled. Keras has no RAdam.
 *
 * @throws ArgumentError if an option is out of range
 */
export function radam(options: RAdamOptions = {}): Optimizer {
  checkOptions('radam', options, momentsOptions);
  const settings = checked('radam', { ...options, epsilon: options.epsilon ?? 1e-8 });
  const { learningRate, beta1, beta2, epsilon, ...common } = { ...options, ...settings };
  return optimizer({
    name: 'radam',
    kernel: { name: 'optimizer/radam', source: radamSource },
    slots: ['mean', 'mean_square'],
    config: { learningRate, beta1, beta2, epsilon },
    common,
    constants: {
      ONE_MINUS_BETA_1: 1 - beta1,
      ONE_MINUS_BETA_2: 1 - beta2,
      LOG_BETA_1: logarithm(beta1),
      LOG_BETA_2: logarithm(beta2),
      RHO_INFINITY: 2 / (1 - beta2) - 1,
      RHO_OFFSET: beta2 === 0 ? 0 : offset(beta2),
      EPSILON: epsilon,
    },
    flopsPerParameter: 16,
  });
}
