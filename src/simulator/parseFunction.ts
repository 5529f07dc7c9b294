import type { Declaration } from '../kernels/parse.ts';
import { find, matching } from '../kernels/tokens.ts';
import type { Token } from '../kernels/tokens.ts';
import { UNROLL } from '../kernels/tokens.ts';
import { Problem } from './problem.ts';
import { ExpressionParser } from './parseExpression.ts';
import type {
  Block,
  Call,
  Expression,
  FunctionSyntax,
  Loop,
  Parameter,
  Statement,
  Switch,
} from './syntax.ts';

const ASSIGNMENTS = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>=']);

/** The expression in tokens[from, to). */
export function parseExpression(tokens: readonly Token[], from: number, to: number): Expression {
  return new FunctionParser(tokens, from, to).whole();
}

export function parseFunction({ tokens, keyword, body }: Declaration): FunctionSyntax {
  const open = keyword + 2;
  const close = matching(tokens, open);
  const parameters = parseParameters(tokens, open + 1, close);
  const arrow = find(tokens, '->', close, body);
  let from = arrow + 1;
  while (tokens[from]?.text === '@')
    from = tokens[from + 2].text === '(' ? matching(tokens, from + 2) + 1 : from + 2;
  const result = arrow < body ? parseExpression(tokens, from, body) : undefined;
  const block = new FunctionParser(tokens, body, tokens.length).block();
  return { at: tokens[keyword + 1], name: tokens[keyword + 1].text, parameters, result, body: block };
}

/** Parameters of a function, or fields of a struct, in tokens[from, to). */
export function parseParameters(tokens: readonly Token[], from: number, to: number): Parameter[] {
  const parameters: Parameter[] = [];
  while (from < to) {
    const comma = find(tokens, ',', from, to);
    const attributes: Record<string, Expression> = {};
    while (tokens[from]?.text === '@') {
      const close = tokens[from + 2].text === '(' ? matching(tokens, from + 2) : from + 1;
      const name = tokens[from + 1].text;
      if (close > from + 1 && name !== 'interpolate')
        attributes[name] = parseExpression(tokens, from + 3, close);
      from = close + 1;
    }
    const at = tokens[from];
    if (tokens[from + 1]?.text !== ':') throw new Problem(at, `expected "name: type", not "${at.text}"`);
    const { builtin, size, align } = attributes;
    const type = parseExpression(tokens, from + 2, comma);
    parameters.push({
      at,
      name: at.text,
      type,
      builtin: builtin?.kind === 'name' ? builtin.name : undefined,
      size,
      align,
    });
    from = comma + 1;
  }
  return parameters;
}

class FunctionParser extends ExpressionParser {
  whole(): Expression {
    const expression = this.expression();
    if (this.position < this.end) throw this.unexpected('the end of the expression');
    return expression;
  }

  /** @diagnostic(off, …) changes no number. */
  private attributes(): void {
    while (this.take('@')) {
      this.next();
      if (this.is('(')) this.position = matching(this.tokens, this.position) + 1;
    }
  }

  block(): Block {
    this.attributes();
    const at = this.expect('{');
    const body: Statement[] = [];
    while (!this.is('}')) {
      if (this.position >= this.end) throw new Problem(at, 'this "{" is not closed');
      body.push(this.statement());
    }
    this.next();
    return { kind: 'block', at, body };
  }

  private statement(): Statement {
    while (this.take(UNROLL)) if (this.is('}')) return { kind: 'empty', at: this.token };
    this.attributes();
    const at = this.token;
    switch (at.text) {
      case '{':
        return this.block();
      case ';':
        return { kind: 'empty', at: this.next() };
      case 'if':
        return this.branch();
      case 'for':
        return this.forLoop();
      case 'while': {
        this.next();
        return { kind: 'loop', at, condition: this.expression(), update: [], body: this.block() };
      }
      case 'loop':
        return this.plainLoop();
      case 'switch':
        return this.switch();
      case 'discard':
        throw new Problem(at, '"discard" is for fragment shaders');
    }
    const statement = this.simple();
    this.expect(';');
    return statement;
  }

  /** What ends with a `;`, without it. */
  private simple(): Statement {
    const at = this.token;
    switch (at.text) {
      case 'return': {
        this.next();
        return { kind: 'return', at, value: this.is(';') ? undefined : this.expression() };
      }
      case 'break':
        this.next();
        return this.take('if')
          ? { kind: 'breakIf', at, condition: this.expression() }
          : { kind: 'break', at };
      case 'continue':
        return { kind: 'continue', at: this.next() };
      case 'let':
      case 'var':
      case 'const':
        return this.variable();
      case 'const_assert':
        this.next();
        return { kind: 'assert', at, condition: this.expression() };
    }
    if (at.text === '_' && this.tokens[this.position + 1].text === '=') {
      this.position += 2;
      return { kind: 'assign', at, operator: '=', value: this.expression() };
    }
    const target = this.expression(Infinity);
    const operator = this.operator();
    if (operator === '++' || operator === '--') {
      const one: Expression = { kind: 'literal', at: { ...this.next(), text: '1' } };
      return { kind: 'assign', at, target, operator: `${operator[0]}=`, value: one };
    }
    if (ASSIGNMENTS.has(operator)) {
      this.position += operator === '>>=' ? 3 : 1;
      return { kind: 'assign', at, target, operator, value: this.expression() };
    }
    if (target.kind === 'call') return { kind: 'call', at, call: target satisfies Call };
    throw this.unexpected('"=" or ";"');
  }

  private variable(): Statement {
    const { text: keyword } = this.next();
    if (keyword === 'var' && this.take('<')) while (!this.take('>')) this.next(); // <function>
    const at = this.identifier('a name');
    const type = this.take(':') ? this.expression(Infinity) : undefined;
    const value = this.take('=') ? this.expression() : undefined;
    if (keyword !== 'var' && !value) throw this.unexpected(`"=" and the value of "${at.text}"`);
    if (!type && !value) throw this.unexpected(`a type or a value of "${at.text}"`);
    return { kind: 'variable', at, keyword, name: at.text, type, value };
  }

  private branch(): Statement {
    const at = this.next();
    const condition = this.expression();
    const body = this.block();
    if (!this.take('else')) return { kind: 'if', at, condition, body };
    return { kind: 'if', at, condition, body, otherwise: this.is('if') ? this.branch() : this.block() };
  }

  private forLoop(): Loop {
    const at = this.next();
    this.expect('(');
    const initial = this.is(';') ? undefined : this.simple();
    this.expect(';');
    const condition = this.is(';') ? undefined : this.expression();
    this.expect(';');
    const update = this.is(')') ? [] : [this.simple()];
    this.expect(')');
    return { kind: 'loop', at, initial, condition, update, body: this.block() };
  }

  /** loop { … continuing { … break if …; } } */
  private plainLoop(): Loop {
    const at = this.next();
    const open = this.expect('{');
    const body: Statement[] = [];
    let update: readonly Statement[] = [];
    while (!this.is('}')) {
      if (this.position >= this.end) throw new Problem(open, 'this "{" is not closed');
      if (this.take('continuing')) update = this.block().body;
      else body.push(this.statement());
    }
    this.next();
    return { kind: 'loop', at, update, body: { kind: 'block', at: open, body }, continuing: true };
  }

  private switch(): Switch {
    const at = this.next();
    const selector = this.expression();
    const clauses: Switch['clauses'][number][] = [];
    this.expect('{');
    while (!this.take('}')) {
      const values: (Expression | undefined)[] = [];
      if (this.take('default')) values.push(undefined);
      else {
        this.expect('case');
        while (!this.is('{') && !this.is(':')) {
          values.push(this.take('default') ? undefined : this.expression());
          if (!this.take(',')) break;
        }
      }
      this.take(':');
      clauses.push({ values, body: this.block() });
    }
    return { kind: 'switch', at, selector, clauses };
  }
}
