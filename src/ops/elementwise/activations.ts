import { ArgumentError, ShapeError } from '../../errors.ts';
import { checkOptions, describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape, normalizeAxis } from '../core/shape.ts';
import { slice } from '../movement/movement.ts';
import * as ew from './elementwise.ts';

/*
 * Activations composed of ops of the table; chains of them become one kernel. NaN passes through all of them, and at
 * ±Infinity each has its limit.
 */

/** Names itself in the error where its argument is not a tensor. */
/* @__NO_SIDE_EFFECTS__ */
const named =
  (name: string, f: (x: Tensor) => Tensor) =>
  (x: Tensor): Tensor => {
    requireTensor(name, x);
    return f(x);
  };

/** x within [low, high]; outside, and at the ends, the slope is 0. */
const within = (x: Tensor, low: number, high: number): Tensor => ew.minimum(high, ew.maximum(low, x));

/** @throws ArgumentError unless it is a finite number, above 0 if `positive` */
function check(op: string, option: string, value: number, positive = false): void {
  const isNumber = typeof value === 'number' && Number.isFinite(Math.fround(value));
  if (isNumber && (!positive || value > 0)) return;
  throw new ArgumentError(
    `${op}: ${option} is ${describe(value)}; it must be a finite number${positive ? ' above 0' : ''}`,
  );
}

export interface ReluOptions {
  /** Slope below the threshold; default 0. */
  negativeSlope?: number;
  /** Default none. */
  maxValue?: number;
  /** Below it, the value is negativeSlope · (x − threshold); default 0. */
  threshold?: number;
}

export const reluOptions: OptionTable<ReluOptions> = { negativeSlope: true, maxValue: true, threshold: true };

/** @throws ArgumentError if an option of relu is not a number, or the largest value is below 0 */
export function checkRelu(caller: string, { negativeSlope = 0, maxValue, threshold = 0 }: ReluOptions): void {
  check(caller, 'negativeSlope', negativeSlope);
  check(caller, 'threshold', threshold);
  if (maxValue === undefined) return;
  check(caller, 'maxValue', maxValue);
  if (maxValue < 0) {
    throw new ArgumentError(`${caller}: maxValue is ${maxValue}; it must be at least 0, or left out`);
  }
}

/**
 * max(x, 0). With options, as in Keras: x above the threshold and 0 below it, limited to [0, maxValue] if there is a
 * largest value, less negativeSlope · max(threshold − x, 0).
 *
 * @throws ArgumentError if an option is not a number, or maxValue is below 0
 */
export function relu(x: Tensor, options: ReluOptions = {}): Tensor {
  requireTensor('relu', x);
  checkOptions('relu', options, reluOptions, 'x, ');
  checkRelu('relu', options);
  const { negativeSlope = 0, maxValue, threshold: from = 0 } = options;
  if (from === 0 && maxValue === undefined) return ew.leakyRelu(x, negativeSlope);
  const above = from === 0 ? ew.relu(x) : threshold(x, from, 0);
  const limited = maxValue === undefined ? above : ew.minimum(maxValue, from < 0 ? ew.relu(above) : above);
  if (negativeSlope === 0) return limited;
  const below = ew.relu(ew.shift(ew.negate(x), from));
  return ew.subtract(limited, ew.scale(below, negativeSlope));
}

/** min(max(x, 0), 6) (Howard et al. 2017). */
export const relu6 = named('relu6', (x) => ew.minimum(6, ew.relu(x)));

/** x above the threshold, `value` elsewhere. */
export function threshold(x: Tensor, from: number, value: number): Tensor {
  requireTensor('threshold', x);
  check('threshold', 'threshold', from);
  check('threshold', 'value', value);
  return ew.keepNan(x, ew.where(ew.lessEqual(x, from), value, x));
}

/** x · relu6(x + 3) / 6 (Howard et al. 2019), as Keras's hard_silu: 0 at −Infinity. */
export const hardSilu = named('hardSilu', (x) => ew.multiply(ew.maximum(-3, x), ew.hardSigmoid(x)));

/** x limited to [−1, 1]. */
export const hardTanh = named('hardTanh', (x) => within(x, -1, 1));

/** x where |x| is above the threshold, 0 elsewhere. */
export function hardShrink(x: Tensor, limit = 0.5): Tensor {
  requireTensor('hardShrink', x);
  check('hardShrink', 'threshold', limit);
  return ew.keepNan(x, ew.where(ew.lessEqual(ew.abs(x), limit), 0, x));
}

/** x less its part within ±threshold: x − λ above λ, x + λ below −λ, 0 between. */
export function softShrink(x: Tensor, limit = 0.5): Tensor {
  requireTensor('softShrink', x);
  check('softShrink', 'threshold', limit, true);
  return ew.subtract(x, ew.clip(x, -limit, limit));
}

/** x − tanh(x). */
export const tanhShrink = named('tanhShrink', (x) => ew.subtract(x, ew.tanh(x)));

/** log(1 / (1 + e^−x)) = −softplus(−x). */
export const logSigmoid = named('logSigmoid', (x) => ew.negate(ew.softplus(ew.negate(x))));

/** max(x, 0) + min(0, α (e^(x/α) − 1)) (Barron 2017). */
export function celu(x: Tensor, alpha = 1): Tensor {
  requireTensor('celu', x);
  check('celu', 'alpha', alpha, true);
  return ew.scale(ew.elu(ew.scale(x, 1 / alpha)), alpha);
}

/** 0 up to −1, (x + 1)² / 4 up to 1, and x beyond (the smooth relu of which sparseSigmoid is the slope; Keras). */
export const sparsePlus = named('sparsePlus', (x) =>
  ew.add(ew.scale(ew.square(ew.shift(ew.clip(x, -1, 1), 1)), 0.25), ew.relu(ew.shift(x, -1))),
);

/** 0 up to −1, (x + 1) / 2 up to 1, and 1 beyond (Martins & Astudillo 2016: sparsemax of two classes). */
export const sparseSigmoid = named('sparseSigmoid', (x) => ew.scale(ew.shift(within(x, -1, 1), 1), 0.5));

/**
 * a · sigmoid(b) with a and b the first and the second half of x along `axis` (Dauphin et al. 2017).
 *
 * @throws ShapeError if that extent is odd, or there is no such axis
 */
export function glu(x: Tensor, axis = -1): Tensor {
  requireTensor('glu', x);
  const { shape } = x;
  const along = normalizeAxis(axis, shape, 'glu');
  if (shape[along] % 2 !== 0) {
    throw new ShapeError(
      `glu: axis ${axis} of ${formatShape(shape)} has ${shape[along]} values, which do not fall into halves; give it an even number`,
    );
  }
  const half = shape.with(along, shape[along] / 2);
  const begin = shape.map((_, i) => (i === along ? half[along] : 0));
  const [a, b] = [slice(x, shape.map(() => 0), half), slice(x, begin, half)]; // prettier-ignore
  return ew.multiply(a, ew.sigmoid(b));
}
