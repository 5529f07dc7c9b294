import broadcast from '../../../shaders/conv2d/broadcast_max_pool.wgsl?raw';
import { createNode } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op, Tensor } from '../core/op.ts';
import type { TensorSpec } from '../core/shape.ts';
import { parseVariant, variantName } from '../core/variant.ts';
import { lowerMaxPool2d, tapPacking } from '../pooling/maxPool2dKernel.ts';
import type { Pool2dAttrs } from '../pooling/pool2d.ts';
import { conv2dOp } from './conv2d.ts';
import { conv2dFlops, forwardAxis } from './geometry.ts';
import { lowerConv2d } from './kernels.ts';
import { pooledSize, pooledTiles } from './maxPoolPlans.ts';
import type { Conv2dMaxPoolAttrs, Pooled } from './maxPoolPlans.ts';
import { preferredRung, takesHalf } from './plans.ts';

const kernels = { broadcast: { name: 'conv2d/broadcast_max_pool', source: broadcast } };

/**
 * maxPool2d(e(conv2d(x, weights))), where e is what is fused into the node. The two outputs are the pool's. Made by a pass,
 * which leaves no need for the convolution's own output.
 *
 * One kernel on software adapters with subgroups, where it saves writing and reading that; elsewhere two.
 */
export const conv2dMaxPoolOp: Op<Conv2dMaxPoolAttrs> = {
  name: 'conv2dMaxPool',
  kind: 'kernel',
  infer(inputs, attrs) {
    const { conv, output, channels, width } = sizeOf(inputs, attrs);
    return [
      { shape: [conv.batch, ...output, channels], dtype: 'f32' },
      { shape: [conv.batch, ...output, channels / width], dtype: 'u32' },
    ];
  },
  lower(node, context) {
    const pooled = sizeOf(node.inputs, node.attrs);
    const { conv } = pooled;
    const gather = { ...conv, axes: [forwardAxis(conv, 0), forwardAxis(conv, 1)] } as const;
    // A kernel that is named for convolutions, with none named for these, counts for the convolution here, too.
    const isNamed = context.isForced(conv2dOp.name) && !context.isForced(node.op.name);
    const apart = isNamed || (context.half && takesHalf(gather));
    const tiles = context.target.software && !apart ? pooledTiles(pooled, context.target) : [];
    const together = tiles.length > 0 && preferredRung(gather, context.target) === 'broadcast';
    const variant = context.choose<string>(
      node.op.name,
      tiles.length > 0 ? ['broadcast', 'separate'] : ['separate'],
      together ? 'broadcast' : 'separate',
      { candidates: [...tiles.map((tile) => variantName({ rung: 'broadcast', tile })), 'separate'], kernels },
    );
    const { rung, tile } = parseVariant(variant);
    if (rung === 'separate') lowerApart(node, pooled, context);
    else lowerTogether(node, pooled, tile.length > 0 ? tile : tiles[0], context);
  },
  gradient: { reason: 'passes make it of what has been differentiated' },
};

/** A convolution of few products, what is fused into it and the max pooling of its output as one node. */
export function joinedConv2d(pool: Node<Pool2dAttrs>, convolved: Node): readonly Tensor[] | undefined {
  if (convolved.op !== conv2dOp || pool.epilogue) return undefined;
  const { inputs, label, epilogue } = convolved;
  const attrs: Conv2dMaxPoolAttrs = { conv: convolved.attrs, pool: pool.attrs };
  if (!pooledSize(inputs, attrs)) return undefined;
  return createNode(conv2dMaxPoolOp, inputs, attrs, pool.outputs, label, epilogue).outputs;
}

function sizeOf(inputs: readonly TensorSpec[], attrs: Conv2dMaxPoolAttrs): Pooled {
  const pooled = pooledSize(inputs, attrs);
  if (!pooled) throw new Error('the pass makes no node of such a convolution and pool');
  return pooled;
}

function lowerTogether(
  { inputs: [input, weights], outputs: [output, argmax] }: Node,
  { conv, window, output: pooled, channels: all, width, run }: Pooled,
  [windows, channels]: readonly number[],
  context: LowerContext,
): void {
  const { batch, groups, groupIn, kernel, stride, dilation, pad, padded } = conv;
  const lanes = context.target.subgroupSize!;
  const tiles = pooled[0] * Math.ceil((batch * Math.ceil(pooled[1] / windows)) / lanes);
  const { workgroups, gridX } = linearGrid(tiles, 1);
  context.dispatch({
    kernel: kernels.broadcast,
    constants: {
      BATCH: batch,
      IN: conv.input,
      GROUPS: groups,
      GROUP_IN: groupIn,
      OUT: conv.output,
      OUT_C: all / width,
      STRIDE: stride,
      DILATION: dilation,
      PAD: pad,
      PADDED: padded,
      TAPS: kernel,
      POOL: window,
      POOLED: pooled,
      WINDOWS: windows,
      CHANNELS: channels,
      TAP_RUN: run,
      WORKGROUP_SIZE: lanes,
      GRID_Y: gridX,
    },
    ...tapPacking(width),
    bindings: { input, weights, output, argmax },
    workgroups: [all / width / channels, workgroups[0], workgroups[1]],
    epilogue: true,
    flops: conv2dFlops(conv),
  });
}

function lowerApart(
  { op, inputs: [x, weights], outputs: [output, argmax], attrs }: Node<Conv2dMaxPoolAttrs>,
  { conv, channels }: Pooled,
  context: LowerContext,
): void {
  const input = context.scratch([conv.batch, ...conv.output, channels], 'f32', 'convolved');
  lowerConv2d(conv2dOp.name, conv, [x, weights, input], context);
  lowerMaxPool2d(op.name, attrs.pool, { input, output, argmax }, context, { epilogue: false });
}
