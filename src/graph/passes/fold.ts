import { elementwiseOps as ew, scale } from '../../ops/elementwise/elementwise.ts';
import { broadcastTo, broadcastToOp } from '../../ops/reduce/sum.ts';
import { fill, fillValue } from '../../ops/core/leaves.ts';
import { sameShape } from '../../ops/core/shape.ts';
import type { Node, Tensor } from '../../ops/core/op.ts';
import { rewrite } from '../traverse.ts';

/** What the arithmetic ops do to constants of one value. */
const evaluators = new Map<unknown, (a: number, b: number, literals: Record<string, number>) => number>([
  [ew.negate, (a) => -a],
  [ew.square, (a) => a * a],
  [ew.reciprocal, (a) => 1 / a],
  [ew.scale, (a, _b, { factor }) => a * factor],
  [ew.shift, (a, _b, { offset }) => a + offset],
  [ew.add, (a, b) => a + b],
  [ew.subtract, (a, b) => a - b],
  [ew.multiply, (a, b) => a * b],
  [ew.divide, (a, b) => a / b],
  [broadcastToOp, (a) => a],
]);

/**
 * Constant folding and the identities that autodiff's seeds leave behind: x·1, x/1, x+0, x−0,
 * scale by 1, shift by 0, and arithmetic between constants. All hold for NaN and ±Infinity too; a result that is no
 * finite number is left to the kernels.
 */
export function fold(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  return rewrite(outputs, (node, inputs) => {
    if (node.op.kind !== 'elementwise' || node.outputs[0].dtype !== 'f32') return undefined;
    const [output] = node.outputs;
    const values = inputs.map(fillValue);
    const evaluate = evaluators.get(node.op);
    if (evaluate && values.every((v) => v !== undefined)) {
      const value = Math.fround(evaluate(values[0]!, values[1]!, node.attrs));
      return Number.isFinite(value) ? [fill(output.shape, value)] : undefined;
    }
    // 0 times what may be NaN or infinite is not 0, and compilers take a multiplication by the literal 0 for 0.
    const zero = node.op === ew.multiply ? values.indexOf(0) : -1;
    if (zero >= 0) return [scale(broadcastTo(inputs[1 - zero], output.shape), 0)];
    const kept = identity(node, values);
    return kept !== undefined && sameShape(inputs[kept].shape, output.shape) ? [inputs[kept]] : undefined;
  });
}

/** The input that the node's output equals, if any. */
function identity({ op, attrs }: Node, [a, b]: (number | undefined)[]): number | undefined {
  if (op === ew.multiply) return b === 1 ? 0 : a === 1 ? 1 : undefined;
  if (op === ew.add) return b === 0 ? 0 : a === 0 ? 1 : undefined;
  if (op === ew.divide && b === 1) return 0;
  if (op === ew.subtract && b === 0) return 0;
  if (op === ew.scale && attrs.factor === 1) return 0;
  if (op === ew.shift && attrs.offset === 0) return 0;
  if (op === broadcastToOp) return 0;
  return undefined;
}
