import { binary, concrete, constant, evaluate, integerText } from './evaluate.ts';
import type { Constant, Lookup } from './evaluate.ts';
import { errorAt } from './parse.ts';
import type { Declaration } from './parse.ts';
import { bracketEnds, find, join, NONE, templateEnd, UNROLL } from './tokens.ts';
import type { Token } from './tokens.ts';

/** Drivers compile larger functions for many seconds, and a mistyped bound must not use up the memory. */
const MAX_TOKENS = 60_000;
const ASSIGNMENT = /^([-+*/%&|^]|<<)?=$|^\+\+$|^--$/;

/** A name declared in a function: its value where that is known, and the text that replaces an unrolled counter. */
interface Local {
  readonly constant?: Constant;
  readonly text?: string;
}
type Scope = Map<string, Local>;

/**
 * Rewrites one function: loops marked `// @unroll` are written out, of `if`s over constants only the branch taken
 * stays, constant indices and array sizes become literals. Adds the module-scope names that remain in use to
 * `references`. With `rolled` the function stays as it is.
 */
export function expandFunction(
  fn: Declaration,
  module: Lookup,
  references: Set<string>,
  rolled = false,
): Token[] {
  const { tokens, body } = fn;
  const ends = bracketEnds(tokens);
  const token = (i: number): Token => tokens[i] ?? NONE;
  const out: Token[] = [];
  const loops: string[] = [];

  const error = (at: number, problem: string) => errorAt(fn.file, token(at), problem);
  /** What is known of an expression: rolled, nothing is. */
  const value = (from: number, to: number, scope: Scope) => {
    const lookup: Lookup = (name) => {
      const local = scope.get(name);
      return local === undefined ? module(name) : local.constant;
    };
    return rolled ? undefined : evaluate(tokens, from, to, lookup);
  };

  function expand(from: number, to: number, scope: Scope): void {
    for (let i = from; i < to; i++) {
      const { text, word } = token(i);
      if (text === '{') i = block(i, scope);
      else if (text === '[') i = folded(i, ends[i], scope);
      else if (text === UNROLL && !rolled) i = unroll(i, scope);
      else if (text === 'if' && token(i - 1).text !== 'break' && find(tokens, '{', i, to) < to)
        i = branch(i, scope);
      else if (text === 'for' && find(tokens, '{', i, to) < to) {
        const end = blockEnd(i);
        out.push(token(i));
        expand(i + 1, end + 1, new Map(scope)); // the counter lives in the loop only
        i = end;
      } else if (text === 'let' || text === 'var' || text === 'const') i = declare(i, scope);
      else if (text === 'array' && token(i + 1).text === '<') i = arrayType(i, scope);
      else if (word) name(i, scope);
      else out.push(token(i));
    }
  }

  /** The block that opens at `open`, in a scope of its own; gives the index of its end. */
  function block(open: number, scope: Scope, space = token(open).space): number {
    const close = ends[open];
    out.push({ ...token(open), space });
    expand(open + 1, close, new Map(scope));
    out.push(token(close));
    return close;
  }

  function name(i: number, scope: Scope): void {
    const { text } = token(i);
    const before = token(i - 1).text;
    const local = before === '.' || before === '@' ? {} : scope.get(text);
    if (local === undefined) references.add(text);
    if (local?.text === undefined) return void out.push(token(i));
    if (ASSIGNMENT.test(token(i + 1).text)) {
      throw error(
        i,
        `"${text}" counts an @unroll loop and must not be assigned in its body; copy it to a var.`,
      );
    }
    out.push({ ...tokens[i], text: local.text, word: false });
  }

  /** tokens[open] to tokens[close], the whole number between them folded to a literal. */
  function folded(open: number, close: number, scope: Scope): number {
    const text = integerText(value(open + 1, close, scope));
    out.push(token(open));
    if (text === undefined) expand(open + 1, close, scope);
    else out.push({ ...token(open + 1), text, word: false });
    out.push(token(close));
    return close;
  }

  /** array<T, N>: the size becomes a literal. */
  function arrayType(start: number, scope: Scope): number {
    const end = templateEnd(tokens, start + 1);
    const comma = find(tokens, ',', start + 2, end);
    out.push(token(start), token(start + 1));
    expand(start + 2, comma, scope);
    if (comma < end) return folded(comma, end, scope);
    out.push(token(end));
    return end;
  }

  /** let, const or var: the name counts from the next statement on. */
  function declare(start: number, scope: Scope): number {
    const at = Math.max(start, templateEnd(tokens, start + 1)) + 1;
    const end = find(tokens, ';', at);
    const equals = find(tokens, '=', at, end);
    const type = token(at + 1).text === ':' ? join(tokens, at + 2, equals) : undefined;
    out.push(...tokens.slice(start, at + 1));
    const length = out.length;
    expand(at + 1, end, scope);
    // A variable starts at zero each time, but Tint, and naga before gfx-rs/wgpu#9489 was fixed, zero one in a
    // loop just once; so say it: var x: T = T();
    if (equals === end && !rolled) {
      const [, first = NONE, ...rest] = out.slice(length);
      const symbol = (text: string, space = '') => ({ ...first, text, space, word: false });
      out.push(symbol('=', ' '), { ...first, space: ' ' }, ...rest, symbol('('), symbol(')'));
    }
    out.push(token(end));
    const kind = token(start).text;
    const known = kind === 'var' ? undefined : value(equals + 1, end, scope);
    const asDeclared = kind === 'const' && type === undefined ? known : concrete(known, type);
    scope.set(token(at).text, { constant: asDeclared });
    return end;
  }

  /** `if … else …`; gives the index of its last token, Infinity where nothing after it is reached. */
  function branch(start: number, scope: Scope): number {
    const open = find(tokens, '{', start);
    const close = ends[open];
    const other = token(close + 1).text === 'else' ? close + 2 : undefined;
    const taken = value(start + 1, open, scope);
    if (taken?.type === 'bool') {
      const chosen = taken.value === 1 ? open : other;
      if (chosen !== undefined && token(chosen).text === 'if') return branch(chosen, scope);
      const leaves = chosen !== undefined && endsInJump(block(chosen, scope, token(start).space));
      return leaves ? Infinity : other === undefined ? close : chainEnd(other);
    }
    out.push(token(start));
    expand(start + 1, close + 1, scope);
    if (other === undefined) return close;
    const length = out.push(token(close + 1));
    expand(other, chainEnd(other) + 1, scope);
    if (out.length === length) out.pop();
    return chainEnd(other);
  }

  /** Whether the last statement before the `}` at `close` is a return, break or continue. */
  function endsInJump(close: number): boolean {
    let i = close - 2;
    while (!/^[;{}]?$/.test(token(i).text)) i--;
    return /^(return|break|continue)$/.test(token(i + 1).text);
  }

  /** Index of the last token of `{ … }` or `if … else …`. */
  function chainEnd(start: number): number {
    const close = blockEnd(start);
    return token(start).text === 'if' && token(close + 1).text === 'else' ? chainEnd(close + 2) : close;
  }

  /** Index of the end of the first block from `start` on. */
  function blockEnd(start: number): number {
    return ends[find(tokens, '{', start)] ?? tokens.length;
  }

  function unroll(mark: number, scope: Scope): number {
    const start = mark + 1;
    if (token(start).text !== 'for') {
      throw error(
        mark,
        `// @unroll must stand on the line before a "for" loop, not before "${token(start).text}".`,
      );
    }
    const header = ends[start + 1];
    const first = find(tokens, ';', start + 2);
    const second = find(tokens, ';', first + 1);
    const shown = join(tokens, start, header + 1);
    const counter = token(start + 3).text;
    const equals = find(tokens, '=', start + 2, first);
    const type = token(start + 4).text === ':' ? join(tokens, start + 5, equals) : undefined;
    loops.push(`"${shown}" (line ${token(start).line})`);
    refuseJumps(header + 1, blockEnd(header), shown);
    let count = token(start + 2).text === 'var' ? concrete(value(equals + 1, first, scope), type) : undefined;
    for (;;) {
      const inner = new Map(scope);
      inner.set(counter, { constant: count, text: integerText(count) });
      const proceed = value(first + 1, second, inner);
      if (integerText(count) === undefined || proceed?.type !== 'bool') {
        throw error(
          start,
          `@unroll needs "${shown}" to count whole numbers with start, bound and step made of constants and ` +
            `literals, as in "for (var i = 0u; i < ROWS; i++)".`,
        );
      }
      if (proceed.value === 0) break;
      if (out.length > MAX_TOKENS) {
        throw error(
          start,
          `unrolling ${loops.join(', in it ')} gives more than ${MAX_TOKENS} tokens, which drivers compile for ` +
            `minutes; lower the bound or remove the @unroll mark.`,
        );
      }
      block(header + 1, inner, token(mark).space);
      count = step(second + 1, header, count!, inner);
    }
    loops.pop();
    return blockEnd(header);
  }

  /** The counter after `i++`, `i--`, `i += n` or `i = …`. */
  function step(from: number, to: number, count: Constant, scope: Scope): Constant | undefined {
    const operator = token(from + 1).text;
    if (operator === '++' || operator === '--') return binary(operator[0], count, constant('int', 1));
    const operand = value(from + 2, to, scope);
    return operator === '=' ? concrete(operand, count.type) : binary(operator.slice(0, -1), count, operand);
  }

  /** A break or continue of the unrolled loop itself would have nowhere to go. */
  function refuseJumps(open: number, close: number, shown: string, inSwitch = false): void {
    for (let i = open + 1; i < close; i++) {
      const { text } = tokens[i];
      const end = /^(for|while|loop|switch)$/.test(text) ? blockEnd(i) : i;
      if (text === 'switch') refuseJumps(i, end, shown, true);
      if (text === 'continue' || (text === 'break' && !inSwitch)) {
        throw error(
          i,
          `"${text}" leaves the @unroll loop "${shown}"; use an if instead, or remove the mark.`,
        );
      }
      i = end;
    }
  }

  const scope = new Map<string, Local>();
  for (let i = 0; i < body; i++) {
    if (token(i).word && token(i + 1).text === ':') scope.set(token(i).text, {});
    if (token(i).word) name(i, scope);
    else out.push(token(i));
  }
  expand(body, tokens.length, scope);
  return out;
}
