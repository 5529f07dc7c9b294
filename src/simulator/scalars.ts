import { fold, isLiteral } from './arithmetic.ts';
import { BOOL, F16, F32, FLOAT, I32, INT, U32 } from './types.ts';
import type { Scalar, ScalarName } from './types.ts';

/** Operators on scalars, and conversions between them, as JavaScript text. */

const COMPARISONS: Readonly<Record<string, string>> = {
  '==': '===',
  '!=': '!==',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
};

export const isComparison = (operator: string): boolean => operator in COMPARISONS;

const WORD: Readonly<Record<string, string>> = { i32: '|', u32: '>>>' };

/** `a operator b` for two scalars of one type; for shifts b is a u32. Undefined where WGSL has no such operator. */
export function binaryText(operator: string, type: ScalarName, a: string, b: string): string | undefined {
  if (isComparison(operator)) {
    return type === 'bool' && !/^[!=]/.test(operator) ? undefined : `(${a} ${COMPARISONS[operator]} ${b})`;
  }
  switch (type) {
    case 'bool':
      return /^(&|\|)+$/.test(operator) ? `(${a} ${operator[0].repeat(2)} ${b})` : undefined;
    case 'f32':
      return /^[-+*/%]$/.test(operator) ? `fround(${a} ${operator} ${b})` : undefined;
    case 'f16':
      return /^[-+*/%]$/.test(operator) ? `half(${a} ${operator} ${b})` : undefined;
    case 'float':
      return /^[-+*/%]$/.test(operator) ? `(${a} ${operator} ${b})` : undefined;
    case 'int':
      if (operator === '/') return `trunc(${a} / ${b})`;
      if (operator === '<<') return `(${a} * 2 ** ${b})`;
      if (/^([&|^]|>>)$/.test(operator)) return `Number(BigInt(${a}) ${operator} BigInt(${b}))`; // of 64 bits
      return /^[-+*%]$/.test(operator) ? `(${a} ${operator} ${b})` : undefined;
  }
  const end = `${WORD[type]} 0`;
  switch (operator) {
    case '+':
    case '-':
    case '&':
    case '|':
    case '^':
    case '<<':
      return type === 'i32' && !/[-+]/.test(operator)
        ? `(${a} ${operator} ${b})`
        : `((${a} ${operator} ${b}) ${end})`;
    case '>>':
      return type === 'i32' ? `(${a} >> ${b})` : `(${a} >>> ${b})`;
    case '*':
      return type === 'i32' ? `imul(${a}, ${b})` : `(imul(${a}, ${b}) ${end})`;
    case '/':
    case '%':
      if (isLiteral(b) && Number(b) !== 0) return `((${a} ${operator} ${b}) ${end})`;
      return `${type[0]}_${operator === '/' ? 'divide' : 'remainder'}(${a}, ${b})`;
  }
  return undefined;
}

export function unaryText(operator: string, type: ScalarName, a: string): string | undefined {
  if (operator === '!') return type === 'bool' ? `(!${a})` : undefined;
  if (operator === '~')
    return { u32: `(~${a} >>> 0)`, i32: `(~${a})`, int: `(-1 - ${parenthesised(a)})` }[type as string];
  if (operator !== '-' || type === 'bool' || type === 'u32') return undefined;
  return type === 'i32' ? `(-${parenthesised(a)} | 0)` : `(-${parenthesised(a)})`;
}

const parenthesised = (text: string) => (text.startsWith('-') ? `(${text})` : text);

/** The number as another type: WGSL's conversion constructors, and what becomes of literals. */
export function convertText(from: ScalarName, to: ScalarName, a: string): string {
  if (from === to) return a;
  if (to === 'bool') return `(${a} !== 0)`;
  if (from === 'bool') return `(${a} ? 1 : 0)`;
  switch (to) {
    case 'f32':
      return from === 'f16' ? a : `fround(${a})`;
    case 'f16':
      return `half(${a})`;
    case 'i32':
      return from === 'u32' ? `(${a} | 0)` : from === 'int' ? a : `to_i32(${a})`;
    case 'u32':
      return from === 'i32' ? `(${a} >>> 0)` : from === 'int' ? a : `to_u32(${a})`;
  }
  return a;
}

/** The same bits as another type, of 32 bits. */
export function bitcastText(from: ScalarName, to: ScalarName, a: string): string {
  if (from === to) return a;
  if (to === 'f32') return `bits_float(${a})`;
  if (from === 'f32') return to === 'u32' ? `float_bits(${a})` : `(float_bits(${a}) | 0)`;
  return to === 'i32' ? `(${a} | 0)` : `(${a} >>> 0)`;
}

/** Type and JavaScript text of a literal: 1, 0x1p3f, 2u, 1.5h, true. */
export function literal(text: string): { type: Scalar; text: string } {
  if (text === 'true' || text === 'false') return { type: BOOL, text };
  const hexadecimal = /^0[xX]/.test(text);
  const suffix = (hexadecimal && !/[pP]/.test(text) ? /[iu]$/ : /[iufh]$/).exec(text)?.[0] ?? '';
  const digits = text.slice(0, text.length - suffix.length);
  const isFloat = /[fh]/.test(suffix) || (suffix === '' && (hexadecimal ? /[.pP]/ : /[.eE]/).test(digits));
  const value = hexadecimal ? hexadecimalValue(digits) : Number(digits);
  const type = isFloat ? (FLOATS[suffix] ?? FLOAT) : suffix === 'u' ? U32 : suffix === 'i' ? I32 : INT;
  return { type, text: isFloat ? fold(convertText(FLOAT.name, type.name, String(value))) : String(value) };
}

const FLOATS: Readonly<Record<string, Scalar>> = { f: F32, h: F16 };

function hexadecimalValue(text: string): number {
  const [, whole, fraction = '', exponent = '0'] =
    /^0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([-+]?\d+))?$/.exec(text)!;
  return Number(`0x${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length);
}

/** Whether a constant of an abstract type has a value of the concrete one. */
export function fits(text: string, to: ScalarName): boolean {
  const value = Number(fold(text));
  if (to === 'u32') return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
  if (to === 'i32') return Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;
  return !to.startsWith('f') || Number.isFinite(Number(fold(convertText('float', to, text))));
}
