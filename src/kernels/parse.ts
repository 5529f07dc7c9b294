import { KernelError } from '../errors.ts';
import { find, matching, templateEnd, tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';

/** Half-open range of token indices. */
export type Range = readonly [from: number, to: number];

/** One module-scope declaration of a WGSL file. */
export interface Declaration {
  /** The WGSL keyword: fn, const, override, var, alias, struct, const_assert, or a directive. */
  readonly kind: string;
  /** '' for const_assert and directives. */
  readonly name: string;
  /** The file that it stands in. */
  readonly file: string;
  readonly tokens: readonly Token[];
  /** Index of the keyword, after the attributes. */
  readonly keyword: number;
  /** Index of the `{` of a function or struct, else -1. */
  readonly body: number;
  /** The declared type; empty where it is left out. */
  readonly type: Range;
  /** What follows the `=`; empty where there is none. */
  readonly value: Range;
}

export interface ParsedFile {
  /** In source order. */
  readonly named: ReadonlyMap<string, Declaration>;
  readonly nameless: readonly Declaration[];
}

/** A live shader editor makes a new source at each key press: the cache starts over when it is full. */
const CACHE_ENTRIES = 512;
const cache = new Map<string, ParsedFile>();

/** The declarations of a file, parsed once and remembered. */
export function parseFile({ name, source }: { readonly name: string; readonly source: string }): ParsedFile {
  const key = `${name}\n${source}`;
  let parsed = cache.get(key);
  if (parsed === undefined) {
    if (cache.size >= CACHE_ENTRIES) cache.clear();
    parsed = parse(tokenize(source), name);
    cache.set(key, parsed);
  }
  return parsed;
}

/** One generated declaration, as if it stood at `line` of the file. */
export function parseDeclaration(source: string, file: string, line: number): Declaration {
  const [declaration] = parse(tokenize(source, line), file).named.values();
  return declaration;
}

const BLOCK = new Set(['fn', 'struct']);
const VALUED = new Set(['const', 'override', 'var', 'alias']);
const NAMELESS = new Set(['enable', 'requires', 'diagnostic', 'const_assert']);

/** As deep as Tint goes. */
const DEEPEST = 127;

function requireFlat(tokens: readonly Token[], file: string): void {
  let depth = 0;
  for (const token of tokens) {
    if (token.text in PARTNERS) depth++;
    else if (/^[)\]}]$/.test(token.text)) depth--;
    if (depth > DEEPEST)
      throw errorAt(file, token, `more than ${DEEPEST} brackets are open here; use a variable.`);
  }
}

function parse(tokens: readonly Token[], file: string): ParsedFile {
  requireFlat(tokens, file);
  const named = new Map<string, Declaration>();
  const nameless: Declaration[] = [];
  for (let start = 0; start < tokens.length;) {
    const { text, word } = tokens[start];
    // A stray `;` is valid, and an @unroll mark outside functions is a header that talks about it.
    if (!word && text !== '@') {
      if (text !== ';' && !text.startsWith('//')) throw unexpected(file, tokens[start]);
      start++;
      continue;
    }
    let keyword = start;
    while (tokens[keyword]?.text === '@') {
      keyword = tokens[keyword + 2]?.text === '(' ? matching(tokens, keyword + 2) + 1 : keyword + 2;
    }
    const kind = tokens[keyword]?.text ?? '';
    const block = BLOCK.has(kind);
    if (!block && !VALUED.has(kind) && !NAMELESS.has(kind))
      throw unexpected(file, tokens[keyword] ?? tokens[start]);
    const open = block ? find(tokens, '{', keyword) : -1;
    const end = (block ? matching(tokens, open) : find(tokens, ';', keyword)) + 1;
    if (end > tokens.length) {
      const inner = unclosed(tokens, keyword);
      if (inner !== undefined && inner !== tokens[open])
        throw errorAt(file, inner, `"${inner.text}" is not closed.`);
      throw errorAt(file, tokens[start], `"${kind}" without its closing "${block ? '}' : ';'}"; add it.`);
    }
    const place = { file, keyword: keyword - start, body: block ? open - start : -1 };
    const declaration = describe(kind, tokens.slice(start, end), place);
    if (declaration.name === '') nameless.push(declaration);
    else if (named.has(declaration.name)) {
      throw errorAt(file, tokens[start], `"${declaration.name}" is declared twice; rename one.`);
    } else named.set(declaration.name, declaration);
    start = end;
  }
  return { named, nameless };
}

const PARTNERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The bracket without its partner: one that another kind of bracket closes, or the innermost one at the end. */
function unclosed(tokens: readonly Token[], from: number): Token | undefined {
  const open: Token[] = [];
  for (const token of tokens.slice(from)) {
    if (token.text in PARTNERS) open.push(token);
    else if (/^[)\]}]$/.test(token.text)) {
      const inner = open.pop();
      if (inner && PARTNERS[inner.text] !== token.text) return inner;
    }
  }
  return open.at(-1);
}

function describe(
  kind: string,
  tokens: readonly Token[],
  place: Pick<Declaration, 'file' | 'keyword' | 'body'>,
): Declaration {
  const { keyword } = place;
  const at = Math.max(keyword, templateEnd(tokens, keyword + 1)) + 1;
  const end = tokens.length - 1;
  const equals = VALUED.has(kind) ? find(tokens, '=', at, end) : end;
  const typed = VALUED.has(kind) && tokens[at + 1]?.text === ':';
  return {
    kind,
    name: NAMELESS.has(kind) ? '' : (tokens[at]?.text ?? ''),
    tokens,
    ...place,
    type: typed ? [at + 2, equals] : [at, at],
    value: [Math.min(equals + 1, end), end],
  };
}

function unexpected(file: string, token: Token): KernelError {
  const problem = `unexpected "${token.text}" at module scope; expected const, var, alias, struct or fn.`;
  return errorAt(file, token, problem);
}

/** What is wrong at a token of a file. */
export function errorAt(file: string, { line, column, text }: Token, problem: string): KernelError {
  const messages = [{ file, line, column, length: text.length, word: text, text: problem }];
  return new KernelError(`${file}.wgsl:${line}: ${problem}`, { messages });
}
