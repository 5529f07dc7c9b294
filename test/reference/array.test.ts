import { describe, expect, it } from 'vitest';
import { describeMismatch, finiteDifference } from '../helpers/close.ts';
import {
  array,
  at,
  coordsOf,
  fromFunction,
  indexOf,
  inner,
  random,
  randomIntegers,
  sizeOf,
  stridesOf,
} from './array.ts';
import { broadcastShape, broadcastTo, sumTo } from './broadcast.ts';

describe('array', () => {
  it('is row-major', () => {
    expect(sizeOf([])).toBe(1);
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
    const a = fromFunction([2, 3, 4], (i, j, k) => 100 * i + 10 * j + k);
    expect(at(a, 1, 2, 3)).toBe(123);
    for (let i = 0; i < 24; i++) expect(indexOf(a.shape, coordsOf(a.shape, i))).toBe(i);
  });

  it('draws the same float32 values for the same seed', () => {
    const a = random(7, [10_000], -2, 3);
    expect(a).toEqual(random(7, [10_000], -2, 3));
    expect(a).not.toEqual(random(8, [10_000], -2, 3));
    expect(a.data.every((value) => value === Math.fround(value) && value >= -2 && value <= 3)).toBe(true);
    expect(inner(a, array([10_000], new Float64Array(10_000).fill(1e-4)))).toBeCloseTo(0.5, 1);
    expect(new Set(randomIntegers(1, [1000], 5).data)).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('refuses values that do not fill the shape', () => {
    expect(() => array([2, 2], [1, 2, 3])).toThrow('shape [2,2] holds 4 elements, but 3 values were given');
  });
});

describe('broadcasting', () => {
  it('aligns at the last dimension', () => {
    expect(broadcastShape([4, 1, 3], [5, 1])).toEqual([4, 5, 3]);
    expect(broadcastShape([], [2, 3])).toEqual([2, 3]);
    expect(broadcastShape([0, 3], [1, 3])).toEqual([0, 3]);
    expect(() => broadcastShape([2, 3], [4, 3])).toThrow('do not broadcast');
    expect(broadcastTo(array([2, 1], [1, 2]), [2, 3]).data).toEqual(Float64Array.of(1, 1, 1, 2, 2, 2));
    expect(() => broadcastTo(array([2], [1, 2]), [1])).toThrow('does not broadcast');
  });

  it('has the sum as its adjoint', () => {
    for (const shape of [[], [3], [2, 1], [1, 3], [4, 1, 1], [4, 2, 3]]) {
      const a = random(1, shape);
      const b = random(2, [4, 2, 3]);
      expect(inner(broadcastTo(a, b.shape), b)).toBeCloseTo(inner(a, sumTo(b, shape)), 12);
    }
  });
});

describe('toBeAllClose', () => {
  const expected = array([2, 3], [1, 2, 3, 4, 5, 6]);

  it('accepts what is within tolerance, whatever holds it', () => {
    expect(expected).toBeAllClose(expected);
    expect(Float32Array.of(1, 2, 3, 4, 5, 6)).toBeAllClose(expected);
    expect([1.00001, 2, 3, 4, 5, 6]).toBeAllClose(expected);
    expect([1.01, 2, 3, 4, 5, 6]).not.toBeAllClose(expected);
    expect([1.01, 2, 3, 4, 5, 6]).toBeAllClose(expected, { rtol: 0.02 });
    expect([0.5]).toBeAllClose([0], { rtol: 0, atol: 0.5 });
    expect([Infinity]).toBeAllClose([Infinity]);
  });

  it('names the first and the worst mismatch', () => {
    expect(() => expect([1, 2, 3.5, 4, 15, 6]).toBeAllClose(expected)).toThrow(
      [
        '2 of 6 elements differ (rtol 0.0001, atol 0.00001)',
        '  first at [0, 2]: actual 3.5, expected 3, error 0.500 (allowed 0.000310)',
        '  worst at [1, 1]: actual 15, expected 5, error 10.0 (allowed 0.000510)',
      ].join('\n'),
    );
  });

  it('rejects NaN, stray infinities, other shapes and lengths', () => {
    expect(describeMismatch([1, NaN], [1, 2])).toContain('first at [1]: actual NaN, expected 2');
    expect(describeMismatch([NaN], [NaN])).toContain('1 of 1');
    expect(describeMismatch([1e30], [Infinity])).toContain('1 of 1');
    expect(describeMismatch([Infinity], [1])).toContain('1 of 1');
    expect(describeMismatch([-Infinity], [Infinity])).toContain('1 of 1');
    expect(describeMismatch([1], [1, 2])).toBe('lengths differ: actual 1, expected 2');
    expect(describeMismatch(array([3, 2], expected.data), expected)).toBe(
      'shapes differ: actual [3, 2], expected [2, 3]',
    );
    expect(() => expect(expected).not.toBeAllClose(expected)).toThrow('expected not to be');
  });
});

describe('finiteDifference', () => {
  it('finds the gradient of Σ sin x', () => {
    const x = random(3, [2, 3]);
    const gradient = finiteDifference(({ data }) => data.reduce((sum, value) => sum + Math.sin(value), 0), x);
    expect(gradient).toBeAllClose({ shape: x.shape, data: x.data.map(Math.cos) }, { rtol: 1e-9, atol: 1e-9 });
  });
});
