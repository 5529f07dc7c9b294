import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { optimize } from '../../../src/graph/passes/optimize.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import { add, multiply, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { matmul } from '../../../src/ops/matmul/anyRank.ts';
import { takenOf } from '../../../src/ops/matmul/size.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import { evaluate, testGpu } from '../../helpers/evaluate.ts';
import { expectSame, inf, nan, put } from '../../helpers/nonFinite.ts';
import { map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/matmul.ts';

/** Shapes of a and b as multiplied. */
const cases: { a: number[]; b: number[] }[] = [
  { a: [5], b: [5] },
  { a: [5], b: [5, 3] },
  { a: [3, 5], b: [5] },
  { a: [5], b: [2, 5, 3] },
  { a: [2, 3, 5], b: [5] },
  { a: [2, 3, 4, 5], b: [5, 6] }, // one tall matrix
  { a: [3, 5], b: [4, 5, 8] }, // a for all of b
  { a: [2, 3, 4, 5], b: [3, 5, 2] }, // b by the last of two
  { a: [2, 3, 4, 5], b: [2, 1, 5, 2] }, // b by the first of two
  { a: [2, 1, 4, 5], b: [1, 3, 5, 2] }, // each by one
  { a: [2, 1, 3, 2, 4], b: [5, 1, 4, 2] }, // a is copied: it lacks one in the middle
  { a: [2, 1, 3, 1, 2, 4], b: [1, 4, 4, 4] },
];
const forms = [
  { transposeA: false, transposeB: false },
  { transposeA: true, transposeB: true },
];
type Form = (typeof forms)[number];

/** As stored: matrices turned where the form says so; vectors have one way only. */
function stored(shape: number[], turned: boolean, seed: number): Array64 {
  return random(seed, turned ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape);
}
const operands = ({ a, b }: (typeof cases)[number], form: Form): [Array64, Array64] => [
  stored(a, form.transposeA, 1),
  stored(b, form.transposeB, 2),
];
const formsOf = ({ a, b }: (typeof cases)[number]) =>
  a.length === 1 || b.length === 1 ? forms.slice(0, 1) : forms;
const every = cases.flatMap((own) => formsOf(own).map((form) => ({ own, form, xs: operands(own, form) })));

describe('matmul of any rank', () => {
  it.each([true, false])('computes products and gradients, on a software adapter: %s', async (software) => {
    const all = software ? every : every.slice(7, 12);
    const dys = all.map(({ xs, form }) => random(3, reference.matmulOf(...xs, form).shape));
    const flat = all.flatMap(({ xs }, i) => [...xs, dys[i]]);
    const results = await evaluate(
      (...tensors) =>
        all.flatMap(({ form }, i) => {
          const [a, b, dy] = tensors.slice(3 * i, 3 * i + 3);
          const y = matmul(a, b, form);
          return [y, ...gradients(reduceSum(multiply(y, dy)), [a, b]).map((g) => g!)];
        }),
      flat,
      { simulated: true, software },
    );
    all.forEach(({ own, xs, form }, i) => {
      const expected = [reference.matmulOf(...xs, form), ...reference.matmulOfGrad(...xs, dys[i], form)];
      expected.forEach((value, k) => {
        expect(results[3 * i + k], `${['y', 'da', 'db'][k]} of [${own.a}] by [${own.b}]`).toBeAllClose(
          value,
          {
            rtol: 1e-5,
            atol: 1e-5,
          },
        );
      });
    });
  });

  it.each(['naive', 'register_tiled', 'register_only_split', 'broadcast'])(
    'reads broadcast operands in place: %s',
    async (variant) => {
      const shapes = [
        { a: [2, 3, 5, 7], b: [3, 7, 6] },
        { a: [2, 1, 5, 130], b: [1, 3, 130, 4] },
        { a: [2, 3, 37, 8], b: [3, 8, 3] }, // narrow: the lanes are along the rows
      ];
      const software = variant !== 'register_tiled';
      for (const [i, own] of shapes.entries()) {
        const form = forms[i % 2];
        const xs = operands(own, form);
        const [y] = await evaluate((a, b) => matmul(a, b, form), xs, {
          variants: { matmul: variant },
          subgroups: variant === 'broadcast',
          software,
        });
        expect(y).toBeAllClose(reference.matmulOf(...xs, form), { rtol: 1e-5, atol: 1e-5 });
      }
    },
  );

  it('has second derivatives: of Σ (a b)² by a, in the direction of a', async () => {
    const [a, b] = [random(1, [2, 2, 3]), random(2, [3, 2])];
    const [found] = await evaluate(
      (x, w) => {
        const [dx] = gradients(reduceSum(multiply(matmul(x, w), matmul(x, w))), [x]);
        return gradients(reduceSum(multiply(dx!, x)), [w]).map((g) => g!);
      },
      [a, b],
    );
    // Σ (a b)² is quadratic in a: its gradient along a is 2 Σ (a b)², whose slope by b is 4 aᵀ a b
    const y = reference.matmulOf(a, b);
    const [, expected] = reference.matmulOfGrad(a, b, { ...y, data: y.data.map((value) => 4 * value) });
    expect(found).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-4 });
  });

  it('NaN and infinities enter the sums of their rows and columns alone', async () => {
    const a = put(random(1, [2, 2, 3]), nan, 0);
    const b = put(random(2, [4, 1, 3, 2]), inf, 7);
    const [y] = await evaluate((x, w) => matmul(x, w), [a, b]);
    expectSame(y, reference.matmulOf(a, b));
  });
});

describe('matmul of any rank, its plan', () => {
  it('takes one matrix for several products, and copies only where it must', async () => {
    expect(takenOf([3], [2, 3])).toEqual({ every: 1, count: 3 });
    expect(takenOf([2, 1], [2, 3])).toEqual({ every: 3, count: 2 });
    expect(takenOf([1, 4, 1], [2, 4, 3])).toEqual({ every: 3, count: 4 });
    expect(takenOf([], [2, 3])).toEqual({ every: 6, count: 1 });
    expect(takenOf([2, 1, 3], [2, 4, 3])).toBeUndefined();
    const { target } = await testGpu();
    const kernelsOf = (a: number[], b: number[]) =>
      lowerGraph([matmul(input('a', a), input('b', b))], [], [], { target }).map(({ kernel }) => kernel.name);
    expect(kernelsOf([2, 3, 4, 5], [3, 5, 2])).toEqual(['matmul/1_naive']);
    expect(kernelsOf([64, 32, 64], [64, 64])).toHaveLength(1);
    expect(kernelsOf([2, 1, 3, 2, 4], [5, 1, 4, 2])).toEqual(['elementwise/map', 'matmul/1_naive']);
  });

  it('with a bias and an activation is one kernel, whatever the rank', async () => {
    const { target } = await testGpu();
    const y = relu(add(matmul(input('x', [4, 8, 64]), input('w', [64, 32])), input('bias', [32])));
    expect(lowerGraph(optimize([y]), [], [], { target })).toHaveLength(1);
    const [x, w, bias] = [random(1, [2, 3, 5]), random(2, [5, 4]), random(3, [4])];
    const [found] = await evaluate((a, b, c) => relu(add(matmul(a, b), c)), [x, w, bias], {
      simulated: true,
    });
    const expected = map(reference.matmulOf(x, w), (value, i) => Math.max(0, value + bias.data[i % 4]));
    expect(found).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
  });

  it('follows NumPy in its shapes, and says what does not fit', () => {
    const shapeOf = (a: number[], b: number[], options = {}) =>
      matmul(input('a', a), input('b', b), options).shape;
    expect(shapeOf([3], [3])).toEqual([]);
    expect(shapeOf([3], [3, 4])).toEqual([4]);
    expect(() => shapeOf([7, 2, 3], [5, 3])).toThrow(
      'a [7, 2, 3] times b [5, 3]: the inner extents 3 and 5 differ',
    );
    expect(() => shapeOf([], [3])).toThrow(ShapeError);
    expect(() => shapeOf([], [3])).toThrow(
      'a [] times b [3]: a single number is neither a vector nor a matrix',
    );
    expect(() => shapeOf([3], [3, 4], { transposeA: true })).toThrow('a vector has no other way round');
    expect(() => shapeOf([3], [4])).toThrow('a [3] times b [4], a vector as a row at the left');
    expect(() => shapeOf([3], [4])).toThrow('the inner extents 3 and 4 differ');
    expect(() => shapeOf([2, 1, 2, 3], [3, 4, 3, 3])).toThrow(
      'batches of [2, 1] and [3, 4] matrices do not broadcast',
    );
  });
});
