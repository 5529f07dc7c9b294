import { createNode } from '../../ops/core/node.ts';
import type { Node, Tensor } from '../../ops/core/op.ts';
import type { Pair } from '../../ops/core/window.ts';
import { poolSpan } from '../../ops/pooling/pool2d.ts';
import type { Pool2dAttrs } from '../../ops/pooling/pool2d.ts';
import { consumersOf, rewrite, topologicalOrder } from '../traverse.ts';

/** By their names: an application has only the ops that it uses. */
const pools: readonly string[] = ['maxPool2d', 'averagePool2d'];
const poolGradients: readonly string[] = ['maxPool2dGradient', 'averagePool2dGradient'];
/** The gradients of a convolution, and which of their inputs the output's gradient is. */
const gradients = new Map([
  ['conv2dGradInput', 0],
  ['conv2dGradFilter', 1],
  ['conv2dGradFilterBias', 1],
]);

/**
 * Where pooling without padding leaves over the last rows and columns of a convolution's output, they are not computed,
 * and its gradients do without their zeros. A pool of 2 × 2 reads 10 × 10 of 11 × 11 positions: a sixth of the work in all
 * three passes was for nothing. What only these positions see of the input, a NaN say, has no part in the weights'
 * gradient then.
 */
export function cropUnreadOutputs(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const consumers = consumersOf(topologicalOrder(outputs));
  const wanted = new Set(outputs);
  const readersOf = (tensor: Tensor) => (wanted.has(tensor) ? [] : (consumers.get(tensor) ?? []));
  return rewrite(outputs, (node, inputs) => {
    const { op, attrs, label, epilogue, outputs: specs } = node;
    const [first] = specs;
    const readers = readersOf(first);
    if (
      op.name === 'conv2d' &&
      readers.length === 1 &&
      pools.includes(readers[0].op.name) &&
      followsChannels(node)
    ) {
      const kept = keptOf(readers[0].attrs, first.shape);
      return kept && createNode(op, inputs, { ...attrs, kept }, [crop(first, kept)], label, epilogue).outputs;
    }
    // What is fused into it may make more than 0 of the zeros: the gradient that others send to these positions.
    if (poolGradients.includes(op.name) && !epilogue && readers.length > 0) {
      const kept = keptOf(attrs, first.shape);
      if (!kept || !readers.every((reader) => dyOf(reader) === first)) return undefined;
      const cropped = crop(first, kept);
      const own = { ...attrs, inputShape: cropped.shape };
      return createNode(op, inputs, own, [cropped], label).outputs;
    }
    const place = gradients.get(op.name);
    if (place === undefined || `${inputs[place].shape}` === `${node.inputs[place].shape}`) return undefined;
    const [, height, width] = inputs[place].shape;
    return createNode(op, inputs, { ...attrs, kept: [height, width] }, specs, label, epilogue).outputs;
  });
}

/** The rows and columns of an image [N, H, W, C] that the windows reach; undefined where that is all of them. */
function keptOf(attrs: Pool2dAttrs, [, height, width]: readonly number[]): Pair | undefined {
  const { stride, padding } = attrs;
  if (padding !== 'valid') return undefined;
  const span = poolSpan(attrs);
  const [rows, columns] = [height, width].map(
    (extent, axis) => extent - ((extent - span[axis]) % stride[axis]),
  );
  return rows < height || columns < width ? [rows, columns] : undefined;
}

const crop = ({ shape: [batch, , , channels], dtype }: Tensor, [rows, columns]: Pair) => ({
  shape: [batch, rows, columns, channels],
  dtype,
});

/** Whether nothing that is fused into the node has the shape of its output. */
const followsChannels = ({ epilogue }: Node): boolean =>
  epilogue === undefined || epilogue.extras.every(({ access }) => access !== 'element');

/** The gradient of the convolution's output that a node reads, if it does so in no other part. */
function dyOf({ op, inputs }: Node): Tensor | undefined {
  const place = gradients.get(op.name);
  if (place === undefined) return undefined;
  return inputs.every((tensor, i) => i === place || tensor !== inputs[place]) ? inputs[place] : undefined;
}
