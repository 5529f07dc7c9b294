import adadeltaSource from '../../shaders/optimizer/adadelta.wgsl?raw';
import adamSource from '../../shaders/optimizer/adam.wgsl?raw';
import momentumSource from '../../shaders/optimizer/momentum.wgsl?raw';
import rmspropSource from '../../shaders/optimizer/rmsprop.wgsl?raw';
import sgdSource from '../../shaders/optimizer/sgd.wgsl?raw';
import { ArgumentError } from '../errors.ts';
import type { ConstantValue, KernelFile } from '../kernels/specialize.ts';
import { linearGrid } from '../ops/op.ts';
import type { OptimizerSpec } from '../runtime/minimizer.ts';

const kernels = {
  sgd: { name: 'optimizer/sgd', source: sgdSource },
  momentum: { name: 'optimizer/momentum', source: momentumSource },
  rmsprop: { name: 'optimizer/rmsprop', source: rmspropSource },
  adadelta: { name: 'optimizer/adadelta', source: adadeltaSource },
  adam: { name: 'optimizer/adam', source: adamSource },
};

/**
 * An optimizer with its settings. It holds no state of its own: the moments lie on the GPU, where one
 * dispatch updates all parameters of a model.
 */
export interface Optimizer extends OptimizerSpec {
  /** The settings it was made with, defaults filled in: for summaries and checkpoints. */
  readonly config: Readonly<Record<string, number | boolean>>;
}

interface Description {
  name: string;
  kernel: KernelFile;
  slots: number;
  config: Record<string, number | boolean> & { learningRate: number };
  /** Constants of the kernel file. */
  constants: Readonly<Record<string, ConstantValue>>;
  flopsPerParameter: number;
}

function optimizer({ name, kernel, slots, config, constants, flopsPerParameter }: Description): Optimizer {
  return {
    name,
    slots,
    learningRate: config.learningRate,
    config,
    update({ parameters, gradients, slots: buffers, state, hyper, length }) {
      const workgroupSize = 256; // a large one also for a CPU, where each workgroup costs 0.4 µs
      const { workgroups, gridX } = linearGrid(length / 4, workgroupSize);
      return {
        kernel,
        constants: { ...constants, LENGTH: length / 4, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
        bindings: {
          gradients,
          parameters,
          state,
          hyper,
          ...Object.fromEntries(buffers.map((buffer, i) => [`slot_${i}`, buffer])),
        },
        workgroups,
        flops: flopsPerParameter * length,
      };
    },
  };
}

/** Throws an ArgumentError unless `low` ≤ value < `high`. */
function check(name: string, option: string, value: number, low: number, high = Infinity): void {
  if (value >= low && value < high) return;
  const range =
    high === Infinity ? `a finite number of at least ${low}` : `at least ${low} and below ${high}`;
  throw new ArgumentError(`${name}: ${option} is ${value}; it must be ${range}`);
}

export interface SgdOptions {
  /** η. Default 0.01. */
  learningRate?: number;
  /** μ, the share of the velocity kept from step to step, in [0, 1). Default 0. */
  momentum?: number;
  /** Nesterov's momentum instead of the heavy ball's. Default false. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent: w ← w − η g. With momentum (Polyak 1964): v ← μ v − η g, w ← w + v; Nesterov's:
 * w ← w + μ v − η g (Sutskever et al. 2013).
 *
 * @throws ArgumentError if an option is out of range, or nesterov is set without momentum
 */
export function sgd({ learningRate = 0.01, momentum = 0, nesterov = false }: SgdOptions = {}): Optimizer {
  check('sgd', 'learningRate', learningRate, 0);
  check('sgd', 'momentum', momentum, 0, 1);
  if (nesterov && momentum === 0) {
    throw new ArgumentError('sgd: nesterov needs a momentum above 0; pass momentum: 0.9, say');
  }
  const config = { learningRate, momentum, nesterov };
  return momentum === 0
    ? optimizer({ name: 'sgd', kernel: kernels.sgd, slots: 0, config, constants: {}, flopsPerParameter: 2 })
    : optimizer({
        name: 'sgd',
        kernel: kernels.momentum,
        slots: 1,
        config,
        constants: { MOMENTUM: momentum, NESTEROV: nesterov },
        flopsPerParameter: nesterov ? 6 : 4,
      });
}

export interface RmspropOptions {
  /** η. Default 0.001. */
  learningRate?: number;
  /** ρ, the share of the mean square kept from step to step, in [0, 1). Default 0.9. */
  rho?: number;
  /** ε, added to the root. Default 1e-7. */
  epsilon?: number;
}

/**
 * RMSprop (Tieleman & Hinton 2012): s ← ρ s + (1 − ρ) g², w ← w − η g / (√s + ε). Keras's defaults; ε stands outside the root,
 * as in PyTorch, where a vanishing gradient cannot be blown up by 1/√ε.
 *
 * @throws ArgumentError if an option is out of range
 */
export function rmsprop({ learningRate = 0.001, rho = 0.9, epsilon = 1e-7 }: RmspropOptions = {}): Optimizer {
  check('rmsprop', 'learningRate', learningRate, 0);
  check('rmsprop', 'rho', rho, 0, 1);
  checkEpsilon('rmsprop', epsilon);
  return optimizer({
    name: 'rmsprop',
    kernel: kernels.rmsprop,
    slots: 1,
    config: { learningRate, rho, epsilon },
    constants: { ONE_MINUS_RHO: 1 - rho, EPSILON: epsilon },
    flopsPerParameter: 9,
  });
}

export interface AdadeltaOptions {
  /** η, a factor of the paper's step. Default 1, the paper's (Keras's 0.001 takes a thousandth of each step). */
  learningRate?: number;
  /** ρ, the share of the mean squares kept from step to step, in [0, 1). Default 0.95. */
  rho?: number;
  /** ε, inside both roots: the first steps are about √(ε / (1 − ρ)). Default 1e-7. */
  epsilon?: number;
}

/**
 * Adadelta (Zeiler 2012): s ← ρ s + (1 − ρ) g², Δ = −√(d + ε) / √(s + ε) · g, d ← ρ d + (1 − ρ) Δ²,
 * w ← w + η Δ. Keras's ρ and ε, the paper's rate.
 *
 * @throws ArgumentError if an option is out of range
 */
export function adadelta({ learningRate = 1, rho = 0.95, epsilon = 1e-7 }: AdadeltaOptions = {}): Optimizer {
  check('adadelta', 'learningRate', learningRate, 0);
  check('adadelta', 'rho', rho, 0, 1);
  checkEpsilon('adadelta', epsilon);
  return optimizer({
    name: 'adadelta',
    kernel: kernels.adadelta,
    slots: 2,
    config: { learningRate, rho, epsilon },
    constants: { ONE_MINUS_RHO: 1 - rho, EPSILON: epsilon },
    flopsPerParameter: 17,
  });
}

export interface AdamOptions {
  /** η. Default 0.001. */
  learningRate?: number;
  /** β₁, the share of the mean gradient kept from step to step, in [0, 1). Default 0.9. */
  beta1?: number;
  /** β₂, the share of the mean square kept from step to step, in [0, 1). Default 0.999. */
  beta2?: number;
  /** ε, added to the root of the corrected mean square. Default 1e-7. */
  epsilon?: number;
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1): m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
 * w ← w − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ). Keras's defaults.
 *
 * @throws ArgumentError if an option is out of range
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamLike('adam', options, undefined);
}

export interface AdamWOptions extends AdamOptions {
  /** λ: each step also shrinks every parameter by the share η λ. Default 0.004. */
  weightDecay?: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019): w ← w − η (m̂ / (√v̂ + ε) + λ w). Keras's defaults.
 *
 * @throws ArgumentError if an option is out of range
 */
export function adamw({ weightDecay = 0.004, ...options }: AdamWOptions = {}): Optimizer {
  check('adamw', 'weightDecay', weightDecay, 0);
  return adamLike('adamw', options, weightDecay);
}

function adamLike(name: string, options: AdamOptions, weightDecay: number | undefined): Optimizer {
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
  check(name, 'learningRate', learningRate, 0);
  check(name, 'beta1', beta1, 0, 1);
  check(name, 'beta2', beta2, 0, 1);
  checkEpsilon(name, epsilon);
  return optimizer({
    name,
    kernel: kernels.adam,
    slots: 2,
    config: { learningRate, beta1, beta2, epsilon, ...(weightDecay !== undefined && { weightDecay }) },
    constants: {
      ONE_MINUS_BETA_1: 1 - beta1,
      ONE_MINUS_BETA_2: 1 - beta2,
      LOG_BETA_1: logarithm(beta1),
      LOG_BETA_2: logarithm(beta2),
      EPSILON: epsilon,
      WEIGHT_DECAY: weightDecay ?? 0,
    },
    flopsPerParameter: 16,
  });
}

/** ln β; for β = 0, whose powers are 0, a number that exp takes to 0. */
function logarithm(beta: number): number {
  return beta === 0 ? -1e3 : Math.log(beta);
}

/** ε must be a normal f32 above 0: it keeps 0/0 away where a gradient is exactly 0. */
function checkEpsilon(name: string, epsilon: number): void {
  check(name, 'epsilon', epsilon, 2 ** -126);
}
