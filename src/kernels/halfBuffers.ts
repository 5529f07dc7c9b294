import { KernelError } from '../errors.ts';
import type { HalfStorage, SpecializedKernel } from './kernel.ts';
import { parseDeclaration } from './parse.ts';
import type { Declaration } from './parse.ts';
import { typeText } from './rewrite.ts';
import { find, join, matching, tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';
import { localsOf, operatorAfter } from './uses.ts';

/** The type of an element, and the one with which it is stored. */
interface Stored {
  readonly value: string;
  readonly half: string;
}

type Buffers = ReadonlyMap<string, Stored>;

/** `array<vec4f>` of f32 numbers as `array<vec4h>`. Undefined for other types. */
function storedAs(type: string): Stored | undefined {
  const [, value] = /^array<(f32|vec[234]f)>$/.exec(type) ?? [];
  if (value === undefined) return undefined;
  return { value, half: value === 'f32' ? 'f16' : value.replace('f', 'h') };
}

/** Buffers of f32 numbers whose memory holds f16: what is read of them becomes f32, and what is written is rounded. */
export class HalfBuffers implements HalfStorage {
  readonly names: readonly string[];

  constructor(names: readonly string[]) {
    this.names = names;
  }

  /** @throws KernelError if one holds something else, or a function does more than read and write it */
  declare(kernel: string, declarations: Map<string, Declaration>) {
    const buffers = new Map(
      this.names.map((name) => {
        const declaration = declarations.get(name);
        const stored = declaration && storedAs(typeText(declaration.tokens, declaration.type, declarations));
        if (!stored) {
          throw new KernelError(
            `${kernel}.wgsl: "${name}" cannot be stored as f16: that is for buffers of f32 numbers`,
          );
        }
        const { tokens, type, file } = declaration;
        const text = `${join(tokens, 0, type[0])} array<${stored.half}>;`;
        declarations.set(name, parseDeclaration(text, file, tokens[0].line));
        return [name, stored];
      }),
    );
    return (fn: string, tokens: readonly Token[]): readonly Token[] => {
      const made = halveAccesses(tokens, buffers);
      if (made) return made;
      throw new KernelError(
        `${kernel}.wgsl: fn ${fn} does more than read or write ${this.names.join(', ')}, stored as f16`,
      );
    };
  }
}

/**
 * A function whose buffers hold f16: what it reads of them becomes f32, and what it stores is rounded.
 *
 * @returns undefined if it does anything else with one of them: passes a pointer, or changes a number in its place
 */
function halveAccesses(tokens: readonly Token[], buffers: Buffers): Token[] | undefined {
  const locals = localsOf(tokens);
  const before = new Map<number, string[]>();
  const after = new Map<number, string>();
  for (const [i, { text, word }] of tokens.entries()) {
    const stored = word && !locals.has(text) && tokens[i - 1]?.text !== '.' ? buffers.get(text) : undefined;
    if (!stored) continue;
    if (tokens[i + 1]?.text !== '[' || tokens[i - 1].text === '&') return undefined;
    const last = matching(tokens, i + 1);
    const operator = ';{}'.includes(tokens[i - 1].text) ? operatorAfter(tokens, i) : '';
    if (operator === '=') {
      const equals = find(tokens, '=', last);
      before.set(equals + 1, [tokens[last + 1].text === '.' ? 'f16' : stored.half, '(']);
      after.set(find(tokens, ';', equals) - 1, ')');
    } else if (operator === '') {
      before.set(i, [...(before.get(i) ?? []), stored.value, '(']);
      after.set(last, `${after.get(last) ?? ''})`);
    } else return undefined;
  }
  return tokens.flatMap((token, i) => {
    const wraps = before.get(i) ?? [];
    const made = wraps.map((text, k) => ({
      ...token,
      text,
      space: k === 0 ? token.space : '',
      word: text !== '(',
    }));
    const own = wraps.length > 0 ? { ...token, space: '' } : token;
    const closing = [...(after.get(i) ?? '')].map((text) => ({ ...token, text, space: '', word: false }));
    return [...made, own, ...closing];
  });
}

/** Whether a buffer of a kernel may hold f16 in the place of f32, which it reads, or else writes. */
export function mayBeHalf({ code, bindings }: SpecializedKernel, name: string): boolean {
  const stored = storedAs(bindings.find((own) => own.name === name)?.type ?? '');
  if (!stored) return false;
  const buffers = new Map([[name, stored]]);
  const tokens = tokenize(code);
  for (let start = 0; start < tokens.length; start++) {
    if (tokens[start].text !== 'fn') continue;
    const end = matching(tokens, find(tokens, '{', start)) + 1;
    if (!halveAccesses(tokens.slice(start, end), buffers)) return false;
    start = end - 1;
  }
  return true;
}
