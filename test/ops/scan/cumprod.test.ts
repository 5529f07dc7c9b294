import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/gradients.ts';
import * as ops from '../../../src/ops/index.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { expectSame, inf, nan } from '../../helpers/nonFinite.ts';
import { array, map, random, randomIntegers } from '../../reference/array.ts';
import { cumprod, cumprodGradient, recurrence } from '../../reference/scan.ts';

const orders = [{}, { exclusive: true }, { reverse: true }, { exclusive: true, reverse: true }];
const cases = [
  { shape: [1], axis: 0 },
  { shape: [3, 63], axis: 1 },
  { shape: [67, 3], axis: 0 },
  { shape: [2, 20, 4], axis: 1 },
  { shape: [1, 300], axis: -1 },
];

describe('cumprod', () => {
  it.each(cases)('of $shape along $axis, in every order', async ({ shape, axis }) => {
    const x = map(random(1, shape, 0.9, 1.1), (own, i) => (i % 3 === 0 ? -own : own));
    const found = await evaluate((t) => orders.map((own) => ops.cumprod(t, axis, own)), [x], {
      simulated: true,
    });
    found.forEach((y, i) => expect(y).toBeAllClose(cumprod(x, axis, orders[i]), { rtol: 1e-4, atol: 1e-6 }));
  });

  it('runs on a device, with the same bits in every run', async () => {
    const x = random(2, [300, 40], 0.5, 1.5);
    const run = () => evaluate((t) => ops.cumprod(t), [x]);
    const [[y], [again]] = [await run(), await run()];
    expect(again.data).toEqual(y.data);
    expect(y).toBeAllClose(cumprod(x), { rtol: 1e-4, atol: 1e-6 });
  });

  it.each(orders)('has its gradient, also where elements are 0, one or several: %o', async (own) => {
    const x = random(3, [4, 6], -1.5, 1.5);
    for (const zero of [0, 8, 12, 15, 18, 19, 20]) x.data[zero] = 0;
    for (const [t, axis] of [
      [x, 1],
      [x, 0],
    ] as const) {
      await checkGradient((tensor) => ops.cumprod(tensor, axis, own), [t], {
        reference: (each) => cumprod(each, axis, own),
        simulated: true,
      });
      const dy = random(5, x.shape);
      const [dx] = await evaluate(
        (a, b) =>
          gradients(ops.reduceSum(ops.multiply(ops.cumprod(a, axis, own), b)), [a]).map((each) => each!),
        [t, dy],
        { simulated: true },
      );
      expect(dx).toBeAllClose(cumprodGradient(t, dy, axis, own), { rtol: 1e-5, atol: 1e-6 });
    }
  });

  it('has derivatives of derivatives, right where elements are 0', async () => {
    const x = array([4], [2, 0, 3, 5]);
    const [second] = await evaluate(
      (t) => {
        const [slope] = gradients(ops.reduceSum(ops.cumprod(t)), [t]);
        return gradients(ops.reduceSum(slope!), [t])[0]!;
      },
      [x],
      { simulated: true },
    );
    // L = a + ab + abc + abcd: row i of the Hessian, summed; b is 0
    const [a, b, c, d] = x.data;
    const mixed = {
      ab: 1 + c + c * d,
      ac: b + b * d,
      ad: b * c,
      bc: a + a * d,
      bd: a * c,
      cd: a * b,
    };
    expect([...second.data]).toEqual([
      mixed.ab + mixed.ac + mixed.ad,
      mixed.ab + mixed.bc + mixed.bd,
      mixed.ac + mixed.bc + mixed.cd,
      mixed.ad + mixed.bd + mixed.cd,
    ]);
  });

  it('takes integers, which wrap around', async () => {
    const x = randomIntegers(5, [3, 7], 40);
    const [y] = await evaluate((t) => ops.cumprod(t), [x], { dtypes: ['i32'], simulated: true });
    const row = (from: number) => {
      let product = 1;
      return [...x.data.subarray(from, from + 7)].map((own) => (product = Math.imul(product, own)));
    };
    expect([...y.data]).toEqual([0, 7, 14].flatMap(row));
  });

  it('passes NaN on, and keeps products in range that those of a part would leave', async () => {
    const x = array([3, 4], [1, inf, 2, -inf, 2, nan, 0, 3, 0, 1e30, 1e30, 2]);
    const [y] = await evaluate((t) => ops.cumprod(t), [x], { simulated: true });
    expectSame(y, array([3, 4], [1, inf, inf, -inf, 2, nan, nan, nan, 0, 0, 0, 0]));
  });

  it('refuses what it does not know', () => {
    expect(() => ops.cumprod(ops.input('x', [3]), 0, { reversed: true } as never)).toThrow(ArgumentError);
  });
});

it('the reference of recurrences is that of products', () => {
  const x = random(6, [3, 5]);
  for (const own of [
    { exclusive: false, reverse: false },
    { exclusive: true, reverse: true },
  ]) {
    expect(recurrence(x, undefined, { axis: 1, first: 1, ...own })).toBeAllClose(cumprod(x, 1, own));
  }
});
