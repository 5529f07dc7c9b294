import type { Pool2dOptions } from '../../src/ops/pooling/pool2d.ts';
import { toPair } from '../../src/ops/core/window.ts';
import { padding2d } from '../reference/conv2d.ts';
import type { Pool2dOptions as ReferencePool } from '../reference/pooling.ts';

/** A pool under test: the input's shape and the options. */
export interface PoolCase extends Pool2dOptions {
  shape: number[];
}

/** The same window in the words of the reference. */
export function poolTwin({
  shape,
  poolSize = 2,
  stride = poolSize,
  padding = 'valid',
  dilation = 1,
}: PoolCase): ReferencePool {
  const [size, step, dilations] = [toPair(poolSize), toPair(stride), toPair(dilation)];
  const explicit =
    typeof padding === 'string' ? padding2d(padding, [shape[1], shape[2]], size, step, dilations) : padding;
  return { size, strides: step, padding: explicit, dilations };
}
