/**
 * WGSL cut into tokens. Comments go; each token keeps the white space before it, so that joining tokens gives
 * readable code back. The only comment with a meaning, `// @unroll`, becomes a token of its own.
 */
export interface Token {
  readonly text: string;
  /** What stood before the token: '', ' ', or a newline and the indentation. */
  readonly space: string;
  /** 1-based line in the source; 0 for generated code. */
  readonly line: number;
  /** 1-based column in the source; 0 for what stands in no source. */
  readonly column: number;
  /** True for identifiers and keywords. */
  readonly word: boolean;
}

/** What stands beyond the last token. */
export const NONE: Token = { text: '', space: '', line: 0, column: 0, word: false };

/** Text of the token that stands for a line `// @unroll`. */
export const UNROLL = '// @unroll';

// White space or line comment | block comment | word | number | operator. `>>` and `>=` stay two tokens, as
// `array<vec4<f32>>` ends in two brackets.
const LEXER =
  /(\s+|\/\/.*)|(\/\*)|([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|0[xX](?:[\da-fA-F.]*[pP][+-]?\d+|[\da-fA-F.]+)[iufh]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iufh]?|->|\+\+|--|&&|\|\||<<=|<<|[-+*/%&|^<=!]=|[^\s\w]/gy;

/** `line` replaces the line of every token, for code that does not come from a file. */
export function tokenize(source: string, line?: number): Token[] {
  const tokens: Token[] = [];
  let current = 1;
  let lineStart = 0;
  let previousEnd = 0;
  LEXER.lastIndex = 0;
  for (let match = LEXER.exec(source); match !== null; match = LEXER.exec(source)) {
    const [text, skipped, block, word] = match;
    if (block !== undefined) LEXER.lastIndex = blockCommentEnd(source, match.index);
    const unroll = skipped !== undefined && /^\/\/\s*@unroll\b/.test(skipped);
    if (!unroll && (skipped ?? block) !== undefined) continue;
    const gap = source.slice(previousEnd, match.index);
    const breaks = gap.split('\n').length - 1;
    current += breaks;
    if (breaks > 0) lineStart = source.lastIndexOf('\n', match.index - 1) + 1;
    const indentation = match.index - lineStart;
    tokens.push({
      text: unroll ? UNROLL : text,
      space: breaks > 0 ? '\n' + ' '.repeat(indentation) : gap && ' ',
      line: line ?? current,
      column: indentation + 1,
      word: word !== undefined,
    });
    previousEnd = LEXER.lastIndex;
  }
  return tokens;
}

/** Block comments nest in WGSL. */
function blockCommentEnd(source: string, start: number): number {
  const edges = /\/\*|\*\//g;
  edges.lastIndex = start;
  let depth = 0;
  for (let edge = edges.exec(source); edge !== null; edge = edges.exec(source)) {
    depth += edge[0] === '/*' ? 1 : -1;
    if (depth === 0) return edges.lastIndex;
  }
  return source.length;
}

/** The text of tokens[from, to). */
export function join(tokens: readonly Token[], from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += i === from ? tokens[i].text : tokens[i].space + tokens[i].text;
  return text;
}

const OPEN = '([{';
const CLOSE = ')]}';

/** Index of the bracket that closes the one at `open`, or tokens.length where it is missing. */
export function matching(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const { text } = tokens[i];
    if (text.length !== 1) continue;
    if (OPEN.includes(text)) depth++;
    else if (CLOSE.includes(text) && --depth === 0) return i;
  }
  return tokens.length;
}

/** For each opening bracket the index of the one that closes it, or of the last token where it is missing. */
export function bracketEnds(tokens: readonly Token[]): number[] {
  const ends = tokens.map(() => tokens.length - 1);
  const open: number[] = [];
  tokens.forEach(({ text }, i) => {
    if (text.length !== 1) return;
    if (OPEN.includes(text)) open.push(i);
    else if (CLOSE.includes(text)) ends[open.pop() ?? -1] = i;
  });
  return ends;
}

const TEMPLATED = /^(array|vec[234]|mat[234]x[234]|bitcast|ptr|atomic|var|subgroup_?[mM]atrix\w*)$/;

/** Index of the `>` of the template list that opens at `open`; -1 where no template list opens there. */
export function templateEnd(tokens: readonly Token[], open: number): number {
  if (tokens[open]?.text !== '<' || !TEMPLATED.test(tokens[open - 1].text)) return -1;
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const { text } = tokens[i];
    if (text === '<') depth++;
    else if (text === '>' && --depth === 0) return i;
    else if (text === '(' || text === '[') i = matching(tokens, i);
  }
  return tokens.length;
}

/** Index of the first token `text` outside brackets and template lists in tokens[from, to), or `to`. */
export function find(tokens: readonly Token[], text: string, from: number, to = tokens.length): number {
  for (let i = from; i < to && i < tokens.length; i++) {
    const token = tokens[i].text;
    if (token === text) return i;
    if (token === '(' || token === '[' || token === '{') i = matching(tokens, i);
    else if (token === '<') i = Math.max(i, templateEnd(tokens, i));
  }
  return to;
}
