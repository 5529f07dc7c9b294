import { topologicalOrder } from '../graph/traverse.ts';
import { categoricalAccuracyOp } from '../ops/loss/accuracy.ts';
import { castOp } from '../ops/movement/cast.ts';
import { gatherOp, oneHotOp } from '../ops/movement/gather.ts';
import { padOp, reverseOp, sliceOp, transposeOp } from '../ops/movement/movement.ts';
import type { Node, Op, Tensor } from '../ops/core/op.ts';
import { sparseSoftmaxCrossEntropyOp } from '../ops/loss/softmaxCrossEntropy.ts';

/** What a graph does with the values of a tensor. */
export interface Use {
  /** They pick one of so many: rows of a table, classes. The smallest number, where there are several. */
  readonly choices?: number;
  /** They are calculated with, too. */
  readonly numbers: boolean;
}

/** Ops that hand values on as they are, in other places. */
const MOVES: ReadonlySet<Op> = new Set<Op>([castOp, transposeOp, sliceOp, padOp, reverseOp]);

/** What the graph of `results` does with the values of each of the tensors. */
export function usesOf(tensors: readonly Tensor[], results: readonly Tensor[]): Use[] {
  /** What holds values of `tensors`, and of which; one tensor may be there twice, as input and as target. */
  const origins = new Map<Tensor, Set<number>>();
  const add = (tensor: Tensor, places: Iterable<number>) =>
    origins.set(tensor, new Set([...(origins.get(tensor) ?? []), ...places]));
  tensors.forEach((tensor, i) => add(tensor, [i]));
  const choices = tensors.map(() => Infinity);
  const numbers = tensors.map(() => false);
  for (const node of topologicalOrder(results)) {
    node.inputs.forEach((input, place) => {
      const from = origins.get(input);
      if (!from) return;
      const moved = node.op.kind === 'alias' || MOVES.has(node.op);
      const own = choicesOf(node, place);
      if (own === undefined && moved) for (const output of node.outputs) add(output, from);
      for (const i of from) {
        if (own !== undefined) choices[i] = Math.min(choices[i], own);
        else if (!moved) numbers[i] = true;
      }
    });
  }
  return tensors.map((_, i) => ({
    numbers: numbers[i],
    ...(choices[i] < Infinity && { choices: choices[i] }),
  }));
}

/** Among how many an op chooses by the values of its input at `place`, if it does. */
function choicesOf({ op, inputs, attrs }: Node, place: number): number | undefined {
  if (op === oneHotOp) return attrs.depth;
  if (place !== 1) return undefined;
  if (op === gatherOp) return inputs[0].shape[attrs.axis];
  const compares = op === sparseSoftmaxCrossEntropyOp || op === categoricalAccuracyOp;
  return compares && inputs[1].dtype === 'i32' ? inputs[0].shape.at(-1) : undefined;
}
