import type { GradientRule, Op, Tensor } from '../core/op.ts';
import { add, greaterEqual, less, multiply, scale, subtract, where } from '../elementwise/elementwise.ts';
import { cast } from '../movement/cast.ts';
import { reshape } from '../movement/movement.ts';
import { reduceMean } from '../reduce/reduce.ts';
import { reduceSum } from '../reduce/sum.ts';
import { softmax } from '../softmax/softmax.ts';
import { softmaxCrossEntropyOp, sparseSoftmaxCrossEntropyOp } from './softmaxCrossEntropy.ts';
import type { SoftmaxCrossEntropyAttrs } from './softmaxCrossEntropy.ts';

/**
 * A cross-entropy's first output is its gradient T p − t′, with p = softmax(x), T = Σ t, t′ = (1 − s) t + s T / classes. For u
 * that reaches it: T times the gradient of softmax by x, and by t_k Σ u p − (1 − s) u_k − s mean u. A label's T is 1, and 0
 * where it masks its sample.
 */
function ofGradient(
  [logits, targets]: readonly Tensor[],
  smoothing: number,
  u: Tensor,
): (Tensor | undefined)[] {
  const row = { axes: [-1], keepDims: true };
  const p = softmax(logits);
  const weighted = multiply(p, u);
  const total = reduceSum(weighted, row);
  const slope = subtract(weighted, multiply(p, total));
  if (targets.dtype === 'f32') {
    const own = add(scale(u, 1 - smoothing), scale(reduceMean(u, row), smoothing));
    return [multiply(slope, reduceSum(targets, row)), subtract(total, own)];
  }
  const label = reshape(cast(targets, 'f32'), [...targets.shape, 1]);
  const isClass = multiply(greaterEqual(label, 0), less(label, logits.shape.at(-1)!));
  return [where(isClass, slope, 0), undefined];
}

const both = (a: Tensor | undefined, b: Tensor | undefined) => (a && b ? add(a, b) : (a ?? b));

const crossEntropy = (op: Op<SoftmaxCrossEntropyAttrs>): [Op, GradientRule] => [
  op,
  (node, [ofSlope, ofLoss]) => {
    const first = (op.gradient as GradientRule)(node, [undefined, ofLoss]);
    const second = ofSlope ? ofGradient(node.inputs, node.attrs.labelSmoothing, ofSlope) : [];
    return node.inputs.map((_, i) => both(first[i], second[i]));
  },
];

export const ofLosses = (): [Op, GradientRule][] => [
  crossEntropy(softmaxCrossEntropyOp),
  crossEntropy(sparseSoftmaxCrossEntropyOp),
];
