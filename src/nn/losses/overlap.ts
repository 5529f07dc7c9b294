import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { normalizeAxis, sizeOf } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { add, divide, multiply, scale, shift, subtract } from '../../ops/elementwise/elementwise.ts';
import { perSample } from '../../ops/loss/accuracy.ts';
import { concat } from '../../ops/movement/concat.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { broadcastTo, reduceSum } from '../../ops/reduce/sum.ts';
import { defineLoss } from './define.ts';
import { withFacts } from './facts.ts';
import { takesAs } from './takes.ts';
import { inOneShape, overPositions } from './targets.ts';
import { EPSILON } from './classes.ts';

export interface OverlapOptions {
  /**
   * Dimensions that are added up before the quotient is taken, which gives one loss for each place of the others. Default
   * null: all of them, samples included, so that a batch has one loss.
   */
  axis?: number | readonly number[] | null;
}

/**
 * Dice loss of masks (Milletari et al. 2016, V-Net; Keras's Dice): 1 − 2 Σ t p / (Σ t + Σ p + 1e-7), for probabilities p and
 * targets t of one shape. The sums are those of the whole batch; with `axis` [1, 2, 3] those of each image.
 *
 * In an evaluation without `axis` they are the sums over all samples, in batches of any size.
 *
 * @throws ShapeError if the shapes differ, or there is no such axis
 */
export const dice = defineLoss<OverlapOptions>(
  'dice',
  { axis: null },
  (prediction, target, { axis }) => {
    const [p, t] = aligned('dice', prediction, target);
    const parts = [multiply(t, p), add(t, p)];
    return ofSums('dice', parts, axis, ([both, all]) =>
      subtract(1, divide(scale(both, 2), shift(all, EPSILON))),
    )(([both, all], n) => 1 - (2 * both * n) / (all * n + EPSILON));
  },
  ({ axis }) => checkAxes('dice', axis),
);

export interface TverskyOptions extends OverlapOptions {
  /** Weight of what is true and was not predicted (Keras calls it that of false positives); default 0.5. */
  alpha?: number;
  /** Weight of what was predicted and is not true; default 0.5. */
  beta?: number;
}

/**
 * Tversky loss of masks (Salehi et al. 2017; Keras's Tversky): 1 − Σ t p / (Σ t p + alpha Σ t (1 − p) + beta Σ (1 − t) p
 * + 1e-7). With alpha and beta of 0.5 it is the Dice loss. Sums and `axis` are as in `dice`.
 *
 * @throws ShapeError if the shapes differ, or there is no such axis
 */
export const tversky = defineLoss<TverskyOptions>(
  'tversky',
  { axis: null, alpha: 0.5, beta: 0.5 },
  (prediction, target, { axis, alpha, beta }) => {
    const [p, t] = aligned('tversky', prediction, target);
    const both = multiply(t, p);
    const missed = multiply(t, subtract(1, p));
    const extra = multiply(subtract(1, t), p);
    const all = add(both, add(scale(missed, alpha), scale(extra, beta)));
    return ofSums('tversky', [both, all], axis, ([part, whole]) =>
      subtract(1, divide(part, shift(whole, EPSILON))),
    )(([part, whole], n) => 1 - (part * n) / (whole * n + EPSILON));
  },
  ({ axis, alpha, beta }) => {
    checkAxes('tversky', axis);
    for (const [option, value] of Object.entries({ alpha, beta })) {
      if (value >= 0 && value < Infinity) continue;
      throw new ArgumentError(
        `tversky: ${option} is ${describe(value)}; it must be a finite number of at least 0`,
      );
    }
  },
);

function aligned(name: string, prediction: Tensor, target: Tensor): [prediction: Tensor, target: Tensor] {
  takesAs(name, 'probabilities', prediction);
  return inOneShape(name, prediction, target);
}

/**
 * A loss of sums of `parts`, [N, ...]: a value for each place that `axis` leaves; without `axis` one for the batch, which every
 * sample has then, and from the means of the columns over any samples the one of these.
 */
function ofSums(
  name: string,
  parts: readonly Tensor[],
  axis: OverlapOptions['axis'],
  quotient: (sums: Tensor[]) => Tensor,
): (value: (means: Float64Array, count: number) => number) => Tensor {
  const [{ shape }] = parts;
  const [rows] = shape;
  const axes =
    axis === null || axis === undefined ? shape.map((_, i) => i) : axesOf(name, [axis].flat(), parts[0]);
  if (!axes.includes(0)) return () => overPositions(quotient(parts.map((part) => reduceSum(part, { axes }))));
  return (value) => {
    const places = sizeOf(shape) / sizeOf(axes.map((i) => shape[i]));
    // [N, places] of each part
    const own = parts.map((part) => {
      const sums = axes.length > 1 ? reduceSum(part, { axes: axes.filter((i) => i > 0) }) : part;
      return reshape(sums, [rows, places]);
    });
    const values = quotient(own.map((part) => reduceSum(part, { axes: [0] })));
    const loss = scale(reduceSum(values), 1 / places);
    return withFacts(broadcastTo(reshape(loss, [1]), [rows]), {
      positions: places,
      whole: {
        columns: concat(own, 1),
        perSample: perSample(quotient(own)),
        value: (means, count) => {
          const each = Array.from({ length: places }, (_, i) =>
            value(Float64Array.of(means[i], means[places + i]), count),
          );
          return each.reduce((a, b) => a + b, 0) / places;
        },
      },
    });
  };
}

const axesOf = (name: string, axes: readonly number[], { shape }: Tensor): number[] =>
  [...new Set(axes.map((axis) => normalizeAxis(axis, shape, name)))].sort((a, b) => a - b);

function checkAxes(name: string, axis: OverlapOptions['axis']): void {
  if (axis === null || axis === undefined || [axis].flat().every(Number.isInteger)) return;
  throw new ArgumentError(
    `${name}: axis is ${describe(axis)}; give a whole number, several, or null for all`,
  );
}
