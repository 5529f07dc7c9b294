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

/** The declarations of a source, parsed once and remembered by its text. `name` is for errors. */
export function parseFile(source: string, name: string): ParsedFile {
  let parsed = cache.get(source);
  if (parsed === undefined) {
    if (cache.size >= CACHE_ENTRIES) cache.clear();
    parsed = parse(tokenize(source), name);
    cache.set(source, parsed);
  }
  return parsed;
}

/** One generated declaration, as if it stood at `line` of the file. */
export function parseDeclaration(source: string, line: number): Declaration {
  const [declaration] = parse(tokenize(source, line), 'generated').named.values();
  return declaration;
}

const BLOCK = new Set(['fn', 'struct']);
const VALUED = new Set(['const', 'override', 'var', 'alias']);
const NAMELESS = new Set(['enable', 'requires', 'diagnostic', 'const_assert']);

function parse(tokens: readonly Token[], file: string): ParsedFile {
  const named = new Map<string, Declaration>();
  const nameless: Declaration[] = [];
  for (let start = 0; start < tokens.length;) {
    const { text, line, word } = tokens[start];
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
      throw new KernelError(
        `${file}.wgsl:${line}: "${kind}" without its closing "${block ? '}' : ';'}"; add it.`,
      );
    }
    const declaration = describe(kind, tokens.slice(start, end), keyword - start, block ? open - start : -1);
    if (declaration.name === '') nameless.push(declaration);
    else if (named.has(declaration.name)) {
      throw new KernelError(`${file}.wgsl:${line}: "${declaration.name}" is declared twice; rename one.`);
    } else named.set(declaration.name, declaration);
    start = end;
  }
  return { named, nameless };
}

function describe(kind: string, tokens: readonly Token[], keyword: number, body: number): Declaration {
  const at = Math.max(keyword, templateEnd(tokens, keyword + 1)) + 1;
  const end = tokens.length - 1;
  const equals = VALUED.has(kind) ? find(tokens, '=', at, end) : end;
  const typed = VALUED.has(kind) && tokens[at + 1]?.text === ':';
  return {
    kind,
    name: NAMELESS.has(kind) ? '' : (tokens[at]?.text ?? ''),
    tokens,
    keyword,
    body,
    type: typed ? [at + 2, equals] : [at, at],
    value: [Math.min(equals + 1, end), end],
  };
}

function unexpected(file: string, { line, text }: Token): KernelError {
  return new KernelError(
    `${file}.wgsl:${line}: unexpected "${text}" at module scope; expected const, var, alias, struct or fn.`,
  );
}
