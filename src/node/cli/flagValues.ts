import { ArgumentError } from '../../errors.ts';

/** @throws ArgumentError unless the value is one of the choices */
export function choice<T extends string | undefined>(flag: string, value: T, choices: readonly string[]): T {
  if (value === undefined || choices.includes(value)) return value;
  throw new ArgumentError(
    `--${flag} ${value}: there is no such ${flag}; choose one of ${choices.join(', ')}.`,
  );
}

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
