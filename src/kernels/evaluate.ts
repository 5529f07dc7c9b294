import { matching, templateEnd } from './tokens.ts';
import type { Token } from './tokens.ts';

/** A value known when the kernel is specialised. `int` and `float` are WGSL's abstract (suffix-less) numbers. */
export interface Constant {
  readonly type: string;
  readonly value: number | boolean | readonly Constant[];
}

export type Lookup = (name: string) => Constant | undefined;

const RANGE: Record<string, readonly [number, number]> = {
  u32: [0, 0xffffffff],
  i32: [-0x80000000, 0x7fffffff],
  int: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/** A number as a constant of a type, or undefined where the type cannot hold it (WGSL would not fold it either). */
export function constant(type: string, value: number): Constant | undefined {
  const range = RANGE[type];
  if (range !== undefined) {
    const whole = Math.trunc(value) + 0;
    return whole >= range[0] && whole <= range[1] ? { type, value: whole } : undefined;
  }
  const rounded = type === 'f32' ? Math.fround(value) : value;
  return Number.isFinite(rounded) ? { type, value: rounded } : undefined;
}

/** Conversion of an abstract number to a declared type, or to its default (int → i32, float → f32). */
export function concrete(value: Constant | undefined, type?: string): Constant | undefined {
  const target = type ?? (value?.type === 'int' ? 'i32' : value?.type === 'float' ? 'f32' : value?.type);
  if (value === undefined || target === undefined || value.type === target) return value;
  const abstract = value.type === 'int' || (value.type === 'float' && target === 'f32');
  return abstract && typeof value.value === 'number' ? constant(target, value.value) : undefined;
}

/** WGSL text of a scalar. */
export function literal({ type, value }: Constant): string {
  if (type === 'u32') return `${value}u`;
  if (type === 'i32') return (value as number) < 0 ? `i32(${value})` : `${value}i`;
  return String(value);
}

const PRECEDENCE: Record<string, number> = {
  '||': 1, '&&': 2, '|': 3, '^': 4, '&': 5, '==': 6, '!=': 6, '<': 7, '>': 7, '<=': 7, '>=': 7,
  '<<': 8, '>>': 8, '+': 9, '-': 9, '*': 10, '/': 10, '%': 10,
}; // prettier-ignore

/** Applies a WGSL binary operator; undefined where the result is unknown, out of range or a type error. */
export function binary(operator: string, a: Constant | undefined, b: Constant | undefined): Constant | undefined {
  if (operator === '&&' && a?.value === false) return a;
  if (operator === '||' && a?.value === true) return a;
  if (a === undefined || b === undefined) return undefined;
  if (typeof a.value === 'boolean' || typeof b.value === 'boolean') {
    if (a.type !== b.type) return undefined;
    const results: Record<string, boolean> = {
      '&&': a.value === true && b.value === true, '&': a.value === true && b.value === true,
      '||': a.value === true || b.value === true, '|': a.value === true || b.value === true,
      '==': a.value === b.value, '!=': a.value !== b.value,
    }; // prettier-ignore
    return operator in results ? { type: 'bool', value: results[operator] } : undefined;
  }
  const shift = operator === '<<' || operator === '>>';
  const left = shift ? a : (concrete(a, b.type) ?? a);
  const right = shift ? b : (concrete(b, a.type) ?? b);
  if ((!shift && left.type !== right.type) || typeof left.value !== 'number' || typeof right.value !== 'number') return undefined;
  const compared = compare(operator, left.value, right.value);
  if (compared !== undefined) return { type: 'bool', value: compared };
  const result = arithmetic(operator, left.value, right.value, left.type in RANGE);
  return result === undefined ? undefined : constant(left.type, left.type === 'u32' && '&|^'.includes(operator) ? result >>> 0 : result);
}

function compare(operator: string, a: number, b: number): boolean | undefined {
  switch (operator) {
    case '==': return a === b;
    case '!=': return a !== b;
    case '<': return a < b;
    case '<=': return a <= b;
    case '>': return a > b;
    case '>=': return a >= b;
  } // prettier-ignore
  return undefined;
}

function arithmetic(operator: string, a: number, b: number, integer: boolean): number | undefined {
  switch (operator) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return b === 0 ? undefined : integer ? Math.trunc(a / b) : a / b;
    case '%': return b === 0 ? undefined : a % b;
  } // prettier-ignore
  if (!integer || Math.abs(a) > 0xffffffff || Math.abs(b) > 0xffffffff) return undefined;
  switch (operator) {
    case '<<': return a * 2 ** b;
    case '>>': return Math.floor(a / 2 ** b);
    case '&': return a & b;
    case '|': return a | b;
    case '^': return a ^ b;
  } // prettier-ignore
  return undefined;
}

/**
 * Value of the expression in tokens[from, to), or undefined if it depends on anything `lookup` does not know.
 * Understands literals, names, + - * / % << >> & | ^ comparisons, && || !, parentheses, indexing of constant
 * arrays, min, max, select and the scalar conversions.
 */
export function evaluate(tokens: readonly Token[], from: number, to: number, lookup: Lookup): Constant | undefined {
  let at = from;
  const text = () => (at < to ? tokens[at].text : '');

  function expression(minimum: number): Constant | undefined {
    let left = unary();
    for (;;) {
      let operator = text();
      let width = 1;
      if (operator === '>' && at + 1 < to && tokens[at + 1].space === '' && '>='.includes(tokens[at + 1].text)) {
        operator += tokens[at + 1].text;
        width = 2;
      }
      const precedence = PRECEDENCE[operator];
      if (precedence === undefined || precedence < minimum) return left;
      at += width;
      left = binary(operator, left, expression(precedence + 1));
    }
  }

  function unary(): Constant | undefined {
    const operator = text();
    if (operator !== '-' && operator !== '!') return postfix();
    at++;
    const operand = unary();
    if (typeof operand?.value === 'number' && operator === '-' && operand.type !== 'u32') return constant(operand.type, -operand.value);
    if (typeof operand?.value === 'boolean' && operator === '!') return { type: 'bool', value: !operand.value };
    return undefined;
  }

  function postfix(): Constant | undefined {
    let value = primary();
    for (;;) {
      if (text() === '[') {
        const [index] = list();
        value = Array.isArray(value?.value) && typeof index?.value === 'number' ? value.value[index.value] : undefined;
      } else if (text() === '.') {
        at += 2;
        value = undefined;
      } else return value;
    }
  }

  /** The values between the bracket at `at` and its partner. */
  function list(): (Constant | undefined)[] {
    const close = Math.min(matching(tokens, at), to);
    const values: (Constant | undefined)[] = [];
    for (at++; at < close; at++) {
      values.push(expression(1));
      if (at < close && text() !== ',') {
        values.push(undefined);
        break;
      }
    }
    at = close + 1;
    return values;
  }

  function primary(): Constant | undefined {
    if (at >= to) return undefined;
    if (text() === '(') {
      const values = list();
      return values.length === 1 ? values[0] : undefined;
    }
    const token = tokens[at++];
    if (!token.word) return number(token.text);
    if (token.text === 'true' || token.text === 'false') return { type: 'bool', value: token.text === 'true' };
    let element: string | undefined;
    if (text() === '<' && TEMPLATED.test(token.text)) {
      element = tokens[at + 1]?.text;
      at = templateEnd(tokens, at) + 1;
    }
    return text() === '(' ? call(token.text, list(), element) : lookup(token.text);
  }

  const result = expression(1);
  return at === to ? result : undefined;
}

const TEMPLATED = /^(array|vec[234]|mat[234]x[234]|bitcast|ptr|atomic)$/;

function number(text: string): Constant | undefined {
  const match = /^(.*?)([iuf]?)$/.exec(text)!;
  const hexadecimal = /^0[xX]/.test(text);
  const digits = hexadecimal && match[2] === 'f' ? text : match[1];
  const value = Number(digits);
  if (!/^[\d.]/.test(text) || Number.isNaN(value)) return undefined;
  const type = { u: 'u32', i: 'i32', f: hexadecimal ? 'int' : 'f32' }[match[2]];
  return constant(type ?? (!hexadecimal && /[.eE]/.test(digits) ? 'float' : 'int'), value);
}

function call(name: string, values: readonly (Constant | undefined)[], element?: string): Constant | undefined {
  const args = values.filter((value) => value !== undefined);
  if (args.length !== values.length || args.length === 0) return undefined;
  const [a, b] = args;
  if (name === 'array') {
    const elements = args.map((value) => concrete(value, element));
    return elements.includes(undefined) ? undefined : { type: 'array', value: elements as Constant[] };
  }
  if (name === 'select' && args.length === 3) return args[2].value === true ? concrete(b, a.type) : concrete(a, b.type);
  if ((name === 'min' || name === 'max') && args.length === 2) {
    const first = binary('<', a, b)?.value;
    return first === undefined ? undefined : concrete(first === (name === 'min') ? a : b, (a.type === 'int' ? b : a).type);
  }
  if (name !== 'u32' && name !== 'i32' && name !== 'f32') return undefined;
  return typeof a.value === 'object' ? undefined : constant(name, Number(a.value));
}
