import { ArgumentError } from '../../errors.ts';
import { nearestName } from '../../nearestName.ts';

/** @throws ArgumentError unless the value is one of the choices */
export function choice<T extends string | undefined>(flag: string, value: T, choices: readonly string[]): T {
  if (value === undefined || choices.includes(value)) return value;
  throw new ArgumentError(
    `--${flag} ${value}: there is no such ${flag}${didYouMean(value, choices)} Choose one of ${choices.join(', ')}.`,
  );
}

/** For messages, after what is wrong: `; did you mean keras?`, or a full stop where nothing is near. */
export function didYouMean(given: string, known: readonly string[], prefix = ''): string {
  const nearest = nearestName(given, known);
  return nearest === undefined ? '.' : `; did you mean ${prefix}${nearest}?`;
}

/** A number of steps, or of seconds. */
export interface Interval {
  readonly count: number;
  readonly unit: 'steps' | 'seconds';
}

/** @throws ArgumentError unless the text is a whole number of steps, `500`, or of seconds, `30s` */
export function parseInterval(flag: string, text: string): Interval {
  const [, digits, unit] = /^(\d+)(s?)$/.exec(text) ?? [];
  const count = Number(digits);
  if (Number.isSafeInteger(count) && count > 0) return { count, unit: unit ? 'seconds' : 'steps' };
  throw new ArgumentError(
    `--${flag} ${text}: pass a whole number of steps, such as 500, or of seconds, such as 30s; at least 1.`,
  );
}

export const formatInterval = ({ count, unit }: Interval): string =>
  `${count}${unit === 'seconds' ? 's' : ''}`;

export interface NumberRange {
  readonly whole?: boolean;
  /** Default −1: everything from 0 on. */
  readonly above?: number;
}

/** @throws ArgumentError unless the text is a number in the range */
export function parseNumber(flag: string, value: string, { whole = false, above = -1 }: NumberRange): number {
  const parsed = Number(value);
  const plain = whole ? /^\d+$/ : /^\d*\.?\d+(e[+-]?\d+)?$/i;
  if (plain.test(value) && parsed > above && (whole ? Number.isSafeInteger(parsed) : Number.isFinite(parsed)))
    return parsed;
  const kind = whole ? 'a whole number' : 'a number';
  throw new ArgumentError(
    `--${flag} ${value}: pass ${kind} of ${above < 0 ? 'at least 0' : whole ? 'at least 1' : 'more than 0'}.`,
  );
}
