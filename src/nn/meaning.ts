import { ArgumentError } from '../errors.ts';
import { rangeOf } from '../graph/range.ts';
import type { Range } from '../graph/range.ts';
import { input } from '../ops/core/leaves.ts';
import { isTensor } from '../ops/core/node.ts';
import type { Tensor } from '../ops/core/op.ts';
import { describe, isPromise } from '../options.ts';
import { claimsOf } from './losses/takes.ts';
import type { Claim } from './losses/takes.ts';
import type { LossFunction } from './losses.ts';

/** What the values of an output are: probabilities, logits of a sigmoid or softmax, what targets are, or not known. */
export type Meaning = 'probabilities' | 'logits' | 'classLogits' | 'values' | 'unknown';

/** An output of a model, and where it is, for messages. */
interface Known {
  readonly meaning: Meaning;
  readonly where: string;
}

const known = new WeakMap<Tensor, Known>();

/** The tensor of which another is but a view of the same values. */
function base(tensor: Tensor): Tensor {
  let own = tensor;
  while (own.node.op.kind === 'alias') own = own.node.inputs[0];
  return own;
}

/** Tells the metrics what an output of a model means. */
export function tellMeaning(output: Tensor, own: Known): void {
  known.set(base(output), own);
}

/** What a model's output means; undefined for other tensors. */
export const meaningOf = (output: Tensor): Meaning | undefined => known.get(base(output))?.meaning;

/** Thrown by a metric that would have to guess. */
export class UnknownMeaning extends ArgumentError {}

/** Thrown for a wrong result of the user's own loss or metric. */
export class WrongResult extends ArgumentError {}

/** @throws WrongResult unless a loss or metric gave a tensor */
export function requireResult(what: string, result: unknown): asserts result is Tensor {
  if (isTensor(result)) return;
  const fix = isPromise(result)
    ? 'a promise; it only builds a graph, so make it a function without async'
    : `${describe(result)}; it must return a tensor, made of predictions and targets with ops`;
  throw new WrongResult(`${what} gives ${fix}`);
}

/** How a metric asks for a threshold that it cannot know, and the one that it takes otherwise. */
interface Asking {
  /** What to write for predictions that are halved there. */
  readonly ask?: (threshold: number) => string;
  /** For predictions of what the targets are, 0 or 1; null asks. Default 0.5, as in Keras. */
  readonly ofValues?: number | null;
}

/**
 * The number above which a prediction counts as 1: 0.5 for probabilities, 0 for logits, which is the same decision.
 *
 * @throws UnknownMeaning if it is an output of a model, and not known to be either
 */
export function thresholdOf(
  metric: string,
  prediction: Tensor,
  { ask = (threshold) => `metrics.${metric}({ threshold: ${threshold} })`, ofValues = 0.5 }: Asking = {},
): number {
  const own = known.get(base(prediction));
  if (!own || own.meaning === 'probabilities') return 0.5; // of no model: as in Keras
  if (own.meaning === 'logits' || own.meaning === 'classLogits') return 0;
  if (own.meaning === 'values' && ofValues !== null) return ofValues;
  throw new UnknownMeaning(
    `${own.where}: ${metric} cannot determine whether this output gives probabilities or logits; use ${ask(0.5)} for ` +
      `probabilities, or ${ask(0)} for logits`,
  );
}

const isWithin = ({ low, high }: Range, from: number, to: number) => low >= from && high <= to;

/**
 * What an output means, by the loss that it goes into, else by the values that it can have.
 *
 * @param claims what the losses say
 */
export function settleMeaning(output: Tensor, claims: readonly Claim[]): Meaning {
  const said = new Set(
    claims.filter(({ prediction }) => base(prediction) === base(output)).map(({ takes }) => takes),
  );
  if (said.has('logits')) return 'logits';
  if (said.has('classLogits')) return 'classLogits';
  if (said.has('probabilities') || said.has('distribution') || said.has('shares')) return 'probabilities';
  if (isWithin(rangeOf(output), 0, 1)) return 'probabilities';
  if (said.has('margins')) return 'logits';
  return said.has('values') ? 'values' : 'unknown';
}

/**
 * Targets of every kind that a loss or metric may take for an output: of its shape, class indices, one number each.
 * What these kinds are is known only when there are data.
 */
export function possibleTargets({ shape }: Tensor): Tensor[] {
  const rows = shape.slice(0, -1);
  const kinds = [input('target', shape), input('labels', rows, 'i32'), input('target', rows)];
  return shape.length > 1 ? kinds : [kinds[0], input('labels', shape, 'i32')];
}

/** What a loss says of an output, tried with every kind of target until it takes one. */
export function claimsAbout(where: string, output: Tensor, loss: LossFunction): readonly Claim[] {
  for (const target of possibleTargets(output)) {
    const { claims, error } = claimsOf(() => requireResult(`${where}: its loss`, loss(output, target)));
    if (error instanceof WrongResult) throw error;
    if (claims.length > 0 || error === undefined) return claims;
  }
  return [];
}

/** `numbers from 0 to 1`, `numbers of at least 0`, … */
export function inWords({ low, high }: Range): string {
  const round = (value: number) => Number(value.toFixed(4));
  if (low === -Infinity && high === Infinity) return 'any numbers';
  if (high === Infinity) return `numbers of at least ${round(low)}`;
  return low === -Infinity
    ? `numbers of at most ${round(high)}`
    : `numbers from ${round(low)} to ${round(high)}`;
}

const FOR_LOGITS = {
  logits: 'binaryCrossentropy, which takes probabilities',
  classLogits: 'categoricalCrossentropy, which takes probabilities',
};
const FOR_PROBABILITIES = {
  probabilities: ['a sigmoid', 'binaryCrossEntropyWithLogits, which takes logits'],
  distribution: ['a softmax', 'softmaxCrossEntropy, which takes logits'],
  shares: ['a softmax', 'softmaxCrossEntropy, which takes logits'],
} as const;

/** Why values of this range cannot be logits; undefined where they can, or where it is not certain. */
export function againstLogits(range: Range, takes: 'logits' | 'classLogits' = 'logits'): string | undefined {
  const { low, high, reached } = range;
  const probabilities = isWithin(range, 0, 1);
  // A softmax depends on differences only, so its logits may all be below 0.
  const oneSided = low >= 0 || (high <= 0 && takes === 'logits');
  if (!probabilities && !(reached && oneSided)) return undefined;
  const values = `${probabilities ? 'probabilities, ' : ''}${inWords(range)}`;
  return `takes logits, numbers of either sign, but gets ${values}; leave out the last activation`;
}

/** What is wrong with predictions of a range for a loss that takes them for something, and how to fix it. */
function objection({ loss, takes, prediction }: Claim): string | undefined {
  const range = rangeOf(prediction);
  const ofClasses = ['classLogits', 'distribution', 'shares', 'scores'].includes(takes);
  if (ofClasses && prediction.shape.at(-1) === 1) {
    return `${loss} compares classes, and there is only one; give the last layer as many units as there are classes, or use binaryCrossEntropyWithLogits for a single unit`;
  }
  if (takes === 'logits' || takes === 'classLogits') {
    const found = againstLogits(range, takes);
    return found && `${loss} ${found}${isWithin(range, 0, 1) ? `, or use ${FOR_LOGITS[takes]}` : ''}`;
  }
  if (takes === 'margins' || takes === 'scores' || takes === 'values' || !range.reached) return undefined;
  if (takes === 'rates') {
    if (range.low >= 0) return undefined;
    return `${loss} takes rates, numbers above 0, but gets ${inWords(range)}; end the model in an exponential or a softplus`;
  }
  // Shares of a sum may be above 1 where they keep away from 0: e^x, say. Where all are cut off at 0, there is no sum.
  if (isWithin(range, 0, 1) || (takes === 'shares' && range.low > 0)) return undefined;
  const [activation, instead] = FOR_PROBABILITIES[takes];
  return `${loss} takes probabilities, but gets ${inWords(range)}; end the model in ${activation}, or use ${instead}`;
}

/**
 * Compares what an output can give with what its loss takes it for. Only what is certain counts: an output whose range is
 * not known is not judged, nor is a loss that uses none of wgrad's own.
 *
 * @param where the model and its output
 * @throws ArgumentError if they contradict each other, or the output is the same whatever the input is
 */
export function checkMeaning(where: string, output: Tensor, claims: readonly Claim[]): void {
  const { low, high } = rangeOf(output);
  if (low === high) {
    throw new ArgumentError(
      `${where} is always ${low}, so there is nothing to learn: a softmax over one unit gives 1 whatever it gets; use a sigmoid, or more units`,
    );
  }
  const found = claims.map(objection).find((text) => text !== undefined);
  if (found === undefined) return;
  throw new ArgumentError(`${where}: ${found}. If you mean it, compile with checkLoss: false`);
}
