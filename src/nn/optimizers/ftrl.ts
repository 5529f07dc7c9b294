import ftrlSource from '../../../shaders/optimizer/ftrl.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import { checkOptions, describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { check } from './checks.ts';
import { commonOptions } from './common.ts';
import type { CommonOptions, LearningRate } from './common.ts';
import { optimizer } from './optimizer.ts';
import type { Optimizer } from './optimizer.ts';

export interface FtrlOptions extends CommonOptions {
  /** η, above 0 at every step, since the rule divides by it. Default 0.001. */
  learningRate?: LearningRate;
  /** −p: rates fall with the sum of squares to this power, at most 0. Default −0.5. */
  learningRatePower?: number;
  /** n₀, from which the sum of squares starts, at least 0. Default 0.1. */
  initialAccumulatorValue?: number;
  /** λ₁, which makes weights exactly 0, at least 0. Default 0. */
  l1RegularizationStrength?: number;
  /** λ₂, which draws weights to 0, at least 0. Default 0. */
  l2RegularizationStrength?: number;
  /** λₛ, of a penalty on the magnitude that is added to the gradient, at least 0. Default 0. */
  l2ShrinkageRegularizationStrength?: number;
  /** β of the paper, at least 0. Default 0. */
  beta?: number;
}

const ftrlOptions: OptionTable<FtrlOptions> = {
  learningRate: true,
  learningRatePower: true,
  initialAccumulatorValue: true,
  l1RegularizationStrength: true,
  l2RegularizationStrength: true,
  l2ShrinkageRegularizationStrength: true,
  beta: true,
  ...commonOptions,
};

/**
 * FTRL-Proximal (McMahan et al. 2013, "Ad click prediction: a view from the trenches"): n' = n + g² from n₀ on,
 * z ← z + g + 2 λₛ w − (n'ᵖ − nᵖ) / η · w, then w ← 0 where |z| ≤ λ₁, else (sign(z) λ₁ − z) / ((β + n'ᵖ) / η + 2 λ₂). For
 * shallow models of many rare features. Keras's defaults and factors.
 *
 * @throws ArgumentError if an option is out of range
 */
export function ftrl(options: FtrlOptions = {}): Optimizer {
  checkOptions('ftrl', options, ftrlOptions);
  const {
    learningRate = 0.001,
    learningRatePower = -0.5,
    initialAccumulatorValue = 0.1,
    l1RegularizationStrength = 0,
    l2RegularizationStrength = 0,
    l2ShrinkageRegularizationStrength = 0,
    beta = 0,
    ...common
  } = options;
  const penalties = {
    initialAccumulatorValue,
    l1RegularizationStrength,
    l2RegularizationStrength,
    l2ShrinkageRegularizationStrength,
    beta,
  };
  for (const [option, value] of Object.entries(penalties)) check('ftrl', option, value, 0);
  if (!(learningRatePower <= 0 && learningRatePower >= -10)) {
    throw new ArgumentError(
      `ftrl: learningRatePower is ${describe(learningRatePower)}; it must be from -10 to 0`,
    );
  }
  if (learningRate === 0) {
    throw new ArgumentError('ftrl: learningRate is 0, but the rule divides by it; choose one above 0');
  }
  return optimizer({
    name: 'ftrl',
    kernel: { name: 'optimizer/ftrl', source: ftrlSource },
    slots: ['sum_of_squares', 'linear'],
    config: { learningRate, learningRatePower, ...penalties },
    common,
    declares: ['learning_rate', 'gradient', 'weight', 'store'],
    constants: {
      POWER: learningRatePower === 0 ? 0 : -learningRatePower,
      INITIAL: initialAccumulatorValue,
      L1: l1RegularizationStrength,
      L2: l2RegularizationStrength,
      SHRINKAGE: l2ShrinkageRegularizationStrength,
      BETA: beta,
    },
    flopsPerParameter: 20,
  });
}
