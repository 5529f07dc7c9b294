import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/gradients.ts';
import { constant, fill } from '../../src/ops/core/leaves.ts';
import { isTensor } from '../../src/ops/core/node.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { add, multiply } from '../../src/ops/elementwise/elementwise.ts';
import * as ops from '../../src/ops/index.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { share } from '../helpers/share.ts';
import { array } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { parityFile } from './cases.ts';

/** See torch/cases.py. Numbers that JSON does not have are words. */
interface TorchTensor {
  readonly shape: readonly number[];
  readonly dtype: 'f' | 'i';
  readonly data: readonly (number | string)[];
}

/** An op of wgrad with its arguments, and what PyTorch computes in its place. */
interface TorchCase {
  readonly op: string;
  /** { input: i } in the place of input i. */
  readonly args: readonly unknown[];
  readonly note?: string;
  readonly inputs: readonly TorchTensor[];
  readonly outputs: readonly TorchTensor[];
  /** The inputs that are differentiated by. */
  readonly wrt: readonly number[];
  /** Null where it is 0. */
  readonly gradients: readonly (TorchTensor | null)[];
  /** Of the weighted sum of the gradients; null where they are not compared. */
  readonly seconds: readonly (TorchTensor | null)[] | null;
}

const { cases } = parityFile<{ cases: readonly TorchCase[] }>('torchOps');

const of = ({ shape, data }: TorchTensor): Array64 => array(shape, data.map(Number));
const typeOf = ({ dtype }: TorchTensor) => (dtype === 'i' ? ('i32' as const) : ('f32' as const));

/** What the numbers of tensor i are multiplied with before they are added up: the same in torch/cases.py. */
const factors = ({ shape }: Tensor, i: number): Tensor => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return constant(
    Float32Array.from({ length: size }, (_, k) => (((7 * k + 3 * i) % 11) - 5) / 4),
    shape,
  );
};
const weightedSum = (tensors: readonly (Tensor | undefined)[]): Tensor =>
  tensors
    .flatMap((own, i) => (own?.dtype === 'f32' ? [reduceSum(multiply(own, factors(own, i)))] : []))
    .reduce(add, fill([], 0));

/** The arguments with the tensors in their places. */
function placed(value: unknown, tensors: readonly Tensor[]): unknown {
  if (Array.isArray(value)) return value.map((own) => placed(own, tensors));
  if (typeof value !== 'object' || value === null) return value;
  if ('input' in value) return tensors[value.input as number];
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, placed(own, tensors)]));
}

/** Of what an op returns the tensors, in the order of their names. */
const tensorsIn = (result: unknown): Tensor[] =>
  isTensor(result) ? [result] : Object.values(result as object).flatMap(tensorsIn);

type Call = (...args: unknown[]) => unknown;

function call({ op, args }: TorchCase, tensors: readonly Tensor[]): Tensor[] {
  const [name, inner] = op.split('.');
  const own = (ops as unknown as Record<string, Call & Record<string, Call>>)[name];
  return tensorsIn((inner ? own[inner] : own)(...(placed(args, tensors) as unknown[])));
}

/** Within 1e-4 of the largest number. */
function expectClose(found: Array64, expected: TorchTensor | null, what: string): void {
  const wanted = expected ? of(expected) : array(found.shape, new Float64Array(found.data.length));
  const scale = Math.max(1, ...[...wanted.data].filter(Number.isFinite).map(Math.abs));
  expect(found, `${what}`).toBeAllClose(wanted, { rtol: 1e-4, atol: 1e-5 * scale });
}

async function check(own: TorchCase, options: Parameters<typeof evaluate>[2]): Promise<void> {
  const { wrt, inputs, outputs, gradients: first, seconds } = own;
  const found = await evaluate(
    (...tensors) => {
      const made = call(own, tensors);
      const by = wrt.map((i) => tensors[i]);
      if (by.length === 0) return made;
      const slopes = gradients(weightedSum(made), by);
      const bends = seconds ? gradients(weightedSum(slopes), by) : [];
      const filled = [...slopes, ...bends].map((g, i) => g ?? fill(by[i % by.length].shape, 0));
      return [...made, ...filled];
    },
    inputs.map(of),
    { ...options, dtypes: inputs.map(typeOf) },
  );
  const expected = [...outputs, ...first, ...(seconds ?? [])];
  expect(found).toHaveLength(expected.length);
  expected.forEach((wanted, i) => {
    const j = i - outputs.length;
    const what = j < 0 ? `output ${i}` : `derivative ${1 + Math.floor(j / wrt.length)} by input ${wrt[j % wrt.length]}`; // prettier-ignore
    expectClose(found[i], wanted, what);
  });
}

const named = cases.map((own, i) => [`${i}: ${own.op} ${JSON.stringify(own.args)} ${own.note ?? ''}`, own] as const); // prettier-ignore

describe('ops are those of PyTorch', () => {
  it.each(named)('%s', (_, own) => check(own, { simulated: true }));
});

describe('and so they are with the kernels of a GPU', () => {
  it.each(share(named, 3, 1))('%s', (_, own) => check(own, { simulated: true, software: false }));
});

describe('and so they are on the adapter', () => {
  it.each(share(named, 12, 5))('%s', (_, own) => check(own, {}));
});

/** Why there is no case of an op. */
const WITHOUT: Readonly<Record<string, string>> = {
  assign: 'a change of a variable: test/ops/optimizer and test/runtime',
  constant: 'a source: every case has weights that are constants',
  input: 'a source: every case has some',
  read: 'a source: the parameters of every case of a layer',
  programState: 'a source: numbers of the program itself',
  stepCount: 'a source: counts the steps of a program',
  dropout: 'draws its own random numbers, those of test/reference/random.ts',
  randomNormal: 'draws its own random numbers, as published: test/ops/random',
  randomTruncatedNormal: 'draws its own random numbers, as published: test/ops/random',
  randomUniform: 'draws its own random numbers, as published: test/ops/random',
  gatherBatch: 'draws batches of a data set on the GPU, by a permutation of its own: test/ops/dataset',
  gatherLabelledBatch:
    'draws batches of a data set on the GPU, by a permutation of its own: test/ops/dataset',
};

it('has a case of every op, or says why there is none', () => {
  const isFunction = (value: unknown) => typeof value === 'function';
  const names = Object.entries(ops).flatMap(([name, own]) => (isFunction(own) ? [name] : []));
  const inner = Object.keys(ops.integers).flatMap((name) =>
    isFunction(ops.integers[name as keyof typeof ops.integers]) && !(name in ops) ? [`integers.${name}`] : [],
  );
  const known = [...cases.map(({ op }) => op), ...Object.keys(WITHOUT)];
  const covered = (name: string) => known.includes(name) || known.includes(`integers.${name}`);
  expect([...names, ...inner].filter((name) => !covered(name))).toEqual([]);
  const all = new Set([...names, ...Object.keys(ops.integers).map((name) => `integers.${name}`)]);
  expect(known.filter((name) => !all.has(name))).toEqual([]);
  expect(Object.keys(WITHOUT).filter((name) => cases.some(({ op }) => op === name))).toEqual([]);
});
