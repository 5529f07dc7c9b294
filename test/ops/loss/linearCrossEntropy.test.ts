import { expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { DType } from '../../../src/ops/core/shape.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { linearCrossEntropy } from '../../../src/ops/loss/linearCrossEntropy.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import { evaluate, testGpu } from '../../helpers/evaluate.ts';
import { array, full, random, randomIntegers, sizeOf } from '../../reference/array.ts';
import * as reference from '../../reference/linearCrossEntropy.ts';

const dtypes: DType[] = ['f32', 'f32', 'i32', 'f32'];
const variants = { attention: 'broadcast:4', attentionGradient: 'broadcast:4' };

it.each([
  ['naive', [5, 3], 11, {}],
  ['lanes exchange values', [2, 9, 8], 70, { subgroups: true, variants }],
])('loss and gradients, %s: samples and features [%s], %i classes', async (_, shape, classes, options) => {
  const x = random(1, shape, -3, 3);
  const table = random(2, [classes, shape.at(-1)!], -3, 3);
  const labels = randomIntegers(3, shape.slice(0, -1), classes);
  const weight = random(4, shape.slice(0, -1));
  const [y, dx, dTable] = await evaluate(
    (a, b, c, w) => {
      const loss = linearCrossEntropy(a, b, c);
      return [loss, ...gradients(reduceSum(multiply(loss, w)), [a, b]).map((own) => own!)];
    },
    [x, table, labels, weight],
    { dtypes, ...options },
  );
  const expected = reference.linearCrossEntropy(x, table, labels.data);
  expect(y).toBeAllClose(expected.y, { rtol: 1e-5, atol: 1e-5 });
  const wanted = expected.vjp(weight);
  expect(dx).toBeAllClose(wanted[0], { rtol: 1e-4, atol: 1e-5 });
  expect(dTable).toBeAllClose(wanted[1], { rtol: 1e-4, atol: 1e-5 });
});

it('labels outside of the table mask their samples', async () => {
  const [x, table] = [random(1, [4, 3], -3, 3), random(2, [5, 3], -3, 3)];
  const labels = array([4], [-1, 4, 5, 0]);
  const [y, dx, dTable] = await evaluate(
    (a, b, c) => {
      const loss = linearCrossEntropy(a, b, c);
      return [loss, ...gradients(reduceSum(loss), [a, b]).map((own) => own!)];
    },
    [x, table, labels],
    { dtypes: dtypes.slice(0, 3), simulated: true },
  );
  const expected = reference.linearCrossEntropy(x, table, labels.data);
  const wanted = [expected.y, ...expected.vjp(full([4], 1))];
  [y, dx, dTable].forEach((own, i) => expect(own).toBeAllClose(wanted[i], { rtol: 1e-4, atol: 1e-5 }));
  for (const sample of [0, 2]) {
    expect(y.data[sample]).toBeCloseTo(0, 12);
    expect(dx.data.slice(3 * sample, 3 * sample + 3).every((own) => own === 0)).toBe(true);
  }
});

it('never stores the logits', async () => {
  const { target } = await testGpu(true, true);
  const [x, table, labels] = [input('x', [512, 16]), input('t', [5000, 16]), input('l', [512], 'i32')];
  const loss = linearCrossEntropy(x, table, labels);
  const all = [loss, ...gradients(reduceSum(loss), [x, table]).map((own) => own!)];
  const operands = lowerGraph(all, [], [], { target }).flatMap(({ bindings }) =>
    bindings.map((own) => own.operand),
  );
  const largest = Math.max(...operands.map(({ shape }) => sizeOf(shape)));
  expect(largest).toBe(5000 * 16);
});

it('refuses what does not fit', () => {
  const of = (shape: number[], dtype: DType = 'f32') => input('x', shape, dtype);
  const call =
    (x: number[], table: number[], labels: number[], dtype: DType = 'i32') =>
    () =>
      linearCrossEntropy(of(x), of(table), of(labels, dtype));
  expect(call([4, 3], [9, 2], [4])).toThrow('with the same features');
  expect(call([4, 3], [3], [4])).toThrow(ShapeError);
  expect(call([4, 3], [9, 3], [5])).toThrow('needs labels of shape [4]');
  expect(call([4, 3], [9, 3], [4], 'f32')).toThrow(ArgumentError);
});
