import adadeltaSource from '../../../shaders/optimizer/adadelta.wgsl?raw';
import adagradSource from '../../../shaders/optimizer/adagrad.wgsl?raw';
import rmspropSource from '../../../shaders/optimizer/rmsprop.wgsl?raw';
import { checkOptions, checkFlag } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { check, checkEpsilon } from './checks.ts';
import { commonOptions } from './common.ts';
import type { CommonOptions, LearningRate } from './common.ts';
import { optimizer } from './optimizer.ts';
import type { Optimizer } from './optimizer.ts';

const kernels = {
  adadelta: { name: 'optimizer/adadelta', source: adadeltaSource },
  adagrad: { name: 'optimizer/adagrad', source: adagradSource },
  rmsprop: { name: 'optimizer/rmsprop', source: rmspropSource },
};

export interface RmspropOptions extends CommonOptions {
  /** η. Default 0.001. */
  learningRate?: LearningRate;
  /** ρ, the share of the mean square kept from step to step, in [0, 1). Default 0.9. */
  rho?: number;
  /** μ, the share of the velocity kept from step to step, in [0, 1). Default 0. */
  momentum?: number;
  /** Divides by the root of the moving variance of the gradient instead of its mean square. Default false. */
  centered?: boolean;
  /** ε, inside the root. Default 1e-7. */
  epsilon?: number;
}

const rmspropOptions: OptionTable<RmspropOptions> = {
  learningRate: true,
  rho: true,
  momentum: true,
  centered: true,
  epsilon: true,
  ...commonOptions,
};

/**
 * RMSprop (Tieleman & Hinton 2012): s ← ρ s + (1 − ρ) g², w ← w − η g / √(s + ε). With momentum v ← μ v + η g / √(s + ε),
 * w ← w − v; centered (Graves 2013) with s − m² in place of s, where m ← ρ m + (1 − ρ) g. Keras's defaults and its ε
 * inside the root; PyTorch's stands outside.
 *
 * @throws ArgumentError if an option is out of range
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  checkOptions('rmsprop', options, rmspropOptions);
  const {
    learningRate = 0.001,
    rho = 0.9,
    momentum = 0,
    centered = false,
    epsilon = 1e-7,
    ...common
  } = options;
  check('rmsprop', 'rho', rho, 0, 1);
  check('rmsprop', 'momentum', momentum, 0, 1);
  checkFlag('rmsprop', 'centered', centered);
  checkEpsilon('rmsprop', epsilon);
  return optimizer({
    name: 'rmsprop',
    kernel: kernels.rmsprop,
    slots: [...(centered ? ['variance', 'mean'] : ['mean_square']), ...(momentum > 0 ? ['velocity'] : [])],
    config: { learningRate, rho, momentum, centered, epsilon },
    common,
    constants: { ONE_MINUS_RHO: 1 - rho, EPSILON: epsilon, MOMENTUM: momentum, CENTERED: centered },
    flopsPerParameter: 9 + (centered ? 4 : 0) + (momentum > 0 ? 2 : 0),
  });
}

export interface AdagradOptions extends CommonOptions {
  /** η. Default 0.001. */
  learningRate?: LearningRate;
  /** s₀, from which the sum of squares starts, at least 0. Default 0.1. */
  initialAccumulatorValue?: number;
  /** ε, inside the root. Default 1e-7. */
  epsilon?: number;
}

const adagradOptions: OptionTable<AdagradOptions> = {
  learningRate: true,
  initialAccumulatorValue: true,
  epsilon: true,
  ...commonOptions,
};

/**
 * Adagrad (Duchi, Hazan & Singer 2011): s ← s + g² from s₀ on, w ← w − η g / √(s + ε). Keras's defaults and its ε inside
 * the root; PyTorch's stands outside.
 *
 * @throws ArgumentError if an option is out of range
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  checkOptions('adagrad', options, adagradOptions);
  const { learningRate = 0.001, initialAccumulatorValue = 0.1, epsilon = 1e-7, ...common } = options;
  check('adagrad', 'initialAccumulatorValue', initialAccumulatorValue, 0);
  checkEpsilon('adagrad', epsilon);
  return optimizer({
    name: 'adagrad',
    kernel: kernels.adagrad,
    slots: ['sum_of_squares'],
    config: { learningRate, initialAccumulatorValue, epsilon },
    common,
    constants: { INITIAL: initialAccumulatorValue, EPSILON: epsilon },
    flopsPerParameter: 8,
  });
}

export interface AdadeltaOptions extends CommonOptions {
  /** η, a factor of the paper's step. Default 0.001, as in Keras; 1 is the paper's. */
  learningRate?: LearningRate;
  /** ρ, the share of the mean squares kept from step to step, in [0, 1). Default 0.95. */
  rho?: number;
  /** ε, inside both roots: the first steps are about √(ε / (1 − ρ)). Default 1e-7. */
  epsilon?: number;
}

const adadeltaOptions: OptionTable<AdadeltaOptions> = {
  learningRate: true,
  rho: true,
  epsilon: true,
  ...commonOptions,
};

/**
 * Adadelta (Zeiler 2012): s ← ρ s + (1 − ρ) g², Δ = −√(d + ε) / √(s + ε) · g, d ← ρ d + (1 − ρ) Δ²,
 * w ← w + η Δ. Keras's defaults: its rate takes a thousandth of the paper's step.
 *
 * @throws ArgumentError if an option is out of range
 */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  checkOptions('adadelta', options, adadeltaOptions);
  const { learningRate = 0.001, rho = 0.95, epsilon = 1e-7, ...common } = options;
  check('adadelta', 'rho', rho, 0, 1);
  checkEpsilon('adadelta', epsilon);
  return optimizer({
    name: 'adadelta',
    kernel: kernels.adadelta,
    slots: ['mean_square', 'mean_square_step'],
    config: { learningRate, rho, epsilon },
    common,
    constants: { ONE_MINUS_RHO: 1 - rho, EPSILON: epsilon },
    flopsPerParameter: 17,
  });
}
