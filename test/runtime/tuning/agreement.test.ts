import { describe, expect, it } from 'vitest';
import { agreeing, difference, isTelling } from '../../../src/runtime/tuning/agreement.ts';

const f32 = (...values: number[]) => [Float32Array.of(...values)];

describe('difference', () => {
  it('is a part of the largest value', () => {
    expect(difference(f32(1, -4, 2), f32(1, -4, 2))).toBe(0);
    expect(difference(f32(1, -4, 2), f32(1.5, -4, 2))).toBeCloseTo(0.125, 6);
    expect(difference(f32(0, 0), f32(0, 1e-30))).toBeGreaterThan(1);
  });

  it('is infinite where only one is NaN, or infinite', () => {
    expect(difference(f32(1, NaN), f32(1, NaN))).toBe(0);
    expect(difference(f32(1, Infinity), f32(1, Infinity))).toBe(0);
    expect(difference(f32(1, NaN), f32(1, 2))).toBe(Infinity);
    expect(difference(f32(1, 2), f32(1, NaN))).toBe(Infinity);
    expect(difference(f32(1, Infinity), f32(1, -Infinity))).toBe(Infinity);
    expect(difference(f32(1), f32(1, 2))).toBe(Infinity);
  });

  it('is the greatest of all outputs', () => {
    const a = [Float32Array.of(1), Float32Array.of(10)];
    expect(difference(a, [Float32Array.of(1), Float32Array.of(10)])).toBe(0);
    expect(difference(a, [Float32Array.of(1), Float32Array.of(9)])).toBeCloseTo(0.1, 6);
  });

  it('of whole numbers is how many of them differ, however much', () => {
    const a = [Float32Array.of(1), Uint32Array.of(0, 1, 2, 3)];
    expect(difference(a, [Float32Array.of(1), Uint32Array.of(0, 1, 2, 3)])).toBe(0);
    expect(difference(a, [Float32Array.of(1), Uint32Array.of(0, 1, 2, 3 << 24)])).toBe(0.25);
    expect(difference(a, [Float32Array.of(1), Uint32Array.of(3, 2, 1, 0)])).toBe(1);
  });
});

describe('agreeing', () => {
  const opinions: Record<string, number[]> = { a: [1, 2], b: [1, 2.00001], c: [1, 3], d: [1, 3] };
  const of = (...names: string[]) => [...agreeing(names, (name) => f32(...opinions[name]))];

  it('is all where sums differ by their rounding', () => {
    expect(of('a', 'b')).toEqual(['a', 'b']);
  });

  it('is all where a tie of many went to another winner', () => {
    const winners = (at: number) => [new Float32Array(2), new Uint32Array(20_000).fill(1).fill(3 << 24, at)];
    expect([...agreeing([20_000, 19_999, 10_000], winners)]).toEqual([20_000, 19_999]);
  });

  it('leaves out the one that contradicts', () => {
    expect(of('a', 'c', 'b')).toEqual(['a', 'b']);
    expect(of('c', 'a', 'b')).toEqual(['a', 'b']);
  });

  it('believes the first where there are as many of both opinions', () => {
    expect(of('a', 'c')).toEqual(['a']);
    expect(of('c', 'a', 'b', 'd')).toEqual(['c', 'd']);
  });
});

describe('isTelling', () => {
  it('wants finite numbers that are not all the same', () => {
    expect(isTelling(f32(1, 2))).toBe(true);
    expect(isTelling(f32(7))).toBe(true);
    expect(isTelling(f32(0, 0, 0))).toBe(false);
    expect(isTelling(f32(1, NaN))).toBe(false);
    expect(isTelling([...f32(0, 0), ...f32(1, 2)])).toBe(true);
    expect(isTelling([...f32(1, 2), ...f32(Infinity, 2)])).toBe(false);
  });
});
