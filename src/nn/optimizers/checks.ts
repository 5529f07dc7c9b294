import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';

/** Throws an ArgumentError unless `low` ≤ value < `high`. */
export function check(name: string, option: string, value: number, low: number, high = Infinity): void {
  if (typeof value === 'number' && value >= low && value < high && Number.isFinite(Math.fround(value)))
    return;
  const range =
    high === Infinity ? `a finite number of at least ${low}` : `at least ${low} and below ${high}`;
  throw new ArgumentError(`${name}: ${option} is ${describe(value)}; it must be ${range}`);
}

/** Throws an ArgumentError unless it is a whole number from `low` to 2^24. */
export function checkCount(name: string, option: string, value: unknown, low: number): void {
  if (Number.isInteger(value) && (value as number) >= low && (value as number) <= 2 ** 24) return;
  throw new ArgumentError(
    `${name}: ${option} is ${describe(value)}; it must be a whole number from ${low} to ${2 ** 24}`,
  );
}

/** Throws an ArgumentError unless it is a finite number in f32. */
export function checkNumber(name: string, option: string, value: number): void {
  if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return;
  throw new ArgumentError(`${name}: ${option} is ${describe(value)}; it must be a finite number`);
}

/** ε must be a normal f32 above 0: it keeps 0/0 away where a gradient is exactly 0. */
export function checkEpsilon(name: string, epsilon: number): void {
  check(name, 'epsilon', epsilon, 2 ** -126);
}

/** ln β; for β = 0, whose powers are 0, a number that exp takes to 0. */
export function logarithm(beta: number): number {
  return beta === 0 ? -1e3 : Math.log(beta);
}
