import { topologicalOrder } from '../graph/traverse.ts';
import type { Node, Tensor } from '../ops/core/op.ts';

/** How a graph uses the values of a tensor. */
export interface Use {
  /** They are indices below this number: rows of a table, classes. The smallest number, where there are several. */
  readonly choices?: number;
  /** They are calculated with, too. */
  readonly numbers: boolean;
  /** Only some of them, it is not known which, are indices; the others may be any numbers. */
  readonly mixed?: boolean;
  /** This op uses as indices what is calculated from them. */
  readonly picks?: string;
  /** A binary cross-entropy takes all of them for probabilities: they must lie in this range. */
  readonly within?: { readonly low: number; readonly high: number };
}

// Ops go by their names here: an application has only those that it uses.

/** Ops that pass values on unchanged, at other places; some leave values out. */
const MOVES: ReadonlySet<string> = new Set([
  'cast',
  'transpose',
  'slice',
  'pad',
  'reverse',
  'concat',
  'broadcastTo',
  'maxPool2d',
  'adaptiveMaxPool2d',
  'reduceMax',
  'reduceMin',
]);

/** Ops whose results do not depend on the scale of the values: positions and truth values. */
const ASKS: ReadonlySet<string> = new Set([
  'argmax',
  'argmin',
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
  'sign',
]);

/** Values of the tensor at `place`, times `factor` plus `offset`, which are NaN where something else is calculated of them. */
interface Origin {
  readonly place: number;
  /** Some of the values were cut away. */
  readonly part: boolean;
  readonly factor: number;
  readonly offset: number;
}

const isMove = ({ op, attrs }: Node, place: number): boolean =>
  op.kind === 'alias' ||
  MOVES.has(op.name) ||
  (op.name === 'gather' && place === 0) ||
  (op.name === 'resize2d' && attrs.interpolation.startsWith('nearest'));

/** The use of values that a node calculates with. */
function calculated({ op, attrs }: Node, origin: Origin): Origin {
  const { factor, offset } = origin;
  if (op.name === 'scale') {
    return { ...origin, factor: factor * attrs.factor, offset: offset * attrs.factor };
  }
  if (op.name === 'shift') return { ...origin, offset: offset + attrs.offset };
  return { ...origin, factor: NaN, offset: NaN };
}

/** What the graph of `results` does with the values of each of the tensors. */
export function usesOf(tensors: readonly Tensor[], results: readonly Tensor[]): Use[] {
  /** What holds values of `tensors`, and of which; one tensor may be there twice, as input and as target. */
  const origins = new Map<Tensor, Map<string, Origin>>();
  const add = (tensor: Tensor, origin: Origin) => {
    const known = origins.get(tensor) ?? new Map<string, Origin>();
    origins.set(tensor, known.set(Object.values(origin).join(), origin));
  };
  tensors.forEach((tensor, place) => add(tensor, { place, part: false, factor: 1, offset: 0 }));
  /** Tensors that depend on weights: an index that is calculated from them is one that the model has learnt. */
  const learnt = new Set<Tensor>();
  const choices = tensors.map(() => Infinity);
  const numbers = tensors.map(() => false);
  /** Whether all of the values are indices. */
  const all = tensors.map(() => false);
  const picks = tensors.map<string | undefined>(() => undefined);
  const within = tensors.map(() => ({ low: -Infinity, high: Infinity }));

  for (const node of topologicalOrder(results)) {
    const weighted = node.op.name === 'variable' || node.inputs.some((input) => learnt.has(input));
    if (weighted) for (const output of node.outputs) learnt.add(output);
    node.inputs.forEach((input, place) => {
      const own = choicesOf(node, place);
      const moved = isMove(node, place);
      for (const origin of origins.get(input)?.values() ?? []) {
        const { place: i, part, factor, offset } = origin;
        if (own === undefined && !moved) numbers[i] = true;
        if (own !== undefined) {
          if (factor === 1 && offset === 0) {
            choices[i] = Math.min(choices[i], own);
            all[i] ||= !part;
          } else {
            picks[i] ??= node.label;
          }
        } else if (isProbability(node, place)) {
          if (!part && Number.isFinite(offset) && factor !== 0) {
            const ends = [-offset / factor, (1 - offset) / factor];
            within[i].low = Math.max(within[i].low, Math.min(...ends));
            within[i].high = Math.min(within[i].high, Math.max(...ends));
          }
        } else if (moved) {
          add(node.outputs[0], node.op.name === 'slice' ? { ...origin, part: true } : origin);
        } else if (!weighted && !ASKS.has(node.op.name)) {
          add(node.outputs[0], calculated(node, origin));
        }
      }
    });
  }
  return tensors.map((_, i) => ({
    numbers: numbers[i],
    ...(choices[i] < Infinity && { choices: choices[i] }),
    ...(choices[i] < Infinity && numbers[i] && !all[i] && { mixed: true }),
    ...(picks[i] !== undefined && { picks: picks[i] }),
    ...(within[i].high < Infinity && { within: within[i] }),
  }));
}

/** Of how many rows or classes an op selects by the values of its input at `place`, if it does. */
function choicesOf({ op, inputs, attrs }: Node, place: number): number | undefined {
  if (op.name === 'oneHot') return attrs.depth;
  if (place !== 1) return undefined;
  if (op.name === 'gather') return inputs[0].shape[attrs.axis];
  const compares = op.name === 'sparseSoftmaxCrossEntropy' || op.name === 'categoricalAccuracy';
  return compares && inputs[1].dtype === 'i32' ? inputs[0].shape.at(-1) : undefined;
}

/** Whether an op takes the values of its input at `place` for the probability that is to be predicted. */
const isProbability = ({ op }: Node, place: number): boolean =>
  place === 1 && (op.name === 'bceWithLogits' || op.name === 'binaryCrossentropy');
