import { createNode } from '../../ops/core/node.ts';
import type { Node, Tensor } from '../../ops/core/op.ts';
import { conv2dOp } from '../../ops/conv2d/conv2d.ts';
import { conv2dMaxPoolOp } from '../../ops/conv2d/maxPool.ts';
import { pooledSize } from '../../ops/conv2d/maxPoolPlans.ts';
import { maxPool2dOp } from '../../ops/pooling/maxPool2d.ts';
import { rewrite } from '../traverse.ts';
import { internalTensors } from './fuse.ts';

/**
 * Makes a convolution of few products, what is fused into it and the max pooling of its output one node, where nothing
 * else reads that output. Whether they become one kernel, the node decides by the device.
 */
export function fuseConvolutionPools(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const internal = internalTensors(outputs);
  return rewrite(outputs, (node: Node, [convolved]) => {
    const { op, attrs: pool, outputs: specs, epilogue } = node;
    if (op !== maxPool2dOp || epilogue || convolved.node.op !== conv2dOp || !internal(node.inputs[0])) {
      return undefined;
    }
    const { inputs, attrs: conv, label, epilogue: own } = convolved.node;
    if (!pooledSize(inputs, { conv, pool })) return undefined;
    return createNode(conv2dMaxPoolOp, inputs, { conv, pool }, specs, label, own).outputs;
  });
}
