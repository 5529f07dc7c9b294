import type { SpecializedKernel } from './kernel.ts';
import { find, matching, tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';

/** What a kernel does with a buffer. */
export interface Use {
  readonly reads: boolean;
  readonly writes: boolean;
}

/**
 * What the kernel's code does with each of its buffers, by their names. The access that a file declares says less: a trial
 * of an optimizer, say, is the same file as the update, and declares what it only reads as `read_write`.
 */
export function usesOf(kernel: SpecializedKernel): ReadonlyMap<string, Use> {
  const uses = known.get(kernel) ?? findUses(kernel);
  known.set(kernel, uses);
  return uses;
}

const known = new WeakMap<SpecializedKernel, ReadonlyMap<string, Use>>();

function findUses({ code, bindings }: SpecializedKernel): ReadonlyMap<string, Use> {
  const uses = new Map(bindings.map(({ name }) => [name, { reads: false, writes: false }]));
  const tokens = tokenize(code);
  for (let start = 0; start < tokens.length; start++) {
    if (tokens[start].text !== 'fn') continue;
    const end = matching(tokens, find(tokens, '{', start));
    const locals = localsOf(tokens.slice(start, end));
    for (let i = start; i < end; i++) {
      const use = locals.has(tokens[i].text) ? undefined : uses.get(tokens[i].text);
      const before = tokens[i - 1]?.text;
      if (!use || before === '.') continue;
      const assignment = ';{}'.includes(before) ? operatorAfter(tokens, i) : '';
      use.writes ||= before === '&' || assignment !== '';
      use.reads ||= before === '&' || assignment !== '=';
    }
    start = end;
  }
  return uses;
}

/** Names that a function declares, which stand for no buffer in it. */
export const localsOf = (tokens: readonly Token[]): ReadonlySet<string> =>
  new Set(
    tokens
      .filter((_, i) => tokens[i + 1]?.text === ':' || /^(let|var|const)$/.test(tokens[i - 1]?.text))
      .map(({ text }) => text),
  );

/**
 * The operator that assigns to the place which begins at a token, where a statement does: '=', '+', '++' and so on. '' where
 * it is a call.
 */
export function operatorAfter(tokens: readonly Token[], start: number): string {
  let i = start + 1;
  while (tokens[i].text === '[' || tokens[i].text === '.') {
    i = tokens[i].text === '[' ? matching(tokens, i) + 1 : i + 2;
  }
  return tokens[i].text === '(' ? '' : tokens[i].text;
}
