import { templateEnd } from './tokens.ts';
import type { Token } from './tokens.ts';
import { templateComma } from './unroll.ts';

const EMPTY: Token = { text: '', space: '', line: 0, word: false };

/**
 * Turns function-scope arrays whose every use is indexed by literals, `acc[3u][1u]`, into variables `acc_3_1`:
 * compilers keep those in registers, arrays they often do not. Other arrays stay as they are. Works on the
 * result of expandFunction and changes `tokens`.
 */
export function scalarize(tokens: Token[]): void {
  const words = new Set<string>();
  for (const token of tokens) if (token.word) words.add(token.text);
  for (let i = 0; i < tokens.length; i++) if (tokens[i].text === 'var') scalarizeOne(tokens, i, words);
}

function scalarizeOne(tokens: Token[], start: number, words: Set<string>): void {
  const { text: name } = tokens[start + 1];
  const typed = tokens[start + 2].text === ':';
  const type = arrayType(tokens, start + 3);
  if (type === undefined) return;
  let end = type.end;
  if (typed && tokens[end].text === '=') end = arrayType(tokens, end + 1)?.end ?? end;
  // Only the zero value `array<T, N>()` can be dropped: variables start at zero anyway.
  if ((!typed || end > type.end) && tokens[end].text === '(') end = tokens[end + 1].text === ')' ? end + 2 : end;
  if (tokens[end].text !== ';') return;

  const uses: { at: number; indices: number[] }[] = [];
  let depth = 0;
  for (let i = end + 1; i < tokens.length && depth >= 0; i++) {
    const { text } = tokens[i];
    if (text === '{') depth++;
    else if (text === '}') depth--;
    else if (text === name && tokens[i - 1].text !== '.') {
      const indices = type.sizes.map((size, level) => {
        const at = i + 1 + 3 * level;
        const index = tokens[at].text === '[' && tokens[at + 2].text === ']' ? integer(tokens[at + 1].text) : NaN;
        return index < size ? index : NaN;
      });
      if (indices.some(Number.isNaN)) return; // a dynamic index, a whole-array use, or a new declaration of the name
      uses.push({ at: i, indices });
    }
  }

  let base = name;
  while (uses.some(({ indices }) => words.has([base, ...indices].join('_')))) base += '_';
  const variables = new Set<string>();
  for (const { at, indices } of uses) {
    const variable = [base, ...indices].join('_');
    variables.add(variable);
    tokens[at] = { ...tokens[at], text: variable };
    tokens.fill(EMPTY, at + 1, at + 1 + 3 * indices.length);
  }
  const { space, line } = tokens[start];
  const text = [...variables].map((variable) => `var ${variable}: ${type.element};`).join(space || ' ');
  tokens.fill(EMPTY, start, end + 1);
  tokens[start] = { text, space, line, word: false };
}

/** Sizes (outermost first) and element type of `array<array<T, M>, N>` at `start`; `end` is the token after it. */
function arrayType(tokens: readonly Token[], start: number): { sizes: number[]; element: string; end: number } | undefined {
  if (tokens[start]?.text !== 'array' || tokens[start + 1].text !== '<') return undefined;
  const close = templateEnd(tokens, start + 1);
  const comma = templateComma(tokens, start + 2, close);
  const size = comma < close && close - comma === 2 ? integer(tokens[comma + 1].text) : NaN;
  if (Number.isNaN(size)) return undefined;
  const inner = arrayType(tokens, start + 2);
  let element = '';
  for (let i = start + 2; i < comma; i++) element += (i > start + 2 ? tokens[i].space : '') + tokens[i].text;
  return { sizes: [size, ...(inner?.sizes ?? [])], element: inner?.element ?? element, end: close + 1 };
}

function integer(text: string): number {
  return /^\d+[ui]?$/.test(text) ? parseInt(text, 10) : NaN;
}
