import { KernelError } from '../errors.ts';
import { concrete, evaluate } from './evaluate.ts';
import type { Constant, Lookup } from './evaluate.ts';
import type { KernelFile, LineOrigin, Specialization, SpecializedKernel } from './kernel.ts';
import { parseFile } from './parse.ts';
import type { Declaration, ParsedFile } from './parse.ts';
import { bindingsOf, featuresOf, workgroupBytesOf, workgroupSizeOf } from './reflect.ts';
import { rewrite, typeText } from './rewrite.ts';
import type { Declarations } from './rewrite.ts';
import { scalarize } from './scalarize.ts';
import type { Token } from './tokens.ts';
import { expandFunction } from './unroll.ts';

/**
 * Makes one concrete kernel out of a file: rewrites constants, aliases and function bodies, takes what is missing
 * from the library, unrolls the loops marked `// @unroll`, turns their arrays into named variables, folds `if`s
 * over constants and drops every declaration that `main` does not reach.
 *
 * @param rolled leaves the functions as the file has them, with its loops, arrays and branches, to be stepped through.
 *   Buffers that only a branch not taken reads are then among the bindings too
 * @throws KernelError where the file does not parse, the specialisation names what the file does not declare or
 *   gives a value of the wrong kind, a marked loop cannot be unrolled, or a binding is not a buffer.
 */
export function specialize(
  file: KernelFile,
  specialization: Specialization = {},
  { rolled = false }: { readonly rolled?: boolean } = {},
): SpecializedKernel {
  const { nameless } = requireMain(file);
  const generated = directivesFor(specialization);
  const declarations = rewrite(file, specialization);
  const halved = specialization.halves?.declare(file.name, declarations);
  const lookup = constantLookup(declarations);
  const main = declarations.get('main')!;

  const references = new Set(['main']);
  for (const { tokens } of nameless) collect(tokens, references);
  const reached = new Map<string, readonly Token[]>();
  // A Set also visits what is added to it on the way.
  for (const name of references) {
    const declaration = declarations.get(name);
    if (declaration?.kind === 'fn') {
      const tokens = expandFunction(declaration, lookup, references, rolled);
      if (!rolled) scalarize(tokens);
      reached.set(name, halved ? halved(name, tokens) : tokens);
    } else if (declaration !== undefined) {
      collect(declaration.tokens, references);
      reached.set(name, declaration.tokens);
    }
  }

  const emitter = new Emitter(header(file.name, specialization));
  for (const { tokens } of generated) emitter.add(tokens, file.name);
  for (const { tokens } of nameless) emitter.add(tokens, file.name);
  const used = [...declarations.values()].filter(({ name }) => reached.has(name));
  for (const { name, file: origin } of used) emitter.add(reached.get(name)!, origin);
  return {
    name: file.name,
    code: emitter.code,
    bindings: bindingsOf(file.name, used, declarations),
    workgroupSize: workgroupSizeOf(file.name, main, lookup),
    workgroupBytes: workgroupBytesOf(used, declarations, lookup),
    features: featuresOf([...generated, ...nameless]),
    lineOrigins: emitter.lineOrigins,
  };
}

/**
 * The declarations of a file.
 *
 * @throws KernelError where it has no entry point: said before anything else, as of an empty text everything is missing
 */
export function requireMain(file: KernelFile): ParsedFile {
  const parsed = parseFile(file);
  if (parsed.named.get('main')?.kind === 'fn') return parsed;
  const what = parsed.named.size === 0 ? 'is empty: it has' : 'has';
  throw new KernelError(`${file.name}.wgsl ${what} no "fn main", the entry point of every kernel.`);
}

/** What the file need not enable for itself: f16, where an alias becomes such a type, or a buffer holds it. */
function directivesFor({ aliases = {}, halves }: Specialization): readonly Declaration[] {
  const half = halves || Object.values(aliases).some((type) => /^(f16|(vec|mat\dx)[234]h)$/.test(type));
  if (!half) return [];
  const { nameless } = parseFile({ name: 'generated', source: 'enable f16;' });
  return nameless.map((own) => ({ ...own, tokens: own.tokens.map((token) => ({ ...token, line: 0 })) }));
}

/** Values of module-scope constants, each evaluated once. */
function constantLookup(declarations: Declarations): Lookup {
  const known = new Map<string, Constant | undefined>();
  const lookup: Lookup = (name) => {
    if (known.has(name)) return known.get(name);
    known.set(name, undefined); // a cycle has no value; the compiler reports it
    const declaration = declarations.get(name);
    if (declaration?.kind !== 'const') return undefined;
    const { tokens, type, value } = declaration;
    const result = evaluate(tokens, ...value, lookup);
    const typed = type[0] < type[1] && result?.elements === undefined;
    known.set(name, typed ? concrete(result, typeText(tokens, type, declarations)) : result);
    return known.get(name);
  };
  return lookup;
}

/** Adds the names that a declaration other than a function uses. */
function collect(tokens: readonly Token[], references: Set<string>): void {
  tokens.forEach(({ word, text }, i) => {
    if (word && tokens[i + 1]?.text !== ':' && tokens[i - 1]?.text !== '@') references.add(text);
  });
}

function header(
  name: string,
  { constants = {}, aliases = {}, functions = {}, halves }: Specialization,
): string {
  const changes = [
    ...Object.entries(constants).map(
      ([key, value]) => `${key} = ${Array.isArray(value) ? `[${value.join(', ')}]` : value}`,
    ),
    ...Object.entries(aliases).map(([key, type]) => `${key} = ${type}`),
    ...Object.keys(functions).map((key) => `${key}(…)`),
    ...(halves?.names ?? []).map((key) => `${key} as f16`),
  ];
  return `// ${name}.wgsl${changes.length > 0 ? `, specialised: ${changes.join('; ')}` : ''}`.replaceAll(
    '\n',
    ' ',
  );
}

/** Joins tokens to code and notes where each line comes from. */
class Emitter {
  code: string;
  readonly lineOrigins: (LineOrigin | undefined)[] = [undefined];
  constructor(header: string) {
    this.code = header;
  }
  /** `file`: where the tokens come from; those of line 0 are generated. */
  add(tokens: readonly Token[], file: string): void {
    let code = '';
    for (let i = 0; i < tokens.length; i++) {
      const { text, line } = tokens[i];
      const space = i === 0 ? '\n' : tokens[i].space;
      code += space + text;
      const origin = line > 0 ? { file, line } : undefined;
      if (space.length > 0 && space !== ' ') this.lineOrigins.push(origin);
      // Variables that were an array share a token, on several lines.
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1))
        this.lineOrigins.push(origin);
    }
    this.code += code;
  }
}
