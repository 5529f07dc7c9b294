import { WgradError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { constant } from '../../src/ops/core/leaves.ts';
import type { Variable } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import * as ops from '../../src/ops/index.ts';
import { map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { drawChain } from './chain.ts';
import { Draft } from './draft.ts';
import type { Value } from './entry.ts';
import { layerNames } from './layers.ts';
import { elementwise } from './ops/elementwise.ts';
import { Rng } from './rng.ts';
import { opNames } from './table.ts';
import type { OpName } from './table.ts';
import type { Tape } from './tape.ts';

/** What a case wants of the device, and how far from it is still right. */
export interface Wanted {
  readonly what: string;
  readonly tensor: Tensor;
  readonly expected: Array64;
  /** Of each element. */
  readonly tolerance: Float64Array;
}

export interface FuzzCase {
  readonly seed: number;
  readonly text: string;
  readonly feed: ReadonlyMap<Tensor, Array64>;
  readonly variables: ReadonlyMap<Variable, Array64>;
  readonly wanted: readonly Wanted[];
  /** Names of ops and layers. */
  readonly used: readonly string[];
}

/** Ops whose references are fast enough for millions of elements. */
const LARGE: readonly OpName[] = [
  'relu', 'tanh', 'exp', 'add', 'multiply', 'subtract', 'where', 'greater', 'negate', 'square', 'scale', 'reshape', 'flatten', 'slice',
  'reverse', 'transpose', 'concat', 'reduceSum', 'reduceMean', 'reduceMax', 'argmax', 'softmax', 'matmul', 'softmaxCrossEntropy', 'dropout',
  'sparseSoftmaxCrossEntropy', 'categoricalAccuracy', 'oneHot', 'normalizeWith', 'pad', 'clip', 'sigmoid',
]; // prettier-ignore
const pointwise = Object.keys(elementwise) as OpName[];
const others = opNames.filter((name) => !(name in elementwise));

/** Runs with noise that show how far f32 may lie from the exact result. */
const RUNS = 4;
/** A kernel's error may be this many times the largest of them: it is one of many, and they are few. */
const SLACK = 16;

/** |found − expected| that is still right for each element: by the noise there and, in part, everywhere, and by f32's own steps. */
function toleranceOf(expected: Array64, noisy: readonly Array64[]): Float64Array {
  const { data } = expected;
  const spread = data.map((value, i) => Math.max(...noisy.map((own) => Math.abs(own.data[i] - value))));
  const mean = spread.reduce((sum, value) => sum + value, 0) / Math.max(1, data.length);
  return spread.map((own, i) => SLACK * (own + mean / 4) + 1e-5 * Math.abs(data[i]) + 1e-6);
}

/** A random graph of a few ops, the values that it must give, and gradients. Equal seeds give equal cases. */
export function makeCase(seed: number): FuzzCase {
  const draft = new Draft(seed);
  const { rng } = draft;
  const steps = rng.int(1, draft.large ? 2 : 6);
  const made: Value[] = [];
  const used: string[] = [];
  for (let tries = 0; made.length < steps && tries < 60; tries++) {
    if (!draft.large && rng.chance(0.12)) {
      const own = drawChain(draft);
      if (own) made.push(...own.slice(0, -1), draft.tame(own.at(-1)!));
    } else if (!draft.large && rng.chance(0.15)) {
      const name = rng.pick(layerNames);
      const own = draft.layer(name);
      if (!own) continue;
      made.push(own);
      used.push(`${name} layer`);
    } else {
      const names = draft.large ? LARGE : rng.chance(0.4) ? pointwise : others;
      const own = draft.step(rng.pick(names));
      if (own) made.push(own);
    }
  }
  const chosen = new Set([made.at(-1)!, ...made.filter(() => rng.chance(0.15))]);
  refuse(draft);
  const noisy = Array.from({ length: RUNS }, () => draft.replay(rng));
  const wanted: Wanted[] = [...chosen].map((own) => want(`x${own.id}`, own.tensor, own.value, noisy.map((tape) => tape.value(own.id)))); // prettier-ignore
  if (rng.chance(0.7)) wanted.push(...wantGradients(draft, [...chosen], noisy));
  const text = draft.values.map((own, i) => `  x${i} = ${own.text}`).join('\n');
  return {
    seed,
    text,
    feed: draft.feed,
    variables: draft.variables,
    wanted,
    used: [...used, ...draft.calls.map(({ name }) => name)],
  };
}

function want(what: string, tensor: Tensor, expected: Array64, noisy: readonly Array64[]): Wanted {
  const bad = expected.data.find((value) => !Number.isFinite(value) || Math.abs(value) > 1e30);
  if (bad !== undefined)
    throw new Error(`${what}: the reference has ${bad}; the generator must keep values small`);
  return { what, tensor, expected, tolerance: toleranceOf(expected, noisy) };
}

/** Gradients of Σ random · output by every input that they reach and by some tensors between, by the references' own rules. */
function wantGradients(draft: Draft, outputs: readonly Value[], noisy: readonly Tape[]): Wanted[] {
  const ends = outputs.filter((own) => own.differentiable && !own.blocked);
  // An op without work, such as a minimum over no axis, gives its input back: that has one gradient, not two.
  const alone = ({ tensor }: Value) => draft.values.filter((other) => other.tensor === tensor).length === 1;
  const between = (own: Value) => own.differentiable && !own.blocked && draft.rng.chance(0.07) && alone(own);
  const inputs = draft.values.filter((own) => own.leaf || between(own));
  if (ends.length === 0) return [];
  const weights = new Map(ends.map((own) => [own.id, random(own.id + 1, own.value.shape)]));
  const loss = ends
    .map(({ id, tensor }) => {
      const { data, shape } = weights.get(id)!;
      return ops.reduceSum(ops.multiply(tensor, constant(Float32Array.from(data), shape)));
    })
    .reduce((a, b) => ops.add(a, b));
  const found = gradients(loss, inputs.map(({ tensor }) => tensor)); // prettier-ignore
  const [exact, ...others] = [draft.tape, ...noisy].map((tape) => tape.backward(weights));
  return inputs.flatMap(({ id, value }, i) => {
    const zero = map(value, () => 0);
    const expected = exact[id] ?? zero;
    const gradient = found[i];
    if (!gradient) {
      if (expected.data.every((own) => own === 0)) return [];
      throw new Error(`no gradient reaches x${id}, but its derivative is not 0`);
    }
    return [want(`gradient of x${id}`, gradient, expected, others.map((all) => all[id] ?? zero))]; // prettier-ignore
  });
}

const BAD = [0, -1, 0.5, NaN, Infinity, 2 ** 31];

/** Replaces one number, somewhere within. */
function poison(args: unknown, rng: Rng): unknown {
  if (typeof args === 'number') return rng.pick(BAD);
  if (Array.isArray(args) && args.length > 0) {
    const which = rng.int(0, args.length - 1);
    return args.with(which, poison(args[which], rng));
  }
  if (typeof args === 'object' && args !== null && Object.keys(args).length > 0) {
    const which = rng.pick(Object.keys(args));
    return { ...args, [which]: poison((args as Record<string, unknown>)[which], rng) };
  }
  return args;
}

/** An extent, an axis, a count or a number that cannot be: the op refuses it with an error of its own, or has a use for it. */
function refuse(draft: Draft): void {
  const { rng } = draft;
  const bad = [0, -1, 0.5, NaN][rng.int(0, 3)];
  const shape = draft.values.at(-1)!.tensor.shape;
  const misshapen = [...shape, bad];
  const own = rng.pick(draft.calls.length > 0 ? draft.calls : [undefined]);
  const attempts: [string, () => Tensor][] = [
    [`input([${misshapen}])`, () => ops.input('bad', misshapen)],
    [`fill([${misshapen}])`, () => ops.fill(misshapen, 1)],
    [`reshape(…, [${misshapen.map((x) => (x === -1 ? 0 : x))}])`, () => ops.reshape(draft.values.at(-1)!.tensor, misshapen.map((x) => (x === -1 ? 0 : x)))], // prettier-ignore
  ];
  const [what, build] = rng.pick(attempts);
  const refused = check(what, build);
  if (!refused) throw new Error(`${what} was not refused`);
  if (!own) return;
  const args = poison(own.args, rng) as readonly unknown[];
  check(`${own.name}(${own.tensors.map((x) => `[${x.shape}]`)}, ${args.map((arg) => JSON.stringify(arg, (_, x) => (typeof x === 'number' && !Number.isFinite(x) ? String(x) : x)))})`, () => own.build(args)); // prettier-ignore
}

/** Whether it was refused; throws for what is neither a tensor nor an error of wgrad's own. */
function check(what: string, build: () => Tensor): boolean {
  let tensor: Tensor;
  try {
    tensor = build();
  } catch (error) {
    if (error instanceof WgradError) return true;
    throw new Error(`${what} threw ${String(error)}, which is no WgradError`, { cause: error });
  }
  if (tensor.shape.every((extent) => Number.isInteger(extent) && extent >= 1)) return false;
  throw new Error(`${what} gave a tensor [${tensor.shape}]`);
}
