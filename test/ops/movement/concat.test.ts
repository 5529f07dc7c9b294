import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import { relu } from '../../../src/ops/elementwise/elementwise.ts';
import { cast } from '../../../src/ops/movement/cast.ts';
import { concat } from '../../../src/ops/movement/concat.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { map, random, randomIntegers } from '../../reference/array.ts';
import * as reference from '../../reference/movement.ts';

const exact = { rtol: 0, atol: 0 };

const cases: { extents: number[]; rest: number[]; axis: number }[] = [
  { extents: [2, 3], rest: [], axis: 0 },
  { extents: [1, 1, 1], rest: [5], axis: 1 },
  { extents: [3, 5], rest: [2, 4], axis: 0 },
  { extents: [4, 8], rest: [2, 3], axis: 2 },
  { extents: [1, 2, 3, 4], rest: [3, 2, 2], axis: 1 },
  { extents: [1, 2, 3, 1, 2], rest: [2, 3], axis: -1 },
  { extents: [4, 4, 8, 4, 12, 4], rest: [3], axis: 1 },
  { extents: [1, 2, 3, 4, 5, 6, 7], rest: [2, 2], axis: 1 },
  { extents: [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 8], rest: [3], axis: -1 },
  { extents: [2, 1], rest: [2, 1, 2, 3, 2], axis: 3 },
];

describe('concat', () => {
  for (const { extents, rest, axis } of cases) {
    it(`${extents.length} tensors of [${extents}] along axis ${axis} of [${rest}]`, async () => {
      const at = axis < 0 ? rest.length : axis;
      const arrays = extents.map((extent, i) => random(i, rest.toSpliced(at, 0, extent)));
      for (const software of [true, false]) {
        const [y] = await evaluate((...tensors) => concat(tensors, axis), arrays, { software });
        expect(y).toBeAllClose(reference.concat(arrays, axis), exact);
      }
    });
  }

  it('has a gradient: each input gets its stretch', async () => {
    const arrays = [random(1, [2, 3, 2]), random(2, [2, 1, 2]), random(3, [2, 4, 2])];
    await checkGradient((...tensors) => concat(tensors, 1), arrays, {
      reference: (...xs) => reference.concat(xs, 1),
    });
  });

  it('joins integers, and returns a single tensor as it is', async () => {
    const arrays = [randomIntegers(1, [3, 4], 100), randomIntegers(2, [3, 1], 100)];
    const [y] = await evaluate((a, b) => concat([a, b]), arrays, { dtypes: ['i32', 'i32'] });
    expect(y).toBeAllClose(reference.concat(arrays, 1), exact);
    const x = input('x', [2]);
    expect(concat([x], 0)).toBe(x);
  });

  it('refuses shapes and types that do not fit', () => {
    const x = input('x', [2, 3]);
    expect(() => concat([x, input('y', [3, 4])], 1)).toThrow(ShapeError);
    expect(() => concat([x, input('y', [2])], 0)).toThrow(ShapeError);
    expect(() => concat([x, input('y', [2, 3], 'i32')], 0)).toThrow(ArgumentError);
    expect(() => concat([x], 2)).toThrow(ShapeError);
    expect(() => concat([])).toThrow(ArgumentError);
  });
});

describe('cast', () => {
  it('cuts fractions off and saturates', async () => {
    const x = { shape: [6], data: Float64Array.of(-1.5, 1.999, 0, 7, -3, 2 ** 31) };
    const [y] = await evaluate((t) => cast(t, 'i32'), [x]);
    expect(y.data.slice(0, 5)).toEqual(Float64Array.of(-1, 1, 0, 7, -3));
    expect(y.data[5]).toBeGreaterThan(2 ** 31 - 200);
  });

  it('turns integers into floats, and what follows is fused into it', async () => {
    const x = map(randomIntegers(1, [5, 8], 200), (v) => v - 100);
    for (const software of [true, false]) {
      const [y] = await evaluate((t) => relu(cast(t, 'f32')), [x], { dtypes: ['i32'], software });
      expect(y).toBeAllClose(map(x, (v) => Math.max(v, 0)), exact); // prettier-ignore
    }
  });

  it('returns x where the type is right, and refuses bytes', () => {
    const x = input('x', [2]);
    expect(cast(x, 'f32')).toBe(x);
    expect(() => cast(input('b', [2], 'u8'), 'f32')).toThrow(ArgumentError);
  });
});
