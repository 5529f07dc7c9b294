import { expect } from 'vitest';
import { map } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import './close.ts';

/** Close, and NaN exactly where NaN is expected. */
export function expectSame(found: Array64, expected: Array64, what = ''): void {
  expect(found.shape, `${what}`).toEqual(expected.shape);
  const nan = ({ data }: Array64) => [...data.keys()].filter((i) => Number.isNaN(data[i]));
  expect(nan(found), `where ${what} is NaN`).toEqual(nan(expected));
  const shown = (x: Array64) => map(x, (value) => (Number.isNaN(value) ? 0 : value));
  expect(shown(found), `${what}`).toBeAllClose(shown(expected), { rtol: 1e-4, atol: 1e-5 });
}

/** `x` with the value at each of the positions. */
export const put = (x: Array64, value: number, ...positions: number[]) =>
  map(x, (own, i) => (positions.includes(i) ? value : own));

export const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
