import { KernelError } from '../errors.ts';
import { binary, concrete, constant, evaluate, literal } from './evaluate.ts';
import type { Constant, Lookup } from './evaluate.ts';
import { find, join, matching, templateEnd, UNROLL } from './tokens.ts';
import type { Token } from './tokens.ts';

/** Drivers take seconds over larger bodies, and a mistyped bound must not eat the memory. */
const MAX_TOKENS = 60_000;
const ASSIGNMENT = /^([-+*/%&|^]|<<)?=$|^\+\+$|^--$/;

/** Names declared in a function: a constant where it is known, `inline` for the variable of an unrolled loop. */
class Scope {
  private readonly names = new Map<string, { constant?: Constant; inline: boolean }>();
  private readonly parent?: Scope;
  private readonly module: Lookup;
  constructor(module: Lookup, parent?: Scope) {
    this.module = module;
    this.parent = parent;
  }
  child(): Scope {
    return new Scope(this.module, this);
  }
  set(name: string, constant?: Constant, inline = false): void {
    this.names.set(name, { constant, inline });
  }
  local(name: string): { constant?: Constant; inline: boolean } | undefined {
    return this.names.get(name) ?? this.parent?.local(name);
  }
  readonly lookup: Lookup = (name) => {
    const local = this.local(name);
    return local === undefined ? this.module(name) : local.constant;
  };
}

/**
 * Rewrites one function (its tokens, header included): loops marked `// @unroll` are written out, `if`s over
 * constants keep the branch taken only, constant indices and array sizes become literals. Adds the module-scope
 * names that the result uses to `references`.
 */
export function expandFunction(
  tokens: readonly Token[],
  body: number,
  kernel: string,
  module: Lookup,
  references: Set<string>,
): Token[] {
  const out: Token[] = [];
  const loops: string[] = [];

  const fail = (line: number, problem: string): never => {
    throw new KernelError(`${kernel}.wgsl line ${line}: ${problem}`);
  };
  const value = (from: number, to: number, scope: Scope) => evaluate(tokens, from, to, scope.lookup);

  function expand(from: number, to: number, scope: Scope): void {
    for (let i = from; i < to; i++) {
      const token = tokens[i];
      if (token.text === '{' || token.text === '[') {
        const close = matching(tokens, i);
        const index = token.text === '[' ? value(i + 1, close, scope) : undefined;
        out.push(token);
        if (typeof index?.value === 'number') out.push({ ...tokens[i + 1], text: literal(index), word: false });
        else expand(i + 1, close, token.text === '{' ? scope.child() : scope);
        out.push(tokens[close]);
        i = close;
      } else if (token.text === UNROLL) i = unroll(i, scope);
      else if (!token.word) out.push(token);
      else if (token.text === 'if' && tokens[i - 1].text !== 'break') i = branch(i, scope);
      else if (token.text === 'for') {
        const end = blockEnd(i);
        out.push(token);
        expand(i + 1, end + 1, scope.child());
        i = end;
      } else if (token.text === 'let' || token.text === 'var' || token.text === 'const') i = declare(i, scope);
      else if (token.text === 'array' && tokens[i + 1]?.text === '<') i = arrayType(i, scope);
      else name(i, scope);
    }
  }

  function name(i: number, scope: Scope): void {
    const token = tokens[i];
    const local = tokens[i - 1]?.text === '.' || tokens[i - 1]?.text === '@' ? null : scope.local(token.text);
    if (local === undefined) references.add(token.text);
    if (!local?.inline) return void out.push(token);
    if (ASSIGNMENT.test(tokens[i + 1]?.text)) fail(token.line, `"${token.text}" counts a loop marked // @unroll and must not be assigned in its body; copy it to a var.`);
    out.push({ ...token, text: literal(local.constant!), word: false });
  }

  /** let, const or var: the name counts from the next statement on. */
  function declare(start: number, scope: Scope): number {
    const at = tokens[start + 1].text === '<' ? templateEnd(tokens, start + 1) + 1 : start + 1;
    const end = find(tokens, ';', at);
    const equals = find(tokens, '=', at, end);
    const declared = tokens[at + 1].text === ':' ? join(tokens, at + 2, equals) : undefined;
    for (let i = start; i <= at; i++) out.push(tokens[i]);
    expand(at + 1, end, scope);
    out.push(tokens[end]);
    const known = tokens[start].text === 'var' ? undefined : value(equals + 1, end, scope);
    scope.set(tokens[at].text, tokens[start].text === 'const' && declared === undefined ? known : concrete(known, declared));
    return end;
  }

  /** array<T, N>: the size becomes a literal. */
  function arrayType(start: number, scope: Scope): number {
    const end = templateEnd(tokens, start + 1);
    const comma = templateComma(tokens, start + 2, end);
    out.push(tokens[start], tokens[start + 1]);
    expand(start + 2, comma, scope);
    if (comma < end) {
      const size = value(comma + 1, end, scope);
      out.push(tokens[comma]);
      if (typeof size?.value === 'number') out.push({ ...tokens[comma + 1], text: literal(size), word: false });
      else expand(comma + 1, end, scope);
    }
    out.push(tokens[end]);
    return end;
  }

  /** `if … else …` from `start`; gives the index of its last token. */
  function branch(start: number, scope: Scope): number {
    const open = find(tokens, '{', start);
    const close = matching(tokens, open);
    const elseFrom = tokens[close + 1]?.text === 'else' ? close + 2 : undefined;
    const end = elseFrom === undefined ? close : tokens[elseFrom].text === 'if' ? chainEnd(elseFrom) : matching(tokens, elseFrom);
    const taken = value(start + 1, open, scope)?.value;
    if (taken === true) expand(open, close + 1, scope);
    else if (taken === false && elseFrom !== undefined) expand(elseFrom, end + 1, scope);
    if (typeof taken === 'boolean') return end;
    out.push(tokens[start]);
    expand(start + 1, close + 1, scope);
    if (elseFrom !== undefined) {
      const length = out.push(tokens[close + 1]);
      expand(elseFrom, end + 1, scope);
      if (out.length === length) out.pop();
    }
    return end;
  }

  function chainEnd(start: number): number {
    const close = blockEnd(start);
    if (tokens[close + 1]?.text !== 'else') return close;
    return tokens[close + 2].text === 'if' ? chainEnd(close + 2) : matching(tokens, close + 2);
  }

  /** Index of the `}` that ends the first block after `start`. */
  function blockEnd(start: number): number {
    return matching(tokens, find(tokens, '{', start));
  }

  function unroll(mark: number, scope: Scope): number {
    const start = mark + 1;
    const { line } = tokens[mark];
    if (tokens[start]?.text !== 'for') fail(line, `// @unroll must stand on the line before a "for" loop, not before "${tokens[start]?.text ?? ''}".`);
    const header = matching(tokens, start + 1);
    const first = find(tokens, ';', start + 2, header);
    const second = find(tokens, ';', first + 1, header);
    const open = header + 1;
    const close = matching(tokens, open);
    const shown = join(tokens, start, header + 1);
    const counter = tokens[start + 3]?.text;
    const equals = find(tokens, '=', start + 3, first);
    if (tokens[start + 2].text !== 'var' || equals === first) fail(line, `the @unroll loop "${shown}" must declare its counter: for (var i = 0u; i < N; i++).`);
    const type = tokens[start + 4].text === ':' ? join(tokens, start + 5, equals) : undefined;
    refuseJumps(open + 1, close, shown);
    loops.push(`"${shown}" (line ${line})`);
    let count = concrete(value(equals + 1, first, scope), type);
    for (;;) {
      const inner = scope.child();
      inner.set(counter, count, true);
      const proceed = value(first + 1, second, inner)?.value;
      if (count === undefined || typeof proceed !== 'boolean') fail(line, `the @unroll loop "${shown}" needs a start, bound and step made of constants and literals only.`);
      if (!proceed) break;
      if (out.length > MAX_TOKENS) fail(line, `the @unroll loop ${loops.join(' inside… ')} unrolls to more than ${MAX_TOKENS} tokens, which drivers take seconds to compile; lower its bound or remove the mark.`);
      expand(open, close + 1, inner);
      count = step(second + 1, header, count!, inner);
    }
    loops.pop();
    return close;
  }

  /** The counter after `i++`, `i--`, `i += n`, `i = …`. */
  function step(from: number, to: number, count: Constant, scope: Scope): Constant | undefined {
    const operator = tokens[from + 1]?.text ?? '';
    const one = constant(count.type, 1);
    if (operator === '++' || operator === '--') return binary(operator[0], count, one);
    const operand = value(from + 2, to, scope);
    return operator === '=' ? concrete(operand, count.type) : binary(operator.slice(0, -1), count, operand);
  }

  /** break and continue of the unrolled loop itself would have nowhere to go. */
  function refuseJumps(from: number, to: number, shown: string, inSwitch = false): void {
    for (let i = from; i < to; i++) {
      const { text, line } = tokens[i];
      if (text === 'for' || text === 'while' || text === 'loop') i = blockEnd(i);
      else if (text === 'switch') {
        const end = blockEnd(i);
        refuseJumps(i + 1, end, shown, true);
        i = end;
      } else if (text === 'continue' || (text === 'break' && !inSwitch)) fail(line, `"${text}" leaves the @unroll loop "${shown}", which unrolling cannot express; use an if, or remove the mark.`);
    }
  }

  const scope = new Scope(module);
  for (let i = 0; i < body; i++) {
    if (tokens[i].word && tokens[i + 1].text === ':' ) scope.set(tokens[i].text);
    name(i, scope);
  }
  expand(body, tokens.length, scope);
  return out;
}

/** Index of the comma between the type and the size of an array, or `end`. */
export function templateComma(tokens: readonly Token[], from: number, end: number): number {
  for (let i = from; i < end; i++) {
    if (tokens[i].text === ',') return i;
    if (tokens[i].text === '<') i = templateEnd(tokens, i);
    else if (tokens[i].text === '(') i = matching(tokens, i);
  }
  return end;
}
