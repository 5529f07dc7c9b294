import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { fill } from '../../src/ops/core/leaves.ts';
import * as ew from '../../src/ops/elementwise/elementwise.ts';
import { orthonormalize } from '../../src/ops/linalg/orthonormalize.ts';
import { cast } from '../../src/ops/movement/cast.ts';
import { concat } from '../../src/ops/movement/concat.ts';
import { gather, oneHot } from '../../src/ops/movement/gather.ts';
import { pad, reshape, reverse, slice, stopGradient, transpose } from '../../src/ops/movement/movement.ts';
import { normalizeWith } from '../../src/ops/normalization/moving.ts';
import { normalize } from '../../src/ops/normalization/normalize.ts';
import { dropout } from '../../src/ops/random/dropout.ts';
import { broadcastTo, reduceSum } from '../../src/ops/reduce/sum.ts';
import { softmax } from '../../src/ops/softmax/softmax.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array, map, random, zeros } from '../reference/array.ts';
import * as soft from '../reference/softmax.ts';
import { expectSame, inf, nan, put } from '../helpers/nonFinite.ts';

describe('normalization and movement', () => {
  it.each([nan, inf, -inf])('normalization makes a group with %d NaN, and no other', async (value) => {
    const x = put(random(1, [6, 4]), value, 9);
    const [y, dx] = await evaluate(
      (t) => {
        const { y: output } = normalize(t, { over: 'batch' });
        return [output, gradients(reduceSum(ew.square(output)), [t])[0]!];
      },
      [x],
    );
    for (const found of [y, dx]) {
      expect([...found.data].map(Number.isNaN)).toEqual([...x.data].map((_, i) => i % 4 === 1));
    }
  });

  it('dropout keeps NaN, dropped or not, in either direction', async () => {
    for (const shape of [[64], [63]]) {
      const x = map(zeros(shape), (_, i) => (i % 2 ? nan : inf));
      const [y, dx] = await evaluate(
        (t, d) => {
          const dropped = dropout(t, 0.5);
          return [dropped, gradients(reduceSum(ew.multiply(dropped, d)), [t])[0]!];
        },
        [x, x],
      );
      for (const { data } of [y, dx]) {
        expect(
          [...data].every((value, i) => (i % 2 ? Number.isNaN(value) : value === inf || value === 0)),
        ).toBe(true);
      }
    }
  });

  it('moving data about changes none of it', async () => {
    const x = array([2, 4], [nan, inf, -inf, -0, 1, nan, 3, inf]);
    const [joined, turned, back, part, padded, picked] = await evaluate(
      (t, i) => [
        concat([t, t], 0),
        transpose(t, [1, 0]),
        reverse(t, [1]),
        slice(t, [0, 1], [2, 2]),
        pad(t, [[1, 0], [0, 0]], { value: -Infinity }),
        gather(t, i),
      ],
      [x, array([2], [1, 0])],
      { dtypes: ['f32', 'i32'] },
    ); // prettier-ignore
    expectSame(joined, array([4, 4], [...x.data, ...x.data]));
    expectSame(turned, array([4, 2], [nan, 1, inf, nan, -inf, 3, -0, inf]));
    expectSame(back, array([2, 4], [-0, -inf, inf, nan, inf, 3, nan, 1]));
    expectSame(part, array([2, 2], [inf, -inf, nan, 3]));
    expectSame(padded, array([3, 4], [-inf, -inf, -inf, -inf, ...x.data]));
    expectSame(picked, array([2, 4], [...x.data.slice(4), ...x.data.slice(0, 4)]));
  });

  it('a mask of −Infinity, in memory and as a literal', async () => {
    const x = array([2, 3], [1, 2, 3, 4, 5, 6]);
    const mask = array([2, 3], [1, 0, 1, 0, 0, 0]);
    const [filled, shares, shifted, dx] = await evaluate(
      (t, m) => {
        const y = softmax(ew.where(m, t, -Infinity));
        return [
          fill([2, 2], -Infinity),
          y,
          ew.add(ew.where(m, t, fill([3], -Infinity)), fill([1], Infinity)),
          gradients(reduceSum(ew.square(slice(y, [0, 0], [1, 3]))), [t])[0]!,
        ];
      },
      [x, mask],
    );
    expectSame(filled, array([2, 2], [-inf, -inf, -inf, -inf]));
    const masked = map(x, (value, i) => (mask.data[i] ? value : -inf));
    expectSame(shares, soft.softmax(masked));
    expectSame(
      shifted,
      map(masked, (value) => value + inf),
    );
    expect([dx.data[1], ...dx.data.slice(3)]).toEqual([0, 0, 0, 0]);
  });

  it('x · 0 and scale by 0 are NaN where x is not finite, also where a compiler sees the 0', async () => {
    const x = array([4], [nan, inf, -inf, 2]);
    const found = await evaluate(
      (t) => [
        ew.multiply(t, 0),
        ew.scale(t, 0),
        ew.multiply(fill([4], 0), ew.shift(t, 1)),
        ew.relu(ew.scale(t, 0)),
      ],
      [x],
    );
    for (const y of found) expectSame(y, array([4], [nan, nan, nan, 0]));
  });

  it.each([nan, inf, -inf, 1e30])(
    'orthonormalize makes a column with %d and those after it NaN',
    async (value) => {
      for (const column of [0, 1, 2]) {
        const [q] = await evaluate((t) => orthonormalize(t), [put(random(1, [4, 3]), value, 3 + column)]);
        expect([...q.data].map(Number.isNaN)).toEqual([...q.data].map((_, i) => i % 3 >= column));
      }
    },
  );

  it('normalization whose variance overflows is β, as documented; in the moving form NaN and infinities stay in place', async () => {
    const x = array([2, 2], [1e30, 1, -1e30, 2]);
    const [ones, halves] = [array([2], [1, 1]), array([2], [0.5, 0.25])];
    const [y, withGiven] = await evaluate(
      (t, one, beta) => [
        normalize(t, { over: 'batch', gamma: one, beta }).y,
        normalizeWith(t, { mean: one, variance: one, gamma: one, beta }),
      ],
      [x, ones, halves],
    );
    expect([y.data[0], y.data[2]]).toEqual([0.5, 0.5]);
    expect([...withGiven.data].every(Number.isFinite)).toBe(true);
    const [placed] = await evaluate(
      (t, one, beta) => normalizeWith(t, { mean: one, variance: one, gamma: one, beta }),
      [array([2, 2], [nan, 1, inf, -inf]), ones, halves],
    );
    expectSame(
      map(placed, (value) => (Number.isFinite(value) ? 0 : value)),
      array([2, 2], [nan, 0, inf, -inf]),
    );
  });

  it.each([4, 3])(
    'a cast of %i values to an integer makes 0 of NaN and the nearest end of an infinity',
    async (size) => {
      const x = array(
        [2, size],
        Array.from({ length: 2 * size }, (_, i) => [nan, inf, -inf, -1.5, 3e9][i % 5]),
      );
      const [signed, unsigned, back, both] = await evaluate(
        (t) => [
          cast(t, 'i32'),
          cast(t, 'u32'),
          cast(cast(t, 'i32'), 'f32'),
          ew.relu(cast(cast(t, 'u32'), 'f32')),
        ],
        [x],
      );
      const [low, high] = [-(2 ** 31), 2 ** 31 - 1];
      const ends = (...values: number[]) => map(x, (_, i) => values[i % 5]);
      expect(signed.data).toEqual(ends(0, high, low, -1, high).data);
      expect(unsigned.data).toEqual(ends(0, 2 ** 32 - 1, 0, 0, 3e9).data);
      expect(back.data).toEqual(ends(0, 2 ** 31, low, -1, 2 ** 31).data);
      expect(both.data).toEqual(ends(0, 2 ** 32, 0, 0, Math.fround(3e9)).data);
    },
  );

  it('moving data elsewhere: an index outside gives 0 beside NaN, and a broadcast repeats it', async () => {
    const x = array([2, 2], [nan, inf, nan, -inf]);
    const [picked, hot, wide, flat] = await evaluate(
      (t, i) => [
        gather(t, i),
        oneHot(i, 2),
        broadcastTo(reshape(t, [2, 1, 2]), [2, 2, 2]),
        stopGradient(reshape(t, [4])),
      ],
      [x, array([3], [-1, 1, 2])],
      { dtypes: ['f32', 'i32'] },
    );
    expectSame(picked, array([3, 2], [0, 0, nan, -inf, 0, 0]));
    expectSame(hot, array([3, 2], [0, 0, 0, 1, 0, 0]));
    expectSame(wide, array([2, 2, 2], [nan, inf, nan, inf, nan, -inf, nan, -inf]));
    expectSame(flat, array([4], [...x.data]));
  });
});
