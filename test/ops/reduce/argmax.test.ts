import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../../src/errors.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import { argmax, argmin } from '../../../src/ops/reduce/argmax.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { full, map, random, randomIntegers } from '../../reference/array.ts';
import * as reference from '../../reference/reduce.ts';

const exact = { rtol: 0, atol: 0 };
const cases: [number[], number][] = [
  [[1], 0],
  [[10], 0],
  [[128, 10], -1],
  [[3, 1], 1],
  [[5, 6, 7], 1],
  [[64, 3], 0],
  [[2, 65], 1],
  [[3, 1000], 1],
  [[300, 5], 0],
  [[2, 257, 3], 1],
];

describe('argmax and argmin', () => {
  for (const [shape, axis] of cases) {
    const variants = shape.at(axis)! >= 64 ? ['lanes', 'tree'] : ['lanes'];
    for (const variant of variants) {
      it(`[${shape}] along ${axis}, variant ${variant}`, async () => {
        // few distinct values: many ties, of which the first must win
        for (const x of [random(1, shape), randomIntegers(2, shape, 3)]) {
          const found = await evaluate(
            (t) => [argmax(t, axis), argmin(t, axis), argmax(t, axis, { keepDims: true })],
            [x],
            {
              software: variant === 'lanes',
              variants: { argmax: variant, argmin: variant },
            },
          );
          expect(found[0]).toBeAllClose(reference.argmax(x, axis), exact);
          expect(found[1]).toBeAllClose(reference.argmax(map(x, (v) => -v), axis), exact); // prettier-ignore
          expect(found[2]).toBeAllClose(reference.argmax(x, axis, true), exact);
        }
      });
    }
  }

  it('takes integers, and gives 0 where all are equal', async () => {
    const x = map(randomIntegers(3, [7, 100], 50), (v) => v - 25);
    for (const software of [true, false]) {
      const [y, z] = await evaluate((t, u) => [argmax(t), argmax(u)], [x, full([2, 300], -3e38)], {
        software,
        dtypes: ['i32', 'f32'],
      });
      expect(y).toBeAllClose(reference.argmax(x), exact);
      expect([...z.data]).toEqual([0, 0]);
    }
  });

  it('refuses axes that do not exist', () => {
    expect(() => argmax(input('x', [2]), 1)).toThrow(ShapeError);
  });
});
