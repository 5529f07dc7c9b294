import { globalAveragePool2d as globalAverageOp } from '../../ops/pooling/averagePool2d.ts';
import { globalMaxPool2d as globalMaxOp } from '../../ops/pooling/maxPool2d.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { divide, where } from '../../ops/elementwise/elementwise.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import type { Defaults } from '../../options.ts';
import { maskOf } from '../masks.ts';
import { IMAGE, layerDefaults } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { SEQUENCE, toRow } from './sequences.ts';
import { settleLayer } from './settleLayer.ts';
import { Stateless } from './shaping.ts';

export interface GlobalPoolOptions extends LayerOptions {
  /** Leave the pooled dimensions in the shape, with an extent of 1; default false. */
  keepDims?: boolean;
}

const defaults = { keepDims: false, ...layerDefaults } as const satisfies Defaults<GlobalPoolOptions>;

/** @param op from [batch, height, width, channels] or [batch, steps, channels] to [batch, channels] */
function globalPool(type: string, rank: 1 | 2, op: (x: Tensor) => Tensor, options: GlobalPoolOptions): Layer {
  const settled = settleLayer(type, options, defaults);
  return new Stateless(type, settled, {
    sample: rank === 2 ? [3, IMAGE] : [2, SEQUENCE],
    compute(x) {
      const [batch, channels] = [x.shape[0], x.shape.at(-1)!];
      const y = op(x);
      return settled.keepDims ? reshape(y, [batch, ...(rank === 2 ? [1, 1] : [1]), channels]) : y;
    },
  });
}

/** The mean of each channel over the whole image: [height, width, channels] → [channels]. */
export function globalAveragePool2d(options: GlobalPoolOptions = {}): Layer {
  return globalPool('globalAveragePool2d', 2, globalAverageOp, options);
}

/** The largest value of each channel in the whole image: [height, width, channels] → [channels]. */
export function globalMaxPool2d(options: GlobalPoolOptions = {}): Layer {
  return globalPool('globalMaxPool2d', 2, globalMaxOp, options);
}

/**
 * The mean of each channel over the steps of a sequence: [steps, channels] → [channels]. Steps that its mask leaves out do
 * not count, as in Keras; where it leaves out all of them, the mean is NaN.
 */
export function globalAveragePool1d(options: GlobalPoolOptions = {}): Layer {
  return globalPool('globalAveragePool1d', 1, averageOfSteps, options);
}

function averageOfSteps(x: Tensor): Tensor {
  const mask = maskOf(x);
  if (!mask) return globalAverageOp(toRow(x));
  const counts = reshape(mask, [...mask.shape, 1]);
  const sum = reduceSum(where(counts, x, 0), { axes: [1] });
  return divide(sum, reduceSum(counts, { axes: [1] }));
}

/** The largest value of each channel over all steps of a sequence, whatever its mask is: [steps, channels] → [channels]. */
export function globalMaxPool1d(options: GlobalPoolOptions = {}): Layer {
  return globalPool('globalMaxPool1d', 1, (x) => globalMaxOp(toRow(x)), options);
}
