import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { attention } from '../../../src/ops/attention/attention.ts';
import type { AttentionOptions } from '../../../src/ops/attention/attention.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import { PROGRAM_SEED } from '../../fuzz/ops/sources.ts';
import { finiteDifference } from '../../helpers/close.ts';
import { evaluate, testGpu } from '../../helpers/evaluate.ts';
import { array, map, random, sizeOf } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/attention.ts';
import { dropoutMask } from '../../reference/random.ts';
import { share } from '../../helpers/share.ts';

const tolerance = { rtol: 2e-5, atol: 5e-6 };
const variants = ['naive', 'broadcast:4', 'one_pass:4', 'tiled'];
const options = (variant: string) => ({
  subgroups: /broad|one/.test(variant),
  simulated: variant === 'tiled', // lavapipe compiles its barriers for seconds
  variants: { attention: variant.replace('one_pass', 'broadcast'), attentionGradient: variant },
});
const names = ['output', 'dq', 'dk', 'dv', 'dbias'];

/** q, k and v of [batch, queries, keys, heads, keyHeads, size, valueSize]. */
function operands([batch, queries, keys, heads, keyHeads, size, valueSize]: readonly number[]) {
  const shapes = [
    [batch, queries, heads, size],
    [batch, keys, keyHeads, size],
    [batch, keys, keyHeads, valueSize],
  ];
  return shapes.map((shape, i) => random(i + 1, shape, -2, 2));
}

/** The output, and the gradients by all inputs of Σ weight · output. */
async function run(
  inputs: readonly Array64[],
  variant: string,
  own: AttentionOptions,
  more = {},
): Promise<Array64[]> {
  const shape = [...inputs[0].shape.slice(0, 3), inputs[2].shape[3]];
  const weight = random(9, shape, -1, 1);
  return evaluate(
    (...tensors) => {
      const [q, k, v, bias] = tensors;
      const y = attention(q, k, v, { ...own, ...(inputs[3] && { bias }) });
      const wrt = tensors.slice(0, inputs.length);
      const found = gradients(reduceSum(multiply(y, tensors.at(-1)!)), wrt) as Tensor[];
      return [y, ...found];
    },
    [...inputs, weight],
    { ...options(variant), ...more },
  );
}

function expected(inputs: readonly Array64[], own: reference.AttentionOptions): Array64[] {
  const [q, k, v, bias] = inputs;
  const all = { ...own, bias };
  const y = reference.attention(q, k, v, all);
  const weight = random(9, y.shape, -1, 1);
  return [y, ...reference.attentionGradient(q, k, v, weight, all)];
}

function compare(found: readonly Array64[], wanted: readonly Array64[]): void {
  for (const [i, own] of wanted.entries()) expect(found[i], `${names[i]}`).toBeAllClose(own, tolerance);
}

// batch, queries, keys, heads, keyHeads, size, valueSize
const cases: Record<string, number[][]> = {
  naive: [
    [1, 1, 1, 1, 1, 1, 1],
    [2, 5, 7, 3, 3, 3, 2],
    [1, 63, 65, 2, 1, 8, 8],
    [1, 2, 64, 1, 1, 64, 128],
    [1, 1000, 1000, 1, 1, 1, 3],
  ],
  'broadcast:4': [
    [1, 1, 1, 1, 1, 4, 4],
    [2, 65, 35, 4, 2, 8, 16],
    [1, 17, 64, 2, 2, 64, 32],
    [1, 2, 63, 1, 1, 128, 64],
    [1, 1000, 1000, 1, 1, 8, 8],
  ],
  tiled: [
    [1, 1, 1, 1, 1, 1, 1],
    [2, 65, 35, 4, 2, 8, 16],
    [1, 64, 63, 2, 1, 3, 1],
    [1, 2, 65, 1, 1, 64, 128],
    [1, 130, 130, 1, 1, 8, 8],
  ],
};

cases['one_pass:4'] = cases['broadcast:4'].slice(1, 2); // it takes seconds to compile
const general = variants.filter((variant) => !variant.startsWith('one_pass'));

describe.each(variants)('%s', (variant) => {
  it.each(share(cases[variant], variant === 'naive' ? 2 : 3, 1))(
    'batch %i, queries %i, keys %i, heads %i and %i, sizes %i and %i: outputs and gradients',
    async (...shape) => {
      const inputs = operands(shape);
      const causal = shape[1] > 5;
      const found = await run(inputs, variant, { causal });
      compare(found, expected(inputs, { causal }));
    },
  );
});

const STEPS = [1, 2, 63, 64, 65, 1000];
const SIZES = [1, 3, 8, 64, 128];
/** Every number of steps with every size of heads, in turn by the variants that take such heads; with all cases by all of them. */
const pairs = STEPS.flatMap((steps, i) =>
  SIZES.flatMap((size, j) => {
    // a thousand steps are for the adapter, which compiles some variants for seconds
    const all = steps === 1000 ? [size === 8 ? 'broadcast:4' : 'naive'] : fitting(size);
    const own = process.env.WGRAD_ALL_CASES ? fitting(size) : [all[(i + j) % all.length]];
    return own.map((variant) => [steps, size, variant] as const);
  }),
);

function fitting(size: number): readonly string[] {
  return size % 4 === 0 ? variants : variants.filter((variant) => !/broad|one/.test(variant));
}

it.each(pairs)('%i steps with heads of %i, %s: outputs and gradients', async (steps, size, variant) => {
  const inputs = operands([1, steps, steps, 1, 1, size, size]);
  const causal = size !== 3;
  const found = await run(inputs, variant, { causal }, { simulated: steps < 1000 });
  compare(found, expected(inputs, { causal }));
});

describe.each(general)('%s', (variant) => {
  it('a bias with −Infinity, another scale, and queries that see no key', async () => {
    const inputs = operands([2, 9, 34, 4, 2, 4, 8]);
    const bias = map(random(4, [4, 9, 34], -1, 1), (own, i) => (i % 3 === 0 || i < 70 ? -Infinity : own));
    const own = { causal: true, scale: 0.3 };
    const found = await run([...inputs, bias], variant, own);
    compare(found, expected([...inputs, bias], own));
    expect(found[0].data.slice(0, 2 * 8)).toEqual(new Float64Array(16)); // two heads of the first query
  });

  it('a mask that leaves a query no key: its output and its gradients are 0', async () => {
    const inputs = operands([1, 2, 5, 1, 1, 4, 4]);
    const bias = array([2, 5], [0, 0, 0, -Infinity, 0, ...Array<number>(5).fill(-Infinity)]);
    const found = await run([...inputs, bias], variant, {});
    compare(found, expected([...inputs, bias], {}));
    for (const own of found.slice(0, 2)) expect(Array.from(own.data.slice(4))).toEqual([0, 0, 0, 0]); // output and dq
  });

  it('dropout: the same weights are dropped in both directions', async () => {
    const inputs = operands([1, 9, 35, 2, 2, 4, 4]);
    const found = await run(inputs, variant, { dropout: 0.4, stream: 7 }, { seed: PROGRAM_SEED });
    const mask = dropoutMask([1, 2, 9, 36], { seed: PROGRAM_SEED, stream: 7 }, 0.4);
    const kept = array(
      [1, 2, 9, 35],
      [...mask.data].filter((_, i) => i % 36 < 35),
    );
    compare(found, expected(inputs, { kept }));
  });

  it('NaN and Infinity reach what sees them, and nothing before', async () => {
    const inputs = operands([1, 40, 40, 1, 1, 4, 4]);
    inputs[0].data[39 * 4] = NaN;
    inputs[1].data[38 * 4] = Infinity;
    const [y, dq] = await run(inputs, variant, { causal: true });
    const rows = (x: Array64) =>
      Array.from({ length: 40 }, (_, i) => x.data.slice(4 * i, 4 * i + 4).some(Number.isNaN));
    expect(rows(y)).toEqual(Array.from({ length: 40 }, (_, i) => i >= 38));
    expect(rows(dq).slice(38)).toEqual([true, true]);
    expect(rows(dq).slice(0, 32)).not.toContain(true); // its block of rows multiplies Infinity by weights of 0
  });
});

it('the reference has the gradients that finite differences have', () => {
  const inputs = [...operands([1, 3, 4, 2, 1, 2, 3]), random(4, [2, 1, 4])];
  const weight = random(9, [1, 3, 2, 3], -1, 1);
  const sum = ([q, k, v, bias]: readonly Array64[]) => {
    const y = reference.attention(q, k, v, { causal: true, bias });
    return y.data.reduce((all, value, i) => all + value * weight.data[i], 0);
  };
  expected(inputs, { causal: true })
    .slice(1)
    .forEach((own, i) =>
      expect(own).toBeAllClose(
        finiteDifference((x) => sum(inputs.with(i, x)), inputs[i]),
        { rtol: 1e-5, atol: 1e-6 },
      ),
    );
});

it('masks and lengths hide keys', async () => {
  const [q, k, v] = operands([2, 3, 8, 2, 2, 4, 4]);
  const mask = map(random(5, [2, 1, 1, 8]), (own) => Number(own > 0));
  const [lengths, both] = [array([2], [5, 0]), array([2], [3, 8])];
  const found = await evaluate(
    (a, b, c, m, n, o) => [
      attention(a, b, c, { mask: m }),
      attention(a, b, c, { lengths: n }),
      attention(a, b, c, { lengths: o, mask: m }),
    ],
    [q, k, v, mask, lengths, both],
    { dtypes: ['f32', 'f32', 'f32', 'u32', 'i32', 'i32'], variants: { attention: 'naive' } },
  );
  const hide = (shown: (batch: number, key: number) => boolean) =>
    array(
      [2, 1, 1, 8],
      Array.from({ length: 16 }, (_, i) => (shown(i >> 3, i & 7) ? 0 : -Infinity)),
    );
  const biases = [
    hide((b, j) => mask.data[8 * b + j] === 1),
    hide((b, j) => j < lengths.data[b]),
    hide((b, j) => j < both.data[b] && mask.data[8 * b + j] === 1),
  ];
  biases.forEach((bias, i) =>
    expect(found[i]).toBeAllClose(reference.attention(q, k, v, { bias }), tolerance),
  );
});

it.each(['one_pass:4', 'tiled'])('%s gives the same bits in every run', async (variant) => {
  const inputs = operands([2, 70, 70, 2, 1, 8, 8]);
  const twice = [await run(inputs, variant, { causal: true }), await run(inputs, variant, { causal: true })];
  expect(twice[0].map(({ data }) => [...data])).toEqual(twice[1].map(({ data }) => [...data]));
});

/** What a step with attention and its gradients lowers to, for a GPU or for a software adapter. */
async function lowered(steps: number, size: number, software: boolean, own: AttentionOptions) {
  const { target } = await testGpu(software, true);
  const operand = ['q', 'k', 'v'].map((name) => input(name, [1, steps, 2, size]));
  const y = attention(operand[0], operand[1], operand[2], own);
  const all = [y, ...(gradients(reduceSum(multiply(y, y)), operand) as Tensor[])];
  return lowerGraph(all, [], [], { target });
}

it.each([true, false])('takes memory that grows with the steps, not with their product', async (software) => {
  const bytes = async (steps: number) => {
    const dispatches = await lowered(steps, 8, software, { causal: true, dropout: 0.1 });
    const owners = new Set(dispatches.flatMap(({ bindings }) => bindings.map((own) => own.operand)));
    return [...owners].reduce((sum, own) => sum + 4 * sizeOf(own.shape), 0);
  };
  expect((await bytes(2000)) / (await bytes(1000))).toBeLessThan(2.01);
});

it.each([
  [true, 8, 'attention/2_broadcast'],
  [true, 7, 'attention/1_naive'],
  [false, 7, 'attention/3_tiled'],
  [false, 128, 'attention/3_tiled'],
  [false, 129, 'attention/1_naive'],
])('on a software adapter %s, size %i takes %s', async (software, size, kernel) => {
  const names = (await lowered(100, size, software, {})).map((own) => own.kernel.name);
  expect(names).toContain(kernel);
  expect(names.filter((name) => name.includes('tiled')).length).toBe(kernel.includes('tiled') ? 4 : 0);
});

it('refuses what does not fit', () => {
  const of = (...shape: number[]) => input('x', shape);
  const q = of(2, 5, 4, 8);
  expect(() => attention(of(5, 4, 8), q, q)).toThrow(ShapeError);
  expect(() => attention(q, of(3, 5, 4, 8), of(3, 5, 4, 8))).toThrow('hold 2, 3 and 3 sequences');
  expect(() => attention(q, of(2, 6, 4, 8), q)).toThrow('the same steps and heads');
  expect(() => attention(q, of(2, 5, 4, 9), q)).toThrow('sizes of 8 and 9');
  expect(() => attention(q, of(2, 5, 3, 8), of(2, 5, 3, 8))).toThrow('must be a multiple');
  expect(() => attention(q, q, q, { mask: of(2, 5) })).toThrow('must broadcast to the scores');
  expect(() => attention(q, q, q, { bias: of(2, 1, 5, 5) })).not.toThrow();
  expect(() => attention(q, q, q, { lengths: input('n', [3], 'i32') })).toThrow(
    'one number for each of the 2',
  );
  expect(() => attention(q, q, q, { dropout: 1 })).toThrow(ArgumentError);
  expect(() => attention(q, q, q, { scale: NaN })).toThrow('a finite number');
});
