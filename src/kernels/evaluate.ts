import { find, matching, templateEnd } from './tokens.ts';
import type { Token } from './tokens.ts';

/**
 * A value known when the kernel is specialised. `int` and `float` are WGSL's abstract (suffix-less) numbers;
 * bool is 0 or 1; an array has elements and the value NaN.
 */
export interface Constant {
  readonly type: string;
  readonly value: number;
  readonly elements?: readonly Constant[];
}

export type Lookup = (name: string) => Constant | undefined;

const RANGE: Record<string, readonly [number, number]> = {
  u32: [0, 2 ** 32 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  int: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  bool: [0, 1],
};

/** A number as a constant; undefined where the type cannot hold it, and the compiler is left to say so. */
export function constant(type: string, value: number): Constant | undefined {
  const whole = Math.trunc(value) + 0;
  const range = RANGE[type];
  if (range !== undefined) return whole >= range[0] && whole <= range[1] ? { type, value: whole } : undefined;
  const rounded = type === 'f32' ? Math.fround(value) : value;
  return Number.isFinite(rounded) ? { type, value: rounded } : undefined;
}

const DEFAULT_TYPE: Record<string, string> = { int: 'i32', float: 'f32' };

/** An abstract number made concrete: of the given type, else of WGSL's default (i32, f32). */
export function concrete(from: Constant | undefined, to?: string): Constant | undefined {
  if (from === undefined || from.type === to) return from;
  const type = to ?? DEFAULT_TYPE[from.type] ?? from.type;
  const abstract = from.type === 'int' ? type !== 'bool' : from.type === 'float' && !(type in RANGE);
  return type === from.type ? from : abstract ? constant(type, from.value) : undefined;
}

/** WGSL text of a whole number; undefined for anything else. */
export function integerText(from: Constant | undefined): string | undefined {
  if (from === undefined || !(from.type in RANGE) || from.type === 'bool') return undefined;
  const { type, value } = from;
  return value < 0 ? `${type}(${value})`.replace('int', '') : value + (type === 'int' ? '' : type[0]);
}

type Operator = readonly [precedence: number, apply: (a: number, b: number) => number];
const unknown = () => NaN; // bits of numbers: only the precedence matters
const COMPARISONS: Record<string, Operator> = {
  '||': [1, (a, b) => a | b],
  '&&': [2, (a, b) => a & b],
  '==': [6, (a, b) => +(a === b)],
  '!=': [6, (a, b) => +(a !== b)],
  '<': [7, (a, b) => +(a < b)],
  '>': [7, (a, b) => +(a > b)],
  '<=': [7, (a, b) => +(a <= b)],
  '>=': [7, (a, b) => +(a >= b)],
};
const OPERATORS: Record<string, Operator> = {
  ...COMPARISONS,
  '|': [3, unknown],
  '^': [4, unknown],
  '&': [5, unknown],
  '<<': [8, (a, b) => (b < 32 ? a * 2 ** b : NaN)],
  '>>': [8, (a, b) => (b < 32 ? Math.floor(a / 2 ** b) : NaN)],
  '+': [9, (a, b) => a + b],
  '-': [9, (a, b) => a - b],
  '*': [10, (a, b) => a * b],
  '/': [10, (a, b) => a / b],
  '%': [10, (a, b) => a % b],
};

/** Applies a binary operator; undefined where the result is not known, or is an error for the compiler to report. */
export function binary(
  operator: string,
  a: Constant | undefined,
  b: Constant | undefined,
): Constant | undefined {
  if ((operator === '&&' && a?.value === 0) || (operator === '||' && a?.value === 1)) return a;
  if (a === undefined || b === undefined || a.elements !== undefined || b.elements !== undefined)
    return undefined;
  const shift = operator === '<<' || operator === '>>';
  const left = shift ? a : (concrete(a, b.type) ?? a);
  const right = shift ? left : (concrete(b, a.type) ?? b);
  if (left.type !== right.type) return undefined;
  const result = OPERATORS[operator]?.[1](left.value, shift ? b.value : right.value) ?? NaN;
  return constant(operator in COMPARISONS ? 'bool' : left.type, result);
}

/**
 * The value of the expression in tokens[from, to), or undefined if it depends on anything `lookup` does not know.
 * Understands literals, names, arithmetic, shifts, comparisons, logic, parentheses, constant arrays, min, max,
 * select and conversions between scalars.
 */
export function evaluate(
  tokens: readonly Token[],
  from: number,
  to: number,
  lookup: Lookup,
): Constant | undefined {
  let at = from;
  const text = () => (at < to ? tokens[at].text : '');

  function expression(minimum: number): Constant | undefined {
    let left = unary();
    for (;;) {
      let operator = text();
      const next = tokens[at + 1];
      // The lexer leaves `>>` and `>=` apart.
      if (operator === '>' && next?.space === '' && /^[>=]$/.test(next.text)) operator += next.text;
      const precedence = OPERATORS[operator]?.[0] ?? 0;
      if (precedence < minimum) return left;
      at += operator[0] === '>' ? operator.length : 1;
      left = binary(operator, left, expression(precedence + 1));
    }
  }

  function unary(): Constant | undefined {
    const operator = text();
    if (operator !== '-' && operator !== '!') return postfix();
    at++;
    const operand = unary();
    if (operand === undefined || (operator === '!') !== (operand.type === 'bool')) return undefined;
    return operator === '!' ? constant('bool', 1 - operand.value) : constant(operand.type, -operand.value);
  }

  function postfix(): Constant | undefined {
    let value = primary();
    for (;;) {
      if (text() === '[') {
        const [index] = list();
        value = index && value?.elements?.[index.value];
      } else if (text() === '.') {
        at += 2;
        value = undefined;
      } else return value;
    }
  }

  /** The values in the brackets that open here. */
  function list(): (Constant | undefined)[] {
    const close = matching(tokens, at);
    const values: (Constant | undefined)[] = [];
    for (let start = at + 1; start < close;) {
      const comma = find(tokens, ',', start, close);
      values.push(evaluate(tokens, start, comma, lookup));
      start = comma + 1;
    }
    at = close + 1;
    return values;
  }

  function primary(): Constant | undefined {
    if (text() === '(') return list()[0];
    if (at >= to) return undefined;
    const token = tokens[at++];
    if (!token.word) return number(token.text);
    if (token.text === 'true' || token.text === 'false') return constant('bool', +(token.text === 'true'));
    const end = templateEnd(tokens, at);
    const element = end > 0 ? tokens[at + 1].text : undefined;
    if (end > 0) at = end + 1;
    return text() === '(' ? call(token.text, list(), element) : lookup(token.text);
  }

  const result = expression(1);
  return at === to ? result : undefined;
}

function number(text: string): Constant | undefined {
  const [, hexadecimal, decimal, suffix] =
    /^(?:(0[xX][\da-fA-F]+)|([\d.]+(?:[eE][-+]?\d+)?))([iuf]?)$/.exec(text) ?? [];
  if (suffix === undefined) return undefined;
  const type = { u: 'u32', i: 'i32', f: 'f32' }[suffix] ?? (/[.e]/i.test(decimal ?? '') ? 'float' : 'int');
  return constant(type, Number(hexadecimal ?? decimal));
}

function call(name: string, args: readonly (Constant | undefined)[], element?: string): Constant | undefined {
  if (args.includes(undefined)) return undefined;
  const [a, b, condition] = args as Constant[];
  switch (name) {
    case 'array':
      return { type: name, value: NaN, elements: args.map((value) => concrete(value, element)!) };
    case 'min':
    case 'max': {
      const less = binary('<', a, b);
      return less && ((less.value === 1) === (name === 'min') ? a : b);
    }
    case 'select':
      return condition?.value === 1 ? b : a;
    case 'u32':
    case 'i32':
    case 'f32':
      return constant(name, a?.value);
  }
  return undefined;
}
