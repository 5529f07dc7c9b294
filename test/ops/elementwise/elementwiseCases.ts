import { constant } from '../../../src/ops/core/leaves.ts';
import { apply } from '../../../src/ops/core/node.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import * as ew from '../../../src/ops/elementwise/elementwise.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import type { EvaluateOptions } from '../../helpers/evaluate.ts';
import { array, map, sizeOf } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { binaryTable, unaryTable } from '../../reference/elementwise.ts';
import type { Binary, Unary } from '../../reference/elementwise.ts';

/** Names of the elementwise table. */
export type OpName = keyof typeof ew.elementwiseOps;
type Range = readonly [low: number, high: number];

/** An op, and what is known about it. */
export interface Case {
  readonly build: (...inputs: Tensor[]) => Tensor;
  /** The value for one set of inputs, in float64. */
  readonly f: (...inputs: number[]) => number;
  /** Where to draw each input from: as many as it takes. */
  readonly domains: readonly Range[];
}

const WIDE: Range = [-3, 3];

function unaryCase(
  name: keyof typeof unaryTable,
  build: (x: Tensor) => Tensor,
  ...parameters: number[]
): Case {
  const { f, domain } = unaryTable[name] as Unary;
  return { build, f: (x) => f(x, ...parameters), domains: [domain ?? WIDE] };
}

function binaryCase(name: keyof typeof binaryTable): Case {
  const { f, domains } = binaryTable[name] as Binary;
  return { build: (a, b) => apply(ew.elementwiseOps[name], [a, b], {}), f, domains: domains ?? [WIDE, WIDE] };
}

/** dy · f′(x), by the gradient op that takes x or y = f(x). */
function gradientCase(
  op: OpName,
  name: keyof typeof unaryTable,
  of: 'x' | 'y',
  literals: Record<string, number> = {},
): Case {
  const { df, domain } = unaryTable[name] as Unary;
  const parameters = Object.values(literals);
  const forward = (x: Tensor) => apply(ew.elementwiseOps[name as OpName], [x], literals);
  return {
    build: (x, dy) => apply(ew.elementwiseOps[op], [of === 'x' ? x : forward(x), dy], literals),
    f: (x, dy) => dy * df(x, ...parameters),
    domains: [domain ?? WIDE, WIDE],
  };
}

const probability = (p: number) => Math.min(Math.max(p, 1e-7), 1);
const isClipped = (p: number) => Math.fround(p) < 1e-7 || Math.fround(1 - p) < 1e-7;
/** max(x, 0) − x t + log(1 + e^−|x|), where what is Infinity · 0 is 0. */
function bceWithLogits(x: number, t: number): number {
  const miss = x >= 0 ? 1 - t : t;
  return (miss === 0 ? 0 : Math.abs(x) * miss) + Math.log1p(Math.exp(-Math.abs(x)));
}
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** One case for every op of the table: a missing one does not compile. */
export const cases: Record<OpName, Case> = {
  negate: unaryCase('negate', ew.negate),
  abs: unaryCase('abs', ew.abs),
  sign: unaryCase('sign', ew.sign),
  floor: unaryCase('floor', ew.floor),
  ceil: unaryCase('ceil', ew.ceil),
  round: unaryCase('round', ew.round),
  exp: unaryCase('exp', ew.exp),
  expm1: unaryCase('expm1', ew.expm1),
  log: unaryCase('log', ew.log),
  log1p: unaryCase('log1p', ew.log1p),
  sqrt: unaryCase('sqrt', ew.sqrt),
  rsqrt: unaryCase('rsqrt', ew.rsqrt),
  square: unaryCase('square', ew.square),
  reciprocal: unaryCase('reciprocal', ew.reciprocal),
  sin: unaryCase('sin', ew.sin),
  cos: unaryCase('cos', ew.cos),
  scale: { build: (x) => ew.scale(x, -2.5), f: (x) => -2.5 * x, domains: [WIDE] },
  shift: { build: (x) => ew.shift(x, 0.1), f: (x) => x + 0.1, domains: [WIDE] },
  clip: unaryCase('clip', (x) => ew.clip(x, -1, 0.5), -1, 0.5),
  relu: unaryCase('relu', ew.relu),
  leakyRelu: unaryCase('leakyRelu', (x) => ew.leakyRelu(x, 0.1), 0.1),
  elu: unaryCase('elu', (x) => ew.elu(x, 0.7), 0.7),
  selu: unaryCase('selu', ew.selu),
  gelu: unaryCase('gelu', (x) => ew.gelu(x)),
  geluTanh: unaryCase('geluTanh', ew.geluTanh),
  squareplus: unaryCase('squareplus', (x) => ew.squareplus(x, 3), 3),
  sigmoid: unaryCase('sigmoid', ew.sigmoid),
  tanh: unaryCase('tanh', ew.tanh),
  softplus: unaryCase('softplus', ew.softplus),
  softsign: unaryCase('softsign', ew.softsign),
  silu: unaryCase('silu', ew.silu),
  mish: unaryCase('mish', ew.mish),
  hardSigmoid: unaryCase('hardSigmoid', ew.hardSigmoid),
  add: binaryCase('add'),
  subtract: binaryCase('subtract'),
  multiply: binaryCase('multiply'),
  divide: binaryCase('divide'),
  power: binaryCase('power'),
  maximum: binaryCase('maximum'),
  minimum: binaryCase('minimum'),
  equal: binaryCase('equal'),
  notEqual: binaryCase('notEqual'),
  less: binaryCase('less'),
  lessEqual: binaryCase('lessEqual'),
  greater: binaryCase('greater'),
  greaterEqual: binaryCase('greaterEqual'),
  where: {
    build: (c, a, b) => ew.where(ew.greater(c, 0), a, b),
    f: (c, a, b) => (c > 0 ? a : b),
    domains: [WIDE, WIDE, WIDE],
  },
  bceWithLogits: {
    build: ew.bceWithLogits,
    f: bceWithLogits,
    domains: [WIDE, [0, 1]],
  },
  bceWithLogitsGradient: {
    build: (x, t, dy) => apply(ew.elementwiseOps.bceWithLogitsGradient, [x, t, dy], {}),
    f: (x, t, dy) => dy * (sigmoid(x) - t),
    domains: [WIDE, [0, 1], WIDE],
  },
  binaryCrossentropy: {
    build: ew.binaryCrossentropy,
    f: (p, t) => -t * Math.log(probability(p)) - (1 - t) * Math.log(probability(1 - p)),
    domains: [
      [0.05, 0.95],
      [0, 1],
    ],
  },
  binaryCrossentropyGradient: {
    build: (p, t, dy) => apply(ew.elementwiseOps.binaryCrossentropyGradient, [p, t, dy], {}),
    f: (p, t, dy) => dy * (isClipped(p) ? (Number.isNaN(t) ? NaN : 0) : (1 - t) / (1 - p) - t / p),
    domains: [[0.05, 0.95], [0, 1], WIDE],
  },
  logCosh: {
    build: ew.logCosh,
    f: (x) => Math.abs(x) + Math.log1p(Math.exp(-2 * Math.abs(x))) - Math.LN2,
    domains: [WIDE],
  },
  huber: {
    build: (x) => ew.huber(x, 0.7),
    f: (x) => (Math.abs(x) <= 0.7 ? (x * x) / 2 : 0.7 * (Math.abs(x) - 0.35)),
    domains: [WIDE],
  },
  keepNan: { build: ew.keepNan, f: (x, y) => (Number.isNaN(x) ? x : y), domains: [WIDE, WIDE] },
  ifAtLeast: {
    build: (a, b, dy) => apply(ew.elementwiseOps.ifAtLeast, [a, b, dy], {}),
    f: (a, b, dy) => ([a, b, dy].some(Number.isNaN) ? NaN : a >= b ? dy : 0),
    domains: [WIDE, WIDE, WIDE],
  },
  ifAbove: {
    build: (a, b, dy) => apply(ew.elementwiseOps.ifAbove, [a, b, dy], {}),
    f: (a, b, dy) => ([a, b, dy].some(Number.isNaN) ? NaN : a > b ? dy : 0),
    domains: [WIDE, WIDE, WIDE],
  },
  clipGradient: gradientCase('clipGradient', 'clip', 'x', { low: -1, high: 0.5 }),
  reluGradient: gradientCase('reluGradient', 'relu', 'y'),
  leakyReluGradient: gradientCase('leakyReluGradient', 'leakyRelu', 'x', { slope: 0.1 }),
  eluGradient: gradientCase('eluGradient', 'elu', 'y', { alpha: 0.7 }),
  seluGradient: gradientCase('seluGradient', 'selu', 'y'),
  geluGradient: gradientCase('geluGradient', 'gelu', 'x'),
  geluTanhGradient: gradientCase('geluTanhGradient', 'geluTanh', 'x'),
  squareplusGradient: gradientCase('squareplusGradient', 'squareplus', 'x', { b: 3 }),
  sigmoidGradient: gradientCase('sigmoidGradient', 'sigmoid', 'y'),
  tanhGradient: gradientCase('tanhGradient', 'tanh', 'y'),
  softplusGradient: gradientCase('softplusGradient', 'softplus', 'x'),
  softsignGradient: gradientCase('softsignGradient', 'softsign', 'x'),
  siluGradient: gradientCase('siluGradient', 'silu', 'x'),
  mishGradient: gradientCase('mishGradient', 'mish', 'x'),
  hardSigmoidGradient: gradientCase('hardSigmoidGradient', 'hardSigmoid', 'x'),
};
export const names = Object.keys(cases) as OpName[];

/** Ops without a slope: no gradient passes them. */
export const STEPS: readonly OpName[] = [
  'sign',
  'floor',
  'ceil',
  'round',
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
];
/** Made by the gradients of other ops, and not differentiable again. */
export const isGradientOp = (name: OpName) => name.endsWith('Gradient');

/** An elementwise function and the numbers to try it on. */
export interface Graph {
  readonly build: Case['build'];
  /** All of one shape. */
  readonly inputs: readonly Array64[];
}

/**
 * Evaluates many elementwise graphs in few kernels, because a kernel takes long to compile: graphs are put together
 * by elevens, which fuse into one expression where a constant tells each row the graph it belongs to.
 */
export async function evaluateAll(
  graphs: readonly Graph[],
  options: EvaluateOptions = {},
): Promise<Array64[]> {
  const { shape } = graphs[0].inputs[0];
  const size = sizeOf(shape);
  const groups = Array.from({ length: Math.ceil(graphs.length / 11) }, (_, i) =>
    graphs.slice(11 * i, 11 * i + 11),
  );
  const results = await evaluate(
    () =>
      groups.map((group) => {
        const stacked = (value: (graph: Graph, row: number, i: number) => number) => {
          const rows = group.flatMap((graph, row) =>
            Array.from({ length: size }, (_, i) => value(graph, row, i)),
          );
          return asConstant(array([group.length, ...shape], rows));
        };
        const row = stacked((_graph, own) => own);
        const xs = [0, 1, 2].map((j) => stacked(({ inputs }, _row, i) => inputs[j]?.data[i] ?? 1));
        return group.reduce<ew.Operand>(
          (rest, { build, inputs }, own) =>
            ew.where(ew.equal(row, own), build(...xs.slice(0, inputs.length)), rest),
          0,
        ) as Tensor;
      }),
    [],
    options,
  );
  return groups.flatMap((group, g) =>
    group.map((_, row) => array(shape, results[g].data.subarray(row * size, (row + 1) * size))),
  );
}

const asConstant = ({ data, shape }: Array64) => constant(Float32Array.from(data), shape);
/** f of every set of elements. */
export const zip = (f: Case['f'], inputs: readonly Array64[]) =>
  map(inputs[0], (_, i) => f(...inputs.map(({ data }) => data[i])));
