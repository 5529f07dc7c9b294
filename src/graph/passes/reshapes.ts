import { broadcastToOp } from '../../ops/reduce/sum.ts';
import { fillValue } from '../../ops/core/leaves.ts';
import { mapOp } from '../../ops/elementwise/map.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { createNode } from '../../ops/core/node.ts';
import { sameShape, sizeOf } from '../../ops/core/shape.ts';
import type { Node, Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { rewrite } from '../traverse.ts';
import { internalTensors, takesEpilogue } from './fuse.ts';

/**
 * Moves elementwise work from behind a reshape to before it, so that the kernel which computes the reshaped tensor can
 * take it in:
 *
 *   f(reshape(x), y) = reshape(f(x, reshape(y)))
 *
 * The gradient of an activation before `flatten`, say, goes into the matrix product behind it.
 */
export function moveBeforeReshapes(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const internal = internalTensors(outputs);
  /** Read by nothing but this operand, through reshapes too. */
  const own = (tensor: Tensor): boolean =>
    internal(tensor) && (!isAlias(tensor) || own(tensor.node.inputs[0]));
  return rewrite(outputs, (node, inputs) => {
    const { op, attrs, label } = node;
    const [{ shape, dtype }] = node.outputs;
    if (op.kind !== 'elementwise' || op === broadcastToOp || op === mapOp || dtype !== 'f32')
      return undefined;
    const open = inputs.map((tensor, i) => own(node.inputs[i]) && takesIn(behind(tensor).node));
    const at = inputs.findIndex((tensor, i) => open[i] && isAlias(tensor) && sameShape(tensor.shape, shape));
    if (at < 0) return undefined;
    const before = behind(inputs[at]).shape;
    const moved = inputs.map((tensor, i) => movedTo(before, tensor, shape, open[i]));
    if (!moved.every((tensor) => tensor !== undefined)) return undefined;
    return [reshape(createNode(op, moved, attrs, [{ shape: before, dtype }], label).outputs[0], shape)];
  });
}

const isAlias = ({ node }: Tensor): boolean => node.op.kind === 'alias';

/** What is reshaped, in the end. */
const behind = (tensor: Tensor): Tensor => (isAlias(tensor) ? behind(tensor.node.inputs[0]) : tensor);

/**
 * An operand of the shape `shape` in the shape `before`; undefined where it is broadcast otherwise than along the channels,
 * or is computed by a kernel that could take the work in as well.
 */
function movedTo(before: Shape, tensor: Tensor, shape: Shape, open: boolean): Tensor | undefined {
  if (tensor.shape.length === 0 && fillValue(tensor) !== undefined) return tensor;
  if (sameShape(tensor.shape, shape)) {
    const source = behind(tensor);
    if (sameShape(source.shape, before)) return source;
    return open ? undefined : reshape(source, before);
  }
  const channels = shape.at(-1);
  // one number for each channel, which the reshape leaves: a bias
  const isBias =
    sizeOf(tensor.shape) === channels && tensor.shape.at(-1) === channels && before.at(-1) === channels;
  return isBias ? reshape(tensor, [channels]) : undefined;
}

/** Whether elementwise work on its output can go into its kernel. */
const takesIn = (node: Node): boolean =>
  node.outputs.length === 1 && (node.op.kind === 'elementwise' || takesEpilogue(node));
