import { KernelError } from '../errors.ts';
import { find, matching, templateEnd, tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';

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
  /** Half-open token range of the declared type (empty where it is left out). */
  readonly type: readonly [number, number];
  /** Half-open token range after the `=` (empty where there is none). */
  readonly value: readonly [number, number];
}

/** A parsed file: its declarations by name, in source order, and the nameless ones. */
export interface ParsedFile {
  readonly named: ReadonlyMap<string, Declaration>;
  readonly nameless: readonly Declaration[];
}

const cache = new Map<string, ParsedFile>();
/** A live shader editor makes a new source at each key press: the cache starts over when it is full. */
const CACHE_ENTRIES = 512;

/** Parses a source once and remembers it by its text. `name` is for errors. */
export function parseFile(source: string, name: string): ParsedFile {
  let parsed = cache.get(source);
  if (parsed === undefined) {
    if (cache.size >= CACHE_ENTRIES) cache.clear();
    parsed = parseTokens(tokenize(source), name);
    cache.set(source, parsed);
  }
  return parsed;
}

/** Parses one declaration. */
export function parseDeclaration(source: string, name: string): Declaration {
  const { named, nameless } = parseTokens(tokenize(source), name);
  for (const declaration of named.values()) return declaration;
  return nameless[0];
}

const VALUED = new Set(['const', 'override', 'var', 'alias']);
const NAMELESS = new Set(['enable', 'requires', 'diagnostic', 'const_assert']);

function parseTokens(tokens: readonly Token[], file: string): ParsedFile {
  const named = new Map<string, Declaration>();
  const nameless: Declaration[] = [];
  for (let start = 0; start < tokens.length; ) {
    if (!tokens[start].word && tokens[start].text !== '@') {
      // A stray `;` is valid WGSL, and an @unroll mark outside functions is a header talking about it.
      if (tokens[start].text === ';' || tokens[start].text.startsWith('//')) start++;
      else throw unexpected(file, tokens[start]);
      continue;
    }
    let keyword = start;
    while (tokens[keyword]?.text === '@') keyword += tokens[keyword + 2]?.text === '(' ? matching(tokens, keyword + 2) - keyword + 1 : 2;
    const kind = tokens[keyword]?.text ?? '';
    const block = kind === 'fn' || kind === 'struct';
    if (!block && !VALUED.has(kind) && !NAMELESS.has(kind)) throw unexpected(file, tokens[keyword] ?? tokens[start]);
    const open = block ? find(tokens, '{', keyword) : -1;
    const last = block ? matching(tokens, open) : find(tokens, ';', keyword);
    if (last >= tokens.length) throw new KernelError(`${file}.wgsl line ${tokens[keyword].line}: "${kind} ${tokens[keyword + 1]?.text ?? ''}" is never closed; add the missing "${block ? '}' : ';'}".`);
    const declaration = describe(kind, tokens.slice(start, last + 1), keyword - start, block ? open - start : -1);
    if (declaration.name === '') nameless.push(declaration);
    else if (!named.has(declaration.name)) named.set(declaration.name, declaration);
    else throw new KernelError(`${file}.wgsl line ${tokens[keyword].line}: "${declaration.name}" is declared twice; rename one.`);
    start = last + 1;
  }
  return { named, nameless };
}

function describe(kind: string, tokens: readonly Token[], keyword: number, body: number): Declaration {
  const none: [number, number] = [0, 0];
  if (NAMELESS.has(kind)) return { kind, name: '', tokens, keyword, body, type: none, value: none };
  const name = tokens[keyword + 1].text === '<' ? templateEnd(tokens, keyword + 1) + 1 : keyword + 1;
  let type = none;
  let value = none;
  if (VALUED.has(kind)) {
    const end = tokens.length - 1;
    const equals = find(tokens, '=', name, end);
    if (tokens[name + 1].text === ':') type = [name + 2, equals];
    if (equals < end) value = [equals + 1, end];
  }
  return { kind, name: tokens[name].text, tokens, keyword, body, type, value };
}

function unexpected(file: string, token: Token): KernelError {
  return new KernelError(
    `${file}.wgsl line ${token.line}: unexpected "${token.text}" at module scope; expected a declaration such as "const", "var", "fn" or "struct".`,
  );
}
