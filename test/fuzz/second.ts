import { gradients } from '../../src/graph/gradients.ts';
import { constant, input } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import * as ops from '../../src/ops/index.ts';
import { finiteDifference } from '../helpers/close.ts';
import { map, random, sizeOf } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { Draft } from './draft.ts';
import { Rng } from './rng.ts';
import { table } from './table.ts';
import type { OpName } from './table.ts';

/** A derivative of second order of one op, and what the differences of its first derivatives are. */
export interface SecondCase {
  readonly feed: ReadonlyMap<Tensor, Array64>;
  readonly text: string;
  /** By each operand that has a gradient, and by the gradient that came from behind. */
  readonly wanted: readonly { readonly what: string; readonly tensor?: Tensor; readonly expected: Array64 }[];
}

/** Numbers in all operands: differences are taken for each of them. */
const MOST = 120;
const STEP = 1e-5;

const functions: Readonly<Record<string, unknown>> = { ...ops };
const rounded = (x: Array64) => map(x, Math.fround);
const inner = (a: Array64, b: Array64) => a.data.reduce((sum, value, i) => sum + value * b.data[i], 0);

/**
 * A call of an op with g_i = dL/dx_i for a random dL/dy = w, and the derivatives of Σ_i v_i · g_i with random v_i, by the
 * operands and by w. Operands are moved off whole numbers, where many functions bend.
 *
 * @returns undefined where the seed gives no small call, or one at a bend; 'none' for a call without derivatives
 */
export function secondCase(name: OpName, seed: number): SecondCase | 'none' | undefined {
  const draft = new Draft(seed);
  if (draft.large) return undefined;
  const entry = table[name];
  const call = entry.draw(draft);
  if (!call) return undefined;
  const { inputs, args = [] } = call;
  const total = inputs.reduce((sum, { value }) => sum + value.data.length, 0);
  if (total > MOST) return undefined;
  const rng = new Rng(seed + 1);
  const floats = inputs.map(({ tensor }, i) => tensor.dtype === 'f32' && !entry.integer?.includes(i));
  const values = inputs.map(({ value }, i) =>
    floats[i] ? rounded(map(value, (x) => x + rng.real(0.002, 0.01))) : value,
  );
  const tensors = inputs.map(({ tensor }, i) => input(`x${i}`, tensor.shape, tensor.dtype));
  const y = entry.build
    ? entry.build(tensors, args)
    : (functions[name] as (...all: unknown[]) => Tensor)(...tensors, ...args);
  if (sizeOf(y.shape) > 3 * MOST) return undefined;
  const { vjp } = entry.twin(values, args);
  if (!vjp || entry.blocks || y.dtype !== 'f32' || tensors.includes(y)) return 'none';

  const weight = rounded(random(seed, y.shape));
  const first = vjp(weight);
  const wrt = tensors.flatMap((_, i) => (floats[i] && first[i] ? [i] : []));
  if (wrt.length === 0) return 'none';
  const directions = wrt.map((i) => rounded(random(seed + 2 + i, tensors[i].shape)));
  /** Σ v · g of the references. */
  const along = (own: readonly Array64[], w: Array64) => {
    const found = entry.twin(own, args).vjp!(w);
    return wrt.reduce((sum, i, k) => sum + inner(directions[k], found[i]!), 0);
  };

  const w = input('w', y.shape);
  const loss = ops.reduceSum(ops.multiply(y, w));
  const slopes = gradients(loss, wrt.map((i) => tensors[i])); // prettier-ignore
  const parts = slopes.flatMap((slope, k) => {
    const { data, shape } = directions[k];
    return slope ? [ops.reduceSum(ops.multiply(slope, constant(Float32Array.from(data), shape)))] : [];
  });
  if (parts.length === 0) return 'none';
  const second = gradients(parts.reduce((a, b) => ops.add(a, b)), [...wrt.map((i) => tensors[i]), w]); // prettier-ignore
  const expected = (epsilon: number) => [
    ...wrt.map((i) => finiteDifference((x) => along(values.with(i, x), weight), values[i], { epsilon })),
    finiteDifference((x) => along(values, x), weight, { epsilon }),
  ];
  const [fine, coarse] = [expected(STEP), expected(8 * STEP)];
  const bends = fine.some(({ data }, k) =>
    data.some((value, i) => !(Math.abs(value - coarse[k].data[i]) <= 1e-4 * (1 + Math.abs(value)))),
  );
  if (bends) return undefined;
  const labels = [...wrt.map((i) => `x${i}`), 'dL/dy'];
  return {
    feed: new Map([...tensors.map((own, i) => [own, values[i]] as const), [w, weight]]),
    text: `${name}(${[...tensors.map(({ shape }) => `[${shape}]`), ...args.map((arg) => JSON.stringify(arg))].join(', ')}), seed ${seed}`,
    wanted: labels.map((what, k) => ({ what, tensor: second[k], expected: fine[k] })),
  };
}

/** The first calls of an op, from a seed on, that have second derivatives; fewer if it has none. */
export function secondCases(name: OpName, count: number, from = 1): SecondCase[] {
  const cases: SecondCase[] = [];
  let without = 0;
  for (let seed = from; cases.length < count && without < 5; seed++) {
    if (seed > from + 2000) throw new Error(`${name}: no small call in 2,000 seeds`);
    const own = secondCase(name, seed);
    if (own === 'none') without++;
    else if (own) cases.push(own);
  }
  return cases;
}
