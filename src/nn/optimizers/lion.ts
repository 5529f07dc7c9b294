import lionSource from '../../../shaders/optimizer/lion.wgsl?raw';
import { checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { check } from './checks.ts';
import { commonOptions } from './common.ts';
import type { CommonOptions, LearningRate } from './common.ts';
import { optimizer } from './optimizer.ts';
import type { Optimizer } from './optimizer.ts';

export interface LionOptions extends CommonOptions {
  /** η, the size of each step; three to ten times smaller than Adam's. Default 0.001. */
  learningRate?: LearningRate;
  /** β₁, the share of the mean gradient in the direction of a step, in [0, 1). Default 0.9. */
  beta1?: number;
  /** β₂, the share of the mean gradient kept from step to step, in [0, 1). Default 0.99. */
  beta2?: number;
}

const lionOptions: OptionTable<LionOptions> = {
  learningRate: true,
  beta1: true,
  beta2: true,
  ...commonOptions,
};

/**
 * Lion (Chen et al. 2023): w ← w − η sign(β₁ m + (1 − β₁) g), then m ← β₂ m + (1 − β₂) g; with `weightDecay` the paper's
 * λ. Keras's defaults.
 *
 * @throws ArgumentError if an option is out of range
 */
export function lion(options: LionOptions = {}): Optimizer {
  checkOptions('lion', options, lionOptions);
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.99, ...common } = options;
  check('lion', 'beta1', beta1, 0, 1);
  check('lion', 'beta2', beta2, 0, 1);
  return optimizer({
    name: 'lion',
    kernel: { name: 'optimizer/lion', source: lionSource },
    slots: ['mean'],
    config: { learningRate, beta1, beta2 },
    common,
    constants: { ONE_MINUS_BETA_1: 1 - beta1, ONE_MINUS_BETA_2: 1 - beta2 },
    flopsPerParameter: 8,
  });
}
