import { NONE, templateEnd } from '../kernels/tokens.ts';
import type { Token } from '../kernels/tokens.ts';
import { Problem } from './problem.ts';
import type { Expression, Name } from './syntax.ts';

/** How tightly binary operators bind. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};
const UNARY = new Set(['-', '!', '~', '*', '&']);

/** Reads expressions from tokens. The reader of statements builds on it. */
export class ExpressionParser {
  protected readonly tokens: readonly Token[];
  protected position: number;
  /** Where the expression ends at the latest: a template list ends at its `>`. */
  protected end: number;

  constructor(tokens: readonly Token[], from: number, to: number) {
    this.tokens = tokens;
    this.position = from;
    this.end = to;
  }

  protected get token(): Token {
    return this.position < this.end ? this.tokens[this.position] : NONE;
  }

  protected next(): Token {
    const { token } = this;
    this.position++;
    return token;
  }

  protected is(text: string): boolean {
    return this.token.text === text;
  }

  /** Takes the token where it is `text`. */
  protected take(text: string): boolean {
    const found = this.is(text);
    if (found) this.position++;
    return found;
  }

  protected expect(text: string): Token {
    if (!this.is(text)) throw this.unexpected(`"${text}"`);
    return this.next();
  }

  protected unexpected(wanted: string): Problem {
    const at = this.position < this.end ? this.token : (this.tokens[this.end - 1] ?? NONE);
    const found = this.position < this.end ? `not "${at.text}"` : `after "${at.text}"`;
    return new Problem(at, `expected ${wanted}, ${found}`);
  }

  protected identifier(what: string): Token {
    if (!this.token.word) throw this.unexpected(what);
    return this.next();
  }

  expression(minimum = 1): Expression {
    let left = this.unary();
    for (;;) {
      const at = this.token;
      const operator = this.operator();
      const precedence = PRECEDENCE[operator] ?? 0;
      if (precedence < minimum) return left;
      this.position += operator[0] === '>' ? operator.length : 1;
      left = { kind: 'binary', at, operator, left, right: this.expression(precedence + 1) };
    }
  }

  /** The operator here; the lexer leaves `>>`, `>=` and `>>=` in pieces. */
  protected operator(): string {
    let { text } = this.token;
    for (let i = this.position + 1; text[0] === '>' && i < this.end && text.length < 3; i++) {
      const { text: following, space } = this.tokens[i];
      if (space !== '' || !(following === '=' || (following === '>' && text === '>')) || text.endsWith('='))
        break;
      text += following;
    }
    return text;
  }

  private unary(): Expression {
    const at = this.token;
    if (!UNARY.has(at.text)) return this.postfix();
    this.next();
    return { kind: 'unary', at, operator: at.text, operand: this.unary() };
  }

  private postfix(): Expression {
    let base = this.primary();
    for (;;) {
      const at = this.token;
      if (this.take('[')) {
        base = { kind: 'index', at, base, index: this.expression() };
        this.expect(']');
      } else if (this.take('.')) {
        const name = this.identifier('the name of a member');
        base = { kind: 'member', at: name, base, name: name.text };
      } else return base;
    }
  }

  private primary(): Expression {
    const at = this.token;
    if (this.take('(')) {
      const inner = this.expression();
      this.expect(')');
      return inner;
    }
    if (at.text === 'true' || at.text === 'false' || /^\.?\d/.test(at.text)) {
      this.next();
      return { kind: 'literal', at };
    }
    if (!at.word) throw this.unexpected('an expression');
    const callee = this.name();
    if (!this.is('(')) return callee;
    return { kind: 'call', at, callee, args: this.list(')') };
  }

  private name(): Name {
    const at = this.next();
    const close = templateEnd(this.tokens, this.position);
    if (close < 0) return { kind: 'name', at, name: at.text };
    const { end } = this;
    if (close >= end) throw this.unexpected('a type, and ">" after it');
    this.end = close;
    const template = this.list('');
    this.end = end;
    this.position = close + 1;
    return { kind: 'name', at, name: at.text, template };
  }

  /** Expressions between commas, from the opening bracket here to `close`; '': to the end. */
  private list(close: string): Expression[] {
    this.next();
    const items: Expression[] = [];
    while (close === '' ? this.position < this.end : !this.is(close)) {
      items.push(this.expression());
      if (!this.take(',')) break;
    }
    if (close !== '') this.expect(close);
    else if (this.position < this.end) throw this.unexpected('","');
    return items;
  }
}
