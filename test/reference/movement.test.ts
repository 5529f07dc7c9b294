import { describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import { array, fromFunction, inner, random, randomIntegers } from './array.ts';
import {
  concat,
  flip,
  gather,
  inversePermutation,
  oneHot,
  pad,
  reshape,
  scatterAdd,
  slice,
  transpose,
} from './movement.ts';
import { matmul } from './matmul.ts';

const numbered = fromFunction([2, 3, 4], (i, j, k) => 100 * i + 10 * j + k);

describe('movement', () => {
  it('reshape works out one extent', () => {
    expect(reshape(numbered, [4, -1])).toEqual(array([4, 6], numbered.data));
    expect(() => reshape(numbered, [5, -1])).toThrow('reshape of [2,3,4] to [5,-1]');
    expect(() => reshape(numbered, [5, 5])).toThrow('holds 25');
  });

  it('transpose reorders dimensions, and its inverse puts them back', () => {
    expect(transpose(numbered, [2, 0, 1])).toEqual(
      fromFunction([4, 2, 3], (k, i, j) => 100 * i + 10 * j + k),
    );
    expect(transpose(array([2, 3], [1, 2, 3, 4, 5, 6]))).toEqual(array([3, 2], [1, 4, 2, 5, 3, 6]));
    const permutation = [2, 0, 1];
    expect(transpose(transpose(numbered, permutation), inversePermutation(permutation))).toEqual(numbered);
  });

  it('slices undo concat', () => {
    for (const axis of [0, 1, 2, -1]) {
      const parts = [1, 3, 2].map((extent, i) => random(i, [2, 3, 4].with(axis, extent)));
      const joined = concat(parts, axis);
      let begin = 0;
      for (const part of parts) {
        expect(slice(joined, [0, 0, 0].with(axis, begin), part.shape)).toEqual(part);
        begin += part.shape.at(axis)!;
      }
    }
    expect(concat([array([1, 2], [1, 2]), array([2, 2], [3, 4, 5, 6])], 0)).toEqual(
      array([3, 2], [1, 2, 3, 4, 5, 6]),
    );
    expect(() => slice(numbered, [0, 0, 3], [1, 1, 2])).toThrow('leaves [2,3,4]');
  });

  it('pad surrounds, and slice is its adjoint', () => {
    const paddings = [
      [1, 0],
      [0, 2],
    ] as const;
    const x = array([1, 2], [1, 2]);
    expect(pad(x, paddings, 9)).toEqual(array([2, 4], [9, 9, 9, 9, 1, 2, 9, 9]));
    const dy = random(1, [2, 4]);
    expect(inner(pad(x, paddings), dy)).toBeCloseTo(inner(x, slice(dy, [1, 0], [1, 2])), 12);
  });

  it('gather takes rows; scatterAdd is its adjoint; one-hot times the table is the same', () => {
    const table = random(2, [5, 3]);
    const indices = randomIntegers(3, [2, 4], 5);
    const rows = gather(table, indices);
    expect(rows.shape).toEqual([2, 4, 3]);
    expect(rows).toBeAllClose(reshape(matmul(reshape(oneHot(indices, 5), [8, 5]), table), [2, 4, 3]), {
      rtol: 0,
      atol: 0,
    });
    const dy = random(4, rows.shape);
    expect(inner(rows, dy)).toBeCloseTo(inner(table, scatterAdd(table.shape, indices, dy)), 12);
    expect(() => gather(table, array([1], [5]))).toThrow('index 5');
  });

  it('one-hot ignores what is out of range', () => {
    expect(oneHot(array([3], [1, -1, 3]), 3)).toEqual(array([3, 3], [0, 1, 0, 0, 0, 0, 0, 0, 0]));
  });

  it('flip reverses axes', () => {
    expect(flip(array([2, 2], [1, 2, 3, 4]), [1])).toEqual(array([2, 2], [2, 1, 4, 3]));
    expect(flip(flip(numbered, [0, 2]), [0, 2])).toEqual(numbered);
  });
});
