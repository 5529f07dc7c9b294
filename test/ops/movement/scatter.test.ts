import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import * as ops from '../../../src/ops/index.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { expectSame, inf, nan } from '../../helpers/nonFinite.ts';
import { array, map, random, randomIntegers } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { gatheredPlaces, takeAlongAxis } from '../../reference/rearrange.ts';

const exact = { rtol: 0, atol: 0 };
const i32 = ['f32', 'i32', 'f32'] as const;

/** x with updates added at, or put in, their places one after the other. */
function scatter(x: Array64, indices: Array64, updates: Array64, axis: number, add: boolean): Array64 {
  const y = map(x, (value) => value);
  gatheredPlaces(x.shape, indices, axis).data.forEach((place, i) => {
    if (place >= 0) y.data[place] = add ? y.data[place] + updates.data[i] : updates.data[i];
  });
  return y;
}

const cases = [
  { shape: [4, 3], indices: array([5], [2, 0, 2, 2, 7]), axis: 0 },
  { shape: [2, 5, 4], indices: array([2, 2], [1, 1, -1, 4]), axis: 1 },
  { shape: [7], indices: array([1], [3]), axis: -1 },
].map((own) => {
  const at = own.axis < 0 ? own.axis + own.shape.length : own.axis;
  const x = random(1, own.shape);
  const updates = random(2, [...own.shape.slice(0, at), ...own.indices.shape, ...own.shape.slice(at + 1)]);
  return { ...own, at, x, updates };
});

describe.each([
  { name: 'scatterAdd', build: ops.scatterAdd, add: true },
  { name: 'scatterUpdate', build: ops.scatterUpdate, add: false },
])('$name', ({ build, add, name }) => {
  it('puts slices at indices, one after the other, and has its gradients', async () => {
    for (const { x, indices, updates, axis, at } of cases) {
      const options = { dtypes: [...i32], simulated: true };
      const [y] = await evaluate((t, i, u) => build(t, i, u, axis), [x, indices, updates], options);
      expect(y).toBeAllClose(scatter(x, indices, updates, at, add), { rtol: 1e-6, atol: 1e-6 });
      await checkGradient((t, i, u) => build(t, i, u, axis), [x, indices, updates], {
        ...options,
        reference: (t, i, u) => scatter(t, i, u, at, add),
      });
    }
  });

  it('runs on a device, with the same bits in every run', async () => {
    const [x, indices, updates] = [random(1, [5, 3]), randomIntegers(2, [40], 5), random(3, [40, 3])];
    const build3 = () => evaluate((t, i, u) => build(t, i, u), [x, indices, updates], { dtypes: [...i32] });
    const [[first], [again]] = [await build3(), await build3()];
    expect(first).toBeAllClose(scatter(x, indices, updates, 0, add), { rtol: 1e-6, atol: 1e-6 });
    expect(again).toEqual(first);
  });

  it('NaN and infinities come and go with their slices', async () => {
    const x = array([3], [nan, 1, inf]);
    const [y] = await evaluate((t, i, u) => build(t, i, u), [x, array([2], [1, 2]), array([2], [nan, 2])], {
      dtypes: [...i32],
      simulated: true,
    });
    expectSame(y, array([3], [nan, nan, add ? inf : 2]));
  });

  it('refuses shapes and types that do not fit', () => {
    const [x, indices] = [ops.input('x', [4, 3]), ops.input('i', [2], 'i32')];
    expect(() => build(x, indices, ops.input('u', [3, 2]))).toThrow(ShapeError);
    expect(() => build(x, indices, ops.input('u', [3, 2]))).toThrow(
      `${name}: updates [3, 2] at indices [2] along axis 0 of [4, 3] must be [2, 3]`,
    );
    expect(() => build(x, ops.input('f', [2]), ops.input('u', [2, 3]))).toThrow(ArgumentError);
    expect(() => build(x, indices, ops.input('u', [2, 3], 'i32'))).toThrow(
      'updates of i32 for a tensor of f32',
    );
  });
});

describe('takeAlongAxis', () => {
  it('takes an element for each index, and has its gradient', async () => {
    for (const { shape, axis, count } of [
      { shape: [3, 5], axis: -1, count: 4 },
      { shape: [4, 2, 8], axis: 0, count: 2 },
      { shape: [2, 7, 4], axis: 1, count: 9 },
    ]) {
      const x = random(1, shape);
      const at = axis < 0 ? axis + shape.length : axis;
      const own = randomIntegers(2, shape.with(at, count), shape[at] + 1);
      const options = { dtypes: ['f32' as const, 'i32' as const], simulated: true };
      const [y] = await evaluate((t, i) => ops.takeAlongAxis(t, i, axis), [x, own], options);
      expect(y).toBeAllClose(takeAlongAxis(x, own, at), exact);
      await checkGradient((t, i) => ops.takeAlongAxis(t, i, axis), [x, own], {
        ...options,
        reference: (t, i) => takeAlongAxis(t, i, at),
      });
    }
  });

  it('runs on a device, forward and backward, and has second derivatives', async () => {
    const [x, own] = [random(1, [3, 6]), randomIntegers(2, [3, 4], 6)];
    const [y, dx, ddx] = await evaluate(
      (t, i) => {
        const taken = ops.takeAlongAxis(t, i);
        const [first] = gradients(ops.reduceSum(ops.square(taken)), [t]);
        return [taken, first!, gradients(ops.reduceSum(ops.square(first!)), [t])[0]!];
      },
      [x, own],
      { dtypes: ['f32', 'i32'] },
    );
    expect(y).toBeAllClose(takeAlongAxis(x, own, 1), exact);
    // Σ yᵢ² has the gradient 2 n x where an element is taken n times, and Σ (2 n x)² has 8 n² x
    const times = map(
      x,
      (_, place) => own.data.filter((index, k) => Math.floor(k / 4) * 6 + index === place).length,
    );
    expect(dx).toBeAllClose(map(x, (value, i) => 2 * times.data[i] * value), { rtol: 1e-5, atol: 1e-6 }); // prettier-ignore
    expect(ddx).toBeAllClose(map(x, (value, i) => 8 * times.data[i] ** 2 * value), { rtol: 1e-5, atol: 1e-6 }); // prettier-ignore
  });

  it('refuses indices of other shapes', () => {
    expect(() => ops.takeAlongAxis(ops.input('x', [2, 3]), ops.input('i', [3, 3], 'i32'))).toThrow(
      'takeAlongAxis: the indices [3, 3] and the tensor [2, 3] may differ along axis 1 only',
    );
  });
});
