import movingSource from '../../../shaders/normalization/moving_statistics.wgsl?raw';
import scaleShiftSource from '../../../shaders/normalization/scale_shift.wgsl?raw';
import { read } from '../core/leaves.ts';
import type { Variable } from '../core/leaves.ts';
import { applyAll, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Proposals, Tensor } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { sideEffect } from '../core/sideEffects.ts';
import { valueType } from '../core/values.ts';
import { add, multiply, negate, rsqrt, shift as shiftBy, subtract } from '../elementwise/elementwise.ts';
import { requireChannels, requireEpsilon } from './normalize.ts';
import { checkOptions, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';

const kernels = {
  moving: { name: 'normalization/moving_statistics', source: movingSource },
  scaleShift: { name: 'normalization/scale_shift', source: scaleShiftSource },
};

interface ScaleShiftAttrs {
  readonly epsilon: number;
  /** There is a γ, input 2. */
  readonly scale: boolean;
  /** There is a β, the last input. */
  readonly center: boolean;
}

/** Inputs mean, variance, γ?, β?, all [C]; outputs scale = γ / √(variance + ε), shift = β − mean · scale. */
export const scaleShiftOp: Op<ScaleShiftAttrs> = {
  name: 'normalizeScaleShift',
  kind: 'kernel',
  infer([mean, ...others], { epsilon }) {
    requireEpsilon('normalizeWith', epsilon);
    for (const other of others) requireChannels('normalizeWith', other, mean);
    return [mean, mean];
  },
  lower({ inputs, outputs, attrs: { epsilon, scale, center } }, context) {
    const [mean, variance, ...weights] = inputs;
    const channels = sizeOf(mean.shape);
    const width = channels % 4 === 0 ? 4 : 1;
    const workgroupSize = 32;
    const { workgroups, gridX } = linearGrid(
      channels / width,
      workgroupSize,
      context.target.limits.maxComputeWorkgroupsPerDimension,
    );
    context.dispatch({
      kernel: kernels.scaleShift,
      constants: {
        CHANNELS: channels / width,
        EPSILON: epsilon,
        SCALE: scale,
        CENTER: center,
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      aliases: { Value: valueType('f32', width) },
      bindings: {
        mean,
        variance,
        ...(scale && { gamma: weights[0] }),
        ...(center && { beta: weights.at(-1)! }),
        scale_out: outputs[0],
        shift_out: outputs[1],
      },
      workgroups,
      flops: 4 * channels,
    });
  },
  // a = γ r with r = (variance + ε)^-½ and b = β − mean a. With t = da − mean db, what a gets in all:
  // dγ = t r;  dβ = db;  dmean = −a db;  dvariance = −½ t a r²
  gradient({ inputs, outputs: [a], attrs: { epsilon, scale, center } }, [da, db]) {
    const [mean, variance] = inputs;
    const r = rsqrt(shiftBy(variance, epsilon));
    const product = db && multiply(mean, db);
    const t = da && product ? subtract(da, product) : (da ?? (product && negate(product)));
    return [
      db && negate(multiply(a, db)),
      t && multiply(multiply(t, -0.5), multiply(a, multiply(r, r))),
      ...(scale ? [t && multiply(t, r)] : []),
      ...(center ? [db] : []),
    ];
  },
};

export interface NormalizeWithOptions {
  readonly mean: Tensor;
  readonly variance: Tensor;
  /** Default: none, which is 1. */
  readonly gamma?: Tensor;
  /** Default: none, which is 0. */
  readonly beta?: Tensor;
  /** Default 1e-3. */
  readonly epsilon?: number;
}

const normalizeWithOptions: OptionTable<NormalizeWithOptions> = {
  mean: required,
  variance: required,
  gamma: true,
  beta: true,
  epsilon: true,
};

/**
 * γ (x − mean) / √(variance + ε) + β with given statistics, all of them [C], for x [..., C]: one multiplication
 * and one addition per element, which fold into the kernel that makes x. Batch normalization outside of training. NaN or
 * ±Infinity in x stays in its element, in the statistics, γ or β in its channel.
 *
 * @throws ShapeError if one of them is not [C]
 * @throws ArgumentError if ε is not positive
 */
export function normalizeWith(x: Tensor, options: NormalizeWithOptions): Tensor {
  checkOptions('normalizeWith', options, normalizeWithOptions, 'x, ');
  requireTensor('normalizeWith', x);
  const { mean, variance, gamma, beta, epsilon = 1e-3 } = options;
  requireChannels('normalizeWith', mean, x);
  const inputs = [mean, variance, ...(gamma ? [gamma] : []), ...(beta ? [beta] : [])];
  const [scale, shift] = applyAll(scaleShiftOp, inputs, {
    epsilon,
    scale: gamma !== undefined,
    center: beta !== undefined,
  });
  return add(multiply(x, scale), shift);
}

export interface MovingStatistics {
  readonly mean: Variable;
  readonly variance: Variable;
}

/**
 * Updates moving statistics from those of this step's batch, all of them [C], at the end of the step:
 * moving ← momentum · moving + (1 − momentum) · batch. In one dispatch, and only inside of a compilation. A step of
 * training in which they would become NaN or infinite is not made.
 */
export function followStatistics(
  moving: MovingStatistics,
  mean: Tensor,
  variance: Tensor,
  momentum: number,
): void {
  const channels = sizeOf(mean.shape);
  const workgroupSize = 64;
  const variables = [read(moving.mean), read(moving.variance)];
  sideEffect({
    label: `${mean.node.label}/movingStatistics`,
    inputs: [mean, variance, ...variables],
    proposes: variables,
    lower({ proposals, dispatch, target }, [batchMean, batchVariance, movingMean, movingVariance]) {
      const padded = proposals ? Math.ceil(channels / 64) * 64 : channels;
      const { workgroups, gridX } = linearGrid(
        padded,
        workgroupSize,
        target.limits.maxComputeWorkgroupsPerDimension,
      );
      dispatch({
        kernel: kernels.moving,
        constants: {
          CHANNELS: channels,
          PADDED: padded,
          MOMENTUM: momentum,
          WEIGHT: 1 - momentum,
          WORKGROUP_SIZE: workgroupSize,
          GRID_X: gridX,
          ...(proposals && placesOf(proposals, movingMean, movingVariance)),
        },
        bindings: {
          mean: batchMean,
          variance: batchVariance,
          moving_mean: movingMean,
          moving_variance: movingVariance,
          ...(proposals && { proposed: proposals.values, faults: proposals.faults }),
        },
        workgroups,
        flops: 6 * channels,
      });
    },
  });
}

/** The kernel's constants that say where proposals and their faults go. */
function placesOf(proposals: Proposals, movingMean: Tensor, movingVariance: Tensor) {
  const [mean, variance] = [proposals.of(movingMean), proposals.of(movingVariance)];
  return {
    PROPOSE: true,
    CHAINED: mean.chained,
    MEAN_OFFSET: mean.offset,
    VARIANCE_OFFSET: variance.offset,
    FAULT_OFFSET: proposals.firstFault,
    MEAN_PLACE: mean.place,
    VARIANCE_PLACE: variance.place,
  };
}
