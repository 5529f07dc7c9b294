import directionSource from '../../../shaders/optimizer/lamb_direction.wgsl?raw';
import lambSource from '../../../shaders/optimizer/lamb.wgsl?raw';
import type { LowerContext, Operand } from '../../ops/core/op.ts';
import { checkOptions } from '../../options.ts';
import { checked, momentsOptions } from './adam.ts';
import type { MomentsOptions } from './adam.ts';
import { logarithm } from './checks.ts';
import { directionsOf } from './directions.ts';
import { reduceSegmentNorms } from './norms.ts';
import { optimizer } from './optimizer.ts';
import type { Optimizer, Preparation } from './optimizer.ts';

const kernels = {
  direction: { name: 'optimizer/lamb_direction', source: directionSource },
  lamb: { name: 'optimizer/lamb', source: lambSource },
};

/**
 * Lamb (You et al. 2020, algorithm 2): m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², u = m̂ / (√v̂ + ε) with
 * m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ), w ← w − η ‖w‖ / ‖u‖ · u with the norms of each variable by itself; the ratio is
 * 1 where one of them is 0. Keras's defaults; as there, weight decay comes first and is not part of u. Three dispatches
 * more for each range of variables.
 *
 * @throws ArgumentError if an option is out of range
 */
export function lamb(options: MomentsOptions = {}): Optimizer {
  checkOptions('lamb', options, momentsOptions);
  const { learningRate, beta1, beta2, epsilon, ...common } = { ...options, ...checked('lamb', options) };
  const means = { ONE_MINUS_BETA_1: 1 - beta1, ONE_MINUS_BETA_2: 1 - beta2 };
  const corrected = {
    ...means,
    LOG_BETA_1: logarithm(beta1),
    LOG_BETA_2: logarithm(beta2),
    EPSILON: epsilon,
  };
  return optimizer({
    name: 'lamb',
    kernel: kernels.lamb,
    slots: ['mean', 'mean_square'],
    config: { learningRate, beta1, beta2, epsilon },
    common,
    constants: means,
    flopsPerParameter: 12,
    norms: 2,
    functions: (range, { tables, firstNorm, decay }) => ({
      norms: `let at = ${tables.norm(firstNorm, range)};\n  return vec4f(hyper[at], hyper[at + 1u], hyper[at + 2u], hyper[at + 3u]);`,
      decay: `return ${decay ?? '0.0'};`,
    }),
    prepare: (preparation, context) => directions(preparation, corrected, context),
  });
}

/** Writes the norms of the weights and of the directions to the variables' records, and gives the directions. */
function directions(
  preparation: Preparation,
  constants: Readonly<Record<string, number>>,
  context: LowerContext,
): readonly Readonly<Record<string, Operand>>[] {
  const { ranges, tables, firstNorm, hyper, counting } = preparation;
  const own = { constants: { ...constants, ...counting }, flopsPerParameter: 14, part: 'direction' };
  const values = directionsOf(preparation, { kernel: kernels.direction, ...own }, context);
  const norms = { ranges, hyper, tables };
  reduceSegmentNorms({ ...norms, index: firstNorm, value: 'parameters[i]' }, context);
  reduceSegmentNorms({ ...norms, index: firstNorm + 1, values, value: 'gradients[i]' }, context);
  return values.map((direction) => ({ direction }));
}
