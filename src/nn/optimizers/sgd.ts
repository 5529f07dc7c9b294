import momentumSource from '../../../shaders/optimizer/momentum.wgsl?raw';
import sgdSource from '../../../shaders/optimizer/sgd.wgsl?raw';
import { checkOptions, checkFlag } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { check } from './checks.ts';
import { commonOptions } from './common.ts';
import type { CommonOptions, LearningRate } from './common.ts';
import { optimizer } from './optimizer.ts';
import type { Optimizer } from './optimizer.ts';

const kernels = {
  sgd: { name: 'optimizer/sgd', source: sgdSource },
  momentum: { name: 'optimizer/momentum', source: momentumSource },
};

export interface SgdOptions extends CommonOptions {
  /** η. Default 0.01. */
  learningRate?: LearningRate;
  /** μ, the share of the velocity kept from step to step, in [0, 1). Default 0. */
  momentum?: number;
  /** Nesterov's momentum instead of the heavy ball's; without momentum the same. Default false. */
  nesterov?: boolean;
}

const sgdOptions: OptionTable<SgdOptions> = {
  learningRate: true,
  momentum: true,
  nesterov: true,
  ...commonOptions,
};

/**
 * Stochastic gradient descent: w ← w − η g. With momentum (Polyak 1964): v ← μ v − η g, w ← w + v; Nesterov's:
 * w ← w + μ v − η g (Sutskever et al. 2013).
 *
 * @throws ArgumentError if an option is out of range
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptions('sgd', options, sgdOptions);
  const { learningRate = 0.01, momentum = 0, nesterov = false, ...common } = options;
  check('sgd', 'momentum', momentum, 0, 1);
  checkFlag('sgd', 'nesterov', nesterov);
  const config = { learningRate, momentum, nesterov };
  return momentum === 0
    ? optimizer({ name: 'sgd', kernel: kernels.sgd, config, common, constants: {}, flopsPerParameter: 2 })
    : optimizer({
        name: 'sgd',
        kernel: kernels.momentum,
        slots: ['velocity'],
        config,
        common,
        constants: { MOMENTUM: momentum, NESTEROV: nesterov },
        flopsPerParameter: nesterov ? 6 : 4,
      });
}
