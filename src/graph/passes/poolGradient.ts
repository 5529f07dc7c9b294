import { createNode } from '../../ops/core/node.ts';
import type { Op, Tensor } from '../../ops/core/op.ts';
import { gradientOps } from '../../ops/elementwise/op.ts';
import { rewrite } from '../traverse.ts';
import { internalTensors } from './fuse.ts';

/** Slopes g(y, dy) of activations, from their result y: linear in dy, so 0 where dy is. */
const slopes: readonly Op[] = [
  gradientOps.reluGradient,
  gradientOps.leakyReluGradient,
  gradientOps.sigmoidGradient,
  gradientOps.tanhGradient,
];

/** By its name: an application has only the ops that it uses. */
const is = ({ name }: Op, wanted: 'maxPool2d' | 'maxPool2dGradient') => name === wanted;

/**
 * Moves the gradient of an activation that max pooling follows to before the pool's gradient. This one only hands
 * dy to the winners and zeros to all others, and a winner's value is the pooled one:
 *
 *   g(y, poolGradient(dy)) = poolGradient(g(pool(y), dy))
 *
 * So g is computed once for each window, mostly in the epilogue of what computes dy, and nothing of the backward pass
 * reads the large y any more. Where a window has several NaN, the first of them gets the NaN, and the others 0.
 */
export function movePoolGradients(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const internal = internalTensors(outputs);
  return rewrite(outputs, ({ op, attrs, label, inputs: before }, [y, dx]) => {
    if (!slopes.includes(op) || !is(dx.node.op, 'maxPool2dGradient') || !internal(before[1]))
      return undefined;
    const { op: poolGradient, inputs, attrs: window, outputs: specs, label: poolLabel } = dx.node;
    const [dy, winners] = inputs;
    const pool = winners.node;
    if (!is(pool.op, 'maxPool2d') || pool.inputs[0] !== y) return undefined;
    const [own] = createNode(op, [pool.outputs[0], dy], attrs, [dy], label).outputs;
    return createNode(poolGradient, [own, winners], window, specs, poolLabel).outputs;
  });
}
