import vectorSource from '../../../shaders/random/dropout.wgsl?raw';
import scalarSource from '../../../shaders/random/dropout_scalar.wgsl?raw';
import { describe } from '../../options.ts';
import { ArgumentError } from '../../errors.ts';
import { programState } from '../core/leaves.ts';
import { apply } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { streamingWorkgroup } from '../core/values.ts';
import { streamOf, streamOption } from './random.ts';
import type { RandomOptions } from './random.ts';

const kernels = {
  vector: { name: 'random/dropout', source: vectorSource },
  scalar: { name: 'random/dropout_scalar', source: scalarSource },
};

export interface DropoutAttrs {
  readonly rate: number;
  readonly stream: number;
}

export const dropoutOp: Op<DropoutAttrs> = {
  name: 'dropout',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([{ shape, dtype }]) {
    if (dtype !== 'f32') throw new ArgumentError(`dropout: works on f32 tensors, got ${dtype}`);
    return [{ shape, dtype: 'f32' }];
  },
  lower({ inputs: [x, state], outputs: [output], attrs: { rate, stream } }, context) {
    const size = sizeOf(x.shape);
    const channels = x.shape.at(-1) ?? 1;
    const aligned = channels % 4 === 0;
    const variant = context.choose(
      'dropout',
      aligned ? ['vector', 'scalar'] : ['scalar'],
      aligned ? 'vector' : 'scalar',
    );
    const width = variant === 'vector' ? 4 : 1;
    const workgroupSize = streamingWorkgroup(context.target, size / 4);
    const limit = context.target.limits.maxComputeWorkgroupsPerDimension;
    const { workgroups, gridX } = linearGrid(Math.ceil(size / 4), workgroupSize, limit);
    context.dispatch({
      kernel: kernels[variant],
      constants: {
        SIZE: size / width,
        CHANNELS: channels / width,
        STREAM: stream,
        // u ≥ rate on the grid of 24-bit numbers that u lies on
        THRESHOLD: Math.ceil(Math.fround(rate) * 2 ** 24),
        SCALE: 1 / (1 - rate),
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      bindings: { x, state, output },
      workgroups,
      epilogue: true,
      flops: 2 * size,
    });
  },
  // y = mask · x / (1 − rate) is linear in x: dL/dx is the same op, with the same mask, applied to dL/dy
  gradient: ({ inputs: [, state], attrs }, [dy]) => [dy && apply(dropoutOp, [dy, state], attrs)],
};

/**
 * Inverted dropout (Srivastava et al. 2014): sets a share `rate` of the elements to 0, independently and again in
 * every step, and multiplies the others by 1 / (1 − rate), so that the expectation stays. NaN stays NaN. Any shape.
 * The mask is computed again in the backward pass instead of being stored. A rate of 0 is the identity.
 *
 * @throws ArgumentError unless 0 ≤ rate < 1
 */
export function dropout(x: Tensor, rate: number, options: RandomOptions = {}): Tensor {
  const stream = streamOption('dropout', options);
  if (typeof rate !== 'number' || !(rate >= 0 && Math.fround(rate) < 1)) {
    throw new ArgumentError(
      `dropout: rate is ${describe(rate)}; it must be at least 0 and below 1, such as 0.5`,
    );
  }
  return rate === 0
    ? x
    : apply(dropoutOp, [x, programState()], { rate, stream: streamOf('dropout', stream) });
}
