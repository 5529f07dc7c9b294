import { find, join, NONE, templateEnd } from './tokens.ts';
import type { Token } from './tokens.ts';

/**
 * Turns function-scope arrays whose every use is indexed by literals, `acc[3u][1u]`, into variables `acc_3_1`:
 * compilers keep those in registers, arrays often not. Other arrays stay as they are. Changes `tokens`, which
 * come from expandFunction.
 */
export function scalarize(tokens: Token[]): void {
  const owners = new Map(tokens.map(({ text }) => [text, '']));
  // Backwards: an inner array of the same name is gone before the outer one is looked at.
  for (let i = tokens.length - 1; i >= 0; i--) if (tokens[i].text === 'var') scalarizeOne(tokens, i, owners);
}

/** `owners`: for each name in the function the array it was made from, '' for a name of its own. */
function scalarizeOne(tokens: Token[], start: number, owners: Map<string, string>): void {
  const name = tokens[start + 1]?.text;
  const end = find(tokens, ';', start);
  const type = arrayType(tokens, find(tokens, '=', start, end) + 1);
  // Only the zero value array<T, N>() can be spread over variables.
  if (type === undefined || join(tokens, end - 3, end).replace(/\s/g, '') !== '>()') return;

  const uses: { at: number; indices: readonly number[] }[] = [];
  let depth = 0;
  for (let i = end + 1; i < tokens.length && depth >= 0; i++) {
    const { text } = tokens[i];
    if (text === '{') depth++;
    else if (text === '}') depth--;
    else if (text === name && tokens[i - 1].text !== '.') {
      const indices = type.sizes.map((size, level) => {
        const at = i + 1 + 3 * level;
        const index =
          tokens[at]?.text === '[' && tokens[at + 2]?.text === ']' ? integer(tokens[at + 1]) : NaN;
        return index < size ? index : NaN;
      });
      // A dynamic index, a use of the whole array, or another declaration of the name.
      if (indices.some(Number.isNaN)) return;
      uses.push({ at: i, indices });
    }
  }

  let base = name;
  const taken = (variable: string) => (owners.get(variable) ?? name) !== name;
  while (uses.some(({ indices }) => taken([base, ...indices].join('_')))) base += 'x';
  const variables = new Set<string>();
  for (const { at, indices } of uses) {
    const variable = [base, ...indices].join('_');
    variables.add(variable);
    owners.set(variable, name);
    tokens[at] = { ...tokens[at], text: variable };
    tokens.fill(NONE, at + 1, at + 1 + 3 * indices.length);
  }
  const { space } = tokens[start];
  const text = [...variables].map((variable) => `var ${variable} = ${type.element}();`).join(space || ' ');
  tokens[start] = { ...tokens[start], text, word: false };
  tokens.fill(NONE, start + 1, end + 1);
}

/** Sizes (outermost first) and element type of the array<array<T, M>, N> at `start`. */
function arrayType(
  tokens: readonly Token[],
  start: number,
): { sizes: number[]; element: string } | undefined {
  if (tokens[start]?.text !== 'array' || tokens[start + 1]?.text !== '<') return undefined;
  const close = templateEnd(tokens, start + 1);
  const comma = find(tokens, ',', start + 2, close);
  const size = close - comma === 2 ? integer(tokens[comma + 1]) : NaN;
  if (Number.isNaN(size)) return undefined;
  const inner = arrayType(tokens, start + 2);
  return {
    sizes: [size, ...(inner?.sizes ?? [])],
    element: inner?.element ?? join(tokens, start + 2, comma),
  };
}

function integer({ text }: Token): number {
  return /^\d+[ui]?$/.test(text) ? parseInt(text, 10) : NaN;
}
