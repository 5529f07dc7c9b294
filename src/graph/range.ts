import type { Node, Tensor } from '../ops/core/op.ts';
import { sizeOf } from '../ops/core/shape.ts';
import { topologicalOrder } from './traverse.ts';

/** Between which bounds the values of a tensor lie, whatever the weights and the inputs are. */
export interface Range {
  readonly low: number;
  readonly high: number;
  /**
   * Whether weights and inputs can bring values near to either bound. Where it is false, the values may keep to a
   * narrower range than is known: a softmax written as e^x / Σ e^x is only seen to be at least 0.
   */
  readonly reached: boolean;
}

const ANY: Range = { low: -Infinity, high: Infinity, reached: false };
/** What a weight may be, or a sum with a weight of its own. */
const FREE: Range = { low: -Infinity, high: Infinity, reached: true };
/** The least number above 0: a bound that e^x, say, comes near to and does not reach. */
const ABOVE_0 = Number.MIN_VALUE;

/** The range of an output, given those of the node's inputs and which output it is. */
type Rule = (inputs: readonly Range[], node: Node, index: number) => Range;

const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const range = (low: number, high: number, reached: boolean): Range =>
  Number.isNaN(low) || Number.isNaN(high) ? ANY : { low, high, reached };
const union = (a: Range, b: Range): Range =>
  range(Math.min(a.low, b.low), Math.max(a.high, b.high), a.reached && b.reached);
const same: Rule = ([x]) => x;
const bounded = (low: number, high: number, reached = true): Rule => {
  const result = { low, high, reached };
  return () => result;
};

/** Of a function that never falls: from f(low) to f(high). `attrs` are the op's numbers. */
const increasing =
  (f: (x: number, attrs: Readonly<Record<string, number>>) => number): Rule =>
  ([x], { attrs }) =>
    range(f(x.low, attrs), f(x.high, attrs), x.reached);
const decreasing =
  (f: (x: number) => number): Rule =>
  ([x]) =>
    range(f(x.high), f(x.low), x.reached);
/** The range of x σ(x) and similar functions, which fall to `least` left of 0, and grow beyond it like x. */
const dipping =
  (least: number): Rule =>
  ([x]) =>
    range(x.low >= 0 ? 0 : least, Math.max(0, x.high), x.reached && x.high === Infinity);
/** Of functions of |x|; that 0 is the bound does not mean that it occurs. */
const ofMagnitude =
  (f: (x: number) => number): Rule =>
  ([x]) => {
    const ends = [f(x.low), f(x.high)];
    return range(x.low <= 0 && x.high >= 0 ? 0 : Math.min(...ends), Math.max(...ends), false);
  };

const times = (a: number, b: number) => (a === 0 || b === 0 ? 0 : a * b);
function product(a: Range, b: Range): Pick<Range, 'low' | 'high'> {
  const corners = [a.low, a.high].flatMap((x) => [times(x, b.low), times(x, b.high)]);
  return { low: Math.min(...corners), high: Math.max(...corners) };
}

/** Σ of any number of values: they may add up to all multiples. */
const cone = ({ low, high, reached }: Range): Range =>
  range(low < 0 ? -Infinity : 0, high > 0 ? Infinity : 0, reached);
const unlimited = ({ low, high }: Range) => low === -Infinity && high === Infinity;
const onlyZero = ({ low, high }: Range) => low === 0 && high === 0;
const variablesOf = (tensor: Tensor) =>
  new Set(topologicalOrder([tensor]).filter(({ op }) => op.name === 'variable'));

/** Whether one of two tensors has a weight that the other has not, so that it can move by itself. */
function independent([a, b]: readonly Tensor[]): boolean {
  const [ofA, ofB] = [variablesOf(a), variablesOf(b)];
  return [...ofA].some((node) => !ofB.has(node)) || [...ofB].some((node) => !ofA.has(node));
}

/** A result of two operands: reached if both are and one moves by itself, or one that does has no bounds at all. */
function ofTwo(
  combine: (a: Range, b: Range) => Pick<Range, 'low' | 'high'>,
  spreads: (other: Range) => boolean = () => true,
): Rule {
  return ([a, b], { inputs }) => {
    const { low, high } = combine(a, b);
    const constant = [a, b].some((x) => x.low === x.high);
    const free = (one: Range, other: Range) => one.reached && unlimited(one) && spreads(other);
    const can = (a.reached && b.reached) || free(a, b) || free(b, a);
    return range(low, high, can && (constant || independent(inputs)));
  };
}

/** Of sums of products with weights: matrix products and convolutions. */
const linear = ofTwo(
  (a, b) => cone({ ...product(a, b), reached: true }),
  (other) => !onlyZero(other),
);

const comparison = bounded(0, 1, false);
const sigmoid = (x: number) => Math.max(1 / (1 + Math.exp(-x)), ABOVE_0);

/** The rules by the names of the ops; any other op may give any value. */
const rules: Readonly<Record<string, Rule>> = {
  variable: () => FREE,
  fill: (_, { attrs }) => ({ low: attrs.value, high: attrs.value, reached: true }),
  constant: (_, { attrs }) =>
    (attrs.data as Float32Array).reduce<Range>((all, x) => union(all, { low: x, high: x, reached: true }), {
      low: Infinity,
      high: -Infinity,
      reached: true,
    }),
  randomUniform: (_, { attrs: { parameters } }) =>
    range(parameters.LOW, parameters.LOW + parameters.RANGE, true),

  sigmoid: increasing(sigmoid),
  hardSigmoid: increasing((x) => clamp(x / 6 + 0.5, 0, 1)),
  tanh: increasing(Math.tanh),
  softsign: increasing((x) => (Math.abs(x) === Infinity ? Math.sign(x) : x / (1 + Math.abs(x)))),
  relu: increasing((x) => Math.max(x, 0)),
  leakyRelu: ([x], { attrs: { slope } }) =>
    slope >= 0
      ? range(x.low > 0 ? x.low : times(slope, x.low), x.high > 0 ? x.high : times(slope, x.high), x.reached)
      : ANY,
  elu: ([x], { attrs: { alpha } }) => {
    const f = (value: number) => (value > 0 ? value : alpha * Math.expm1(value));
    return alpha >= 0 ? range(f(x.low), f(x.high), x.reached) : ANY;
  },
  // λ x for x > 0, λ α (e^x − 1) otherwise, with the constants of Klambauer et al. 2017
  selu: increasing((x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))),
  softplus: increasing((x) => Math.max(x, 0) + Math.max(Math.log1p(Math.exp(-Math.abs(x))), ABOVE_0)),
  gelu: dipping(-0.1701),
  geluTanh: dipping(-0.1701),
  squareplus: ([x], { attrs: { b } }) => {
    const f = (value: number) =>
      Math.max(value, 0) + b / (2 * (Math.abs(value) + Math.sqrt(value * value + b)));
    return range(Math.max(f(x.low), ABOVE_0), f(x.high), x.reached);
  },
  silu: dipping(-0.2785),
  mish: dipping(-0.3089),
  exp: increasing((x) => Math.max(Math.exp(x), ABOVE_0)),
  expm1: increasing(Math.expm1),
  log: increasing((x) => Math.log(Math.max(x, 0))),
  log1p: increasing((x) => Math.log1p(Math.max(x, -1))),
  sqrt: increasing((x) => Math.sqrt(Math.max(x, 0))),
  sign: increasing(Math.sign),
  floor: increasing(Math.floor),
  ceil: increasing(Math.ceil),
  round: increasing((x) => (Math.abs(x) === Infinity ? x : Math.round(x))),
  negate: decreasing((x) => -x),
  abs: ofMagnitude(Math.abs),
  square: ofMagnitude((x) => x * x),
  sin: bounded(-1, 1, false),
  cos: bounded(-1, 1, false),
  shift: increasing((x, { offset }) => x + offset),
  scale: ([x], { attrs: { factor } }) => {
    const ends = [times(x.low, factor), times(x.high, factor)];
    return range(Math.min(...ends), Math.max(...ends), x.reached);
  },
  clip: increasing((x, { low, high }) => clamp(x, low, high)),

  add: ofTwo((a, b) => ({ low: a.low + b.low, high: a.high + b.high })),
  subtract: ofTwo((a, b) => ({ low: a.low - b.high, high: a.high - b.low })),
  multiply: ofTwo(product, (other) => !onlyZero(other)),
  divide: ([a, b]) => {
    if (b.low <= 0 && b.high >= 0) return ANY;
    const { low, high } = product(a, { low: 1 / b.high, high: 1 / b.low, reached: true });
    return range(low, high, a.reached && b.low === b.high);
  },
  maximum: ofTwo(
    (a, b) => ({ low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) }),
    () => false,
  ),
  minimum: ofTwo(
    (a, b) => ({ low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) }),
    () => false,
  ),
  where: ([, a, b]) => ({ ...union(a, b), reached: false }),
  equal: comparison,
  notEqual: comparison,
  less: comparison,
  lessEqual: comparison,
  greater: comparison,
  greaterEqual: comparison,

  softmax: (_, { outputs: [{ shape }] }) =>
    shape.at(-1) === 1 ? range(1, 1, true) : range(ABOVE_0, 1, true),
  logSoftmax: (_, { outputs: [{ shape }] }) =>
    shape.at(-1) === 1 ? range(0, 0, true) : range(-Infinity, 0, true),

  sparsemax: bounded(0, 1),

  matmul: linear,
  conv2d: linear,
  conv2dGradInput: linear,
  conv2dTranspose: linear,
  // centred on 0, then times γ and plus β; the others are mean and variance
  normalize: (_, __, index) => (index === 0 ? FREE : ANY),
  normalizeScaleShift: () => FREE,
  orthonormalize: bounded(-1, 1, false),

  reshape: same,
  stopGradient: same,
  transpose: same,
  slice: same,
  reverse: same,
  broadcastTo: same,
  cast: ([x], { outputs: [{ dtype }] }) => (dtype === 'f32' ? x : ANY),
  concat: (inputs) => inputs.reduce(union),
  pad: ([x], { attrs: { value } }) => union(x, { low: value, high: value, reached: true }),
  // a row outside of the table is 0
  gather: ([table]) => union(table, { low: 0, high: 0, reached: true }),
  dropout: ([x], { attrs: { rate } }) => {
    const scaled = { ...x, low: times(x.low, 1 / (1 - rate)), high: times(x.high, 1 / (1 - rate)) };
    return union(scaled, { low: 0, high: 0, reached: true });
  },
  oneHot: bounded(0, 1, false),
  // cubic weights may be below 0, so that values overshoot at edges
  resize2d: ([x], { attrs: { interpolation } }) => (interpolation.startsWith('bicubic') ? ANY : x),
  maxPool2d: same,
  averagePool2d: same,
  adaptiveAveragePool2d: same,
  adaptiveMaxPool2d: same,
  reduceMax: same,
  reduceMin: same,
  reduceMean: same,
  reduceSum: ([x], { inputs, outputs }) => {
    const count = sizeOf(inputs[0].shape) / sizeOf(outputs[0].shape);
    const [low, high] = [times(x.low, count), times(x.high, count)];
    return range(low, high, x.reached && [low, high].every((end) => end === 0 || Math.abs(end) === Infinity));
  },
};

/** The ops whose ranges are known, by name. */
export const rangedOps: readonly string[] = Object.keys(rules);

/**
 * Between which bounds the values of a tensor lie, by interval arithmetic through everything that it is computed from
 * (Moore 1966). Inputs may be anything; weights, too, and each by itself.
 */
export function rangeOf(tensor: Tensor): Range {
  const ranges = new Map<Tensor, Range>();
  for (const node of topologicalOrder([tensor])) {
    const rule = Object.hasOwn(rules, node.op.name) ? rules[node.op.name] : undefined;
    const inputs = node.inputs.map((input) => ranges.get(input)!);
    for (const output of node.outputs) ranges.set(output, rule?.(inputs, node, output.index) ?? ANY);
  }
  return ranges.get(tensor)!;
}
