import { describe, expect, it } from 'vitest';
import { gradients } from '../../../src/graph/autodiff.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import * as ops from '../../../src/ops/index.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { array, map, random } from '../../reference/array.ts';
import { unary, unaryTable } from '../../reference/elementwise.ts';
import type { Unary, UnaryName } from '../../reference/elementwise.ts';
import * as rows from '../../reference/softmax.ts';

/** The activations that are made of other ops: with the arguments of their twins. */
const composed: [UnaryName, (x: Tensor) => Tensor, number[]][] = [
  ['relu6', ops.relu6, []],
  ['hardTanh', ops.hardTanh, []],
  ['hardSilu', ops.hardSilu, []],
  ['hardShrink', (x) => ops.hardShrink(x, 0.7), [0.7]],
  ['softShrink', (x) => ops.softShrink(x, 0.7), [0.7]],
  ['tanhShrink', ops.tanhShrink, []],
  ['logSigmoid', ops.logSigmoid, []],
  ['celu', (x) => ops.celu(x, 1.5), [1.5]],
  ['sparsePlus', ops.sparsePlus, []],
  ['sparseSigmoid', ops.sparseSigmoid, []],
  ['threshold', (x) => ops.threshold(x, 0.3, -1.25), [0.3, -1.25]],
  ['gelu', (x) => ops.gelu(x), []],
  ['geluTanh', (x) => ops.gelu(x, true), []],
];

describe.each(composed)('%s', (name, build, parameters) => {
  const { f, df } = unaryTable[name] as Unary;

  it('agrees with its formula, and with finite differences', async () => {
    const x = random(3, [5, 9], -7, 7);
    const [y] = await evaluate(build, [x]);
    expect(y).toBeAllClose(unary(name, x, ...parameters), { rtol: 1e-5, atol: 1e-6 });
    await checkGradient(build, [x], { reference: (own) => unary(name, own, ...parameters) });
  });

  it('keeps NaN, and has its limits at ±Infinity', async () => {
    const special = [NaN, Infinity, -Infinity, 0, 1e30, -1e30];
    const slopes = (x: Tensor) => gradients(ops.reduceSum(build(x)), [x])[0]!;
    const [y, dx] = await evaluate((x) => [build(x), slopes(x)], [array([6], special)]);
    const same = (a: number, b: number) =>
      Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-5 * (1 + Math.abs(b));
    special.forEach((x, i) => {
      const wanted = [f(x, ...parameters), df(x, ...parameters)];
      const found = [y.data[i], dx.data[i]];
      expect(
        found.every((own, k) => same(own, wanted[k])),
        `at ${x}: ${found}, not ${wanted}`,
      ).toBe(true);
    });
  });
});

describe('relu with options', () => {
  /** Keras: x above the threshold, at most maxValue, and negativeSlope · (x − threshold) at or below it. */
  const twin =
    ({ negativeSlope = 0, maxValue = Infinity, threshold = 0 }: ops.ReluOptions) =>
    (x: number) =>
      x > threshold ? Math.min(x, maxValue) : negativeSlope * (x - threshold);

  it.each<ops.ReluOptions>([
    {},
    { negativeSlope: 0.25 },
    { maxValue: 1.5 },
    { threshold: 0.75 },
    { negativeSlope: 0.5, maxValue: 2 },
    { negativeSlope: 0.5, maxValue: 2, threshold: 1 },
  ])('%j', async (options) => {
    const x = random(5, [4, 11], -4, 4);
    const reference = (own: typeof x) => map(own, twin(options));
    const [y, special] = await evaluate((a, b) => [ops.relu(a, options), ops.relu(b, options)], [
      x,
      array([3], [NaN, Infinity, -Infinity]),
    ]); // prettier-ignore
    expect(y).toBeAllClose(reference(x));
    expect([...special.data]).toEqual([NaN, options.maxValue ?? Infinity, options.negativeSlope ? -Infinity : 0]); // prettier-ignore
    await checkGradient((t) => ops.relu(t, options), [x], { reference });
  });

  it('refuses what is none', () => {
    const x = ops.input('x', [3]);
    expect(() => ops.relu(x, { maxValue: -1 })).toThrow(/relu: maxValue is -1; it must be at least 0/);
    expect(() => ops.relu(x, { threshold: NaN })).toThrow(/threshold is NaN; it must be a finite number/);
    expect(() => ops.relu(x, { max: 6 } as never)).toThrow(/no option "max"/);
    expect(() => ops.squareplus(x, 0)).toThrow(/b is 0; it must be a number above 0/);
    expect(() => ops.celu(x, -1)).toThrow(/alpha is -1; it must be a finite number above 0/);
    expect(() => ops.gelu(x, 0.5 as never)).toThrow(/approximate is 0.5; it must be true or false/);
  });
});

describe('along an axis', () => {
  const x = random(6, [3, 4, 10], -1.5, 1.5);

  it.each([-1, 1])('glu halves axis %i', async (axis) => {
    const [y] = await evaluate((t) => ops.glu(t, axis), [x]);
    expect(y).toBeAllClose(rows.glu(x, axis));
    await checkGradient((t) => ops.glu(t, axis), [x], { reference: (own) => rows.glu(own, axis) });
    expect(() => ops.glu(ops.input('x', [3, 4]), 0)).toThrow(/glu: axis 0 of \[3, 4\] has 3 values/);
  });

  it.each([-1, 0, 1])('sparsemax along axis %i', async (axis) => {
    const [y] = await evaluate((t) => ops.sparsemax(t, axis), [x]);
    expect(y).toBeAllClose(rows.sparsemax(x, axis));
    expect(y.data.some((value) => value === 0)).toBe(true);
    await checkGradient((t) => ops.sparsemax(t, axis), [x], {
      reference: (own) => rows.sparsemax(own, axis),
    });
  });

  it('sparsemax of rows with masks, NaN and equals', async () => {
    const special = array([6, 3], [
      0, -Infinity, 0.5, 1, NaN, 2, Infinity, 0, 0, -Infinity, -Infinity, -Infinity, 2, 2, 2, 1e30, 0, -1e30,
    ]); // prettier-ignore
    const [y] = await evaluate((t) => ops.sparsemax(t), [special]);
    expect(y.data.slice(0, 3)).toEqual(Float64Array.of(0.25, 0, 0.75));
    expect(y.data.slice(3, 12)).toEqual(new Float64Array(9).fill(NaN));
    expect(y.data.slice(12)).toBeAllClose([1 / 3, 1 / 3, 1 / 3, 1, 0, 0]);
  });
});
