import { expect } from 'vitest';
import { coordsOf, map, type Array64 } from '../reference/array.ts';

/** What `toBeAllClose` compares: flat numbers, or an array with a shape. */
export type Comparable = ArrayLike<number> | Array64;

export interface Tolerance {
  /** Relative to the expected value. Default 1e-4. */
  rtol?: number;
  /** Absolute. Default 1e-5. */
  atol?: number;
}

declare module 'vitest' {
  interface Matchers<T = any> {
    /**
     * Every |actual − expected| ≤ atol + rtol · |expected|. Shapes must be equal where both sides have one,
     * lengths always. NaN is close to nothing; infinities only to themselves.
     */
    toBeAllClose(expected: Comparable, tolerance?: Tolerance): T;
  }
}

const hasShape = (value: Comparable): value is Array64 => 'shape' in value && 'data' in value;

/** Why `actual` is not all close to `expected`, with the first and the worst mismatch; null where it is. */
export function describeMismatch(
  actual: Comparable,
  expected: Comparable,
  { rtol = 1e-4, atol = 1e-5 }: Tolerance = {},
): string | null {
  const [left, right] = [actual, expected].map((side) => (hasShape(side) ? side.data : side));
  const shapes = [actual, expected].filter(hasShape).map(({ shape }) => shape);
  if (shapes.length === 2 && `${shapes[0]}` !== `${shapes[1]}`) {
    return `shapes differ: actual [${shapes[0].join(', ')}], expected [${shapes[1].join(', ')}]`;
  }
  if (left.length !== right.length) return `lengths differ: actual ${left.length}, expected ${right.length}`;

  const excess = (i: number) => {
    if (left[i] === right[i]) return 0;
    const ratio = Math.abs(left[i] - right[i]) / (atol + rtol * Math.abs(right[i]));
    return Number.isFinite(right[i]) && ratio <= Infinity ? ratio : Infinity; // NaN on either side: Infinity
  };
  const mismatches: number[] = [];
  let worst = 0;
  for (let i = 0; i < right.length; i++) {
    if (excess(i) <= 1) continue;
    if (mismatches.length === 0 || excess(i) > excess(worst)) worst = i;
    mismatches.push(i);
  }
  if (mismatches.length === 0) return null;

  const shape = shapes[0] ?? [right.length];
  const line = (i: number) =>
    `at [${coordsOf(shape, i).join(', ')}]: actual ${left[i]}, expected ${right[i]}, ` +
    `error ${Math.abs(left[i] - right[i]).toPrecision(3)} ` +
    `(allowed ${(atol + rtol * Math.abs(right[i])).toPrecision(3)})`;
  return [
    `${mismatches.length} of ${right.length} elements differ (rtol ${rtol}, atol ${atol})`,
    `  first ${line(mismatches[0])}`,
    `  worst ${line(worst)}`,
  ].join('\n');
}

expect.extend({
  toBeAllClose(actual: Comparable, expected: Comparable, tolerance: Tolerance = {}) {
    const mismatch = describeMismatch(actual, expected, tolerance);
    return {
      pass: mismatch === null,
      message: () => mismatch ?? 'the arrays are all close, and were expected not to be',
    };
  },
});

/**
 * The gradient of f at x by central differences, (f(x + εe) − f(x − εe)) / 2ε for each unit vector e, in float64.
 * Its error is about ε² f‴/6 + 1e-16 |f| / ε; the default 1e-5 balances the two for values around 1.
 */
export function finiteDifference(
  f: (x: Array64) => number,
  x: Array64,
  { epsilon = 1e-5 }: { epsilon?: number } = {},
): Array64 {
  const probe = { shape: x.shape, data: x.data.slice() };
  return map(x, (value, i) => {
    probe.data[i] = value + epsilon;
    const above = f(probe);
    probe.data[i] = value - epsilon;
    const below = f(probe);
    probe.data[i] = value;
    return (above - below) / (2 * epsilon);
  });
}
