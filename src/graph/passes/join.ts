import type { Tensor } from '../../ops/core/op.ts';
import { rewrite } from '../traverse.ts';
import { internalTensors } from './fuse.ts';

/**
 * Makes a node and the one before it one node, where its op knows how: a convolution and max pooling, say. Whether they
 * become one kernel, the node decides by the device.
 */
export function joinNodes(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const internal = internalTensors(outputs);
  return rewrite(outputs, (node, [first]) =>
    first && internal(node.inputs[0]) ? node.op.joined?.(node, first.node) : undefined,
  );
}
