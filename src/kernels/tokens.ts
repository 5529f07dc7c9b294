/**
 * WGSL cut into tokens. Comments go; each token keeps the white space before it, so that joining tokens gives
 * readable code back. The only comment with a meaning, `// @unroll`, becomes a token of its own.
 */
export interface Token {
  readonly text: string;
  /** '' | ' ' | a newline and the indentation: what stood before the token. */
  readonly space: string;
  /** 1-based line in the source. */
  readonly line: number;
  /** True for identifiers and keywords. */
  readonly word: boolean;
}

/** Text of the token that stands for a line `// @unroll`. */
export const UNROLL = '// @unroll';

// `>>`, `>=` and `>>=` stay apart, as `array<vec4<f32>>` ends in two brackets; the evaluator joins them.
const LEXER =
  /(\s+)|(\/\/[^\n]*)|(\/\*)|([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|(0[xX](?:[\da-fA-F.]*[pP][+-]?\d+|[\da-fA-F.]+)[iufh]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iufh]?)|(->|\+\+|--|&&|\|\||<<=|<<|[-+*/%&|^<=!]=|[^\s\w])/gy;

export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  let newLine = false;
  let gap = false;
  const advance = (from: number, to: number) => {
    gap = true;
    for (let at = source.indexOf('\n', from); at !== -1 && at < to; at = source.indexOf('\n', at + 1)) {
      line++;
      lineStart = at + 1;
      newLine = true;
    }
  };
  LEXER.lastIndex = 0;
  for (let match = LEXER.exec(source); match !== null; match = LEXER.exec(source)) {
    const [text, white, comment, block, word] = match;
    const start = match.index;
    if (block !== undefined) LEXER.lastIndex = blockCommentEnd(source, start);
    if (white !== undefined || comment !== undefined || block !== undefined) advance(start, LEXER.lastIndex);
    if (comment !== undefined ? !/^\/\/\s*@unroll\b/.test(comment) : (white ?? block) !== undefined) continue;
    const space = newLine ? '\n' + ' '.repeat(start - lineStart) : gap ? ' ' : '';
    tokens.push({ text: comment === undefined ? text : UNROLL, space, line, word: word !== undefined });
    newLine = gap = false;
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

/** The tokens as text; `from` and `to` bound the range. */
export function join(tokens: readonly Token[], from = 0, to = tokens.length): string {
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

/** Index of the `>` that closes the template list opened by the `<` at `open`. */
export function templateEnd(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const { text } = tokens[i];
    if (text === '<') depth++;
    else if (text === '>' && --depth === 0) return i;
    else if (text === '(' || text === '[') i = matching(tokens, i);
  }
  return tokens.length;
}

/** Index of the first token `text` at bracket depth 0 in [from, to), or `to`. */
export function find(tokens: readonly Token[], text: string, from: number, to = tokens.length): number {
  for (let i = from; i < to; i++) {
    const token = tokens[i].text;
    if (token === text) return i;
    if (token === '(' || token === '[' || token === '{') i = matching(tokens, i);
  }
  return to;
}
