import { divisors, largestDivisor, upTo } from '../core/division.ts';
import type { Target } from '../core/op.ts';
import type { TensorSpec } from '../core/shape.ts';
import type { Width } from '../core/values.ts';
import { MOST_CANDIDATES } from '../core/variant.ts';
import type { Pair } from '../core/window.ts';
import { tapWidth } from '../pooling/taps.ts';
import { poolWindow } from '../pooling/pool2d.ts';
import type { Pool2dAttrs } from '../pooling/pool2d.ts';
import { conv2dSize } from './geometry.ts';
import type { Conv2dAttrs, Conv2dSize } from './geometry.ts';
import { COST, MOST_PRODUCTS, MOST_SUMS, MOST_TAPS } from './plans.ts';

export interface Conv2dMaxPoolAttrs {
  readonly conv: Conv2dAttrs;
  readonly pool: Pool2dAttrs;
}

/** A convolution and a pool of windows side by side, from the first row and column on. */
export interface Pooled {
  readonly conv: Conv2dSize;
  readonly window: Pair;
  /** Windows of an image. */
  readonly output: Pair;
  readonly channels: number;
  /** Channels in a Value. */
  readonly width: Width;
  /** Neighbouring taps that share a strip. */
  readonly run: number;
}

/** Products per output of first layers. With more, what the pool saves is less than sums of several rows cost in registers. */
const FEW_PRODUCTS = 100;
/** What it costs, in multiply-adds of a subgroup, to load a number of the input, its address included. */
const LOAD = 45;
/** What it costs to find out whether a value is the largest of its window, activation included. */
const COMPARE = 13;

/** Both in numbers; undefined unless one kernel may be worth while for them. */
export function pooledSize(
  [x, weights]: readonly TensorSpec[],
  { conv, pool }: Conv2dMaxPoolAttrs,
): Pooled | undefined {
  const size = conv2dSize('conv2dMaxPool', x.shape, weights.shape, conv);
  const { batch, output, groups, groupIn, groupOut, kernel } = size;
  const channels = groups * groupOut;
  const pooled = poolWindow('conv2dMaxPool', { shape: [batch, ...output, channels] }, pool);
  const beside = [0, 1].every(
    (axis) =>
      pool.stride[axis] === pool.poolSize[axis] && (pool.dilation[axis] === 1 || pool.poolSize[axis] === 1),
  );
  const fromTheFirst = pooled.padTop === 0 && pooled.padLeft === 0;
  if (!beside || !fromTheFirst || kernel[0] * kernel[1] * groupIn > FEW_PRODUCTS) return undefined;
  const width = tapWidth(groupOut, pool.poolSize);
  // The winners of four neighbouring channels, of one group or not, share a word where they can.
  if (width !== tapWidth(channels, pool.poolSize)) return undefined;
  const run = largestDivisor(kernel[1], MOST_TAPS);
  return { conv: size, window: pool.poolSize, output: pooled.output, channels, width, run };
}

/**
 * Tiles of windows × Values of channels of broadcast_max_pool, those of the least cost first. None where kernels cannot use subgroups, or a window has more sums than an invocation may have.
 */
export function pooledTiles(pooled: Pooled, { subgroupSize }: Target): number[][] {
  if (!subgroupSize) return [];
  const { conv, window, output, width, run } = pooled;
  const { batch, kernel, groupIn, groupOut, stride, dilation } = conv;
  const area = window[0] * window[1];
  const cost = ([windows, channels]: number[]) => {
    const strip = (windows * window[1] - 1) * stride[1] + (run - 1) * dilation[1] + 1;
    const values = run * channels;
    const products = values * width * windows * area;
    const carried = stride[0] === dilation[0];
    const tap =
      strip * (carried ? LOAD + (window[0] - 1) * COST.move : window[0] * LOAD) +
      Math.ceil(values / subgroupSize) * COST.load[width] +
      values * width * COST.shuffle +
      products * COST.multiplyAdd;
    const first = carried ? (window[0] - 1) * strip * LOAD : 0;
    const end = windows * channels * (COST.store[width] + COST.store[1] + area * width * COMPARE);
    const tiles = Math.ceil((batch * Math.ceil(output[1] / windows)) / subgroupSize);
    const runs = (kernel[1] / run) * groupIn;
    return (tiles / channels) * (runs * (first + kernel[0] * tap) + end);
  };
  return divisors(groupOut / width, 16 / width)
    .flatMap((channels) => upTo(Math.min(8, output[1])).map((windows) => [windows, channels]))
    .filter(([windows, channels]) => {
      const sums = windows * channels * area * width;
      return sums <= MOST_SUMS && sums * run <= MOST_PRODUCTS;
    })
    .toSorted((a, b) => cost(a) - cost(b))
    .slice(0, MOST_CANDIDATES - 1);
}
