import { KernelError } from '../errors.ts';
import { concrete, evaluate } from './evaluate.ts';
import type { Constant } from './evaluate.ts';
import { layoutOf } from './layout.ts';
import { parseDeclaration, parseFile } from './parse.ts';
import type { Declaration } from './parse.ts';
import { scalarize } from './scalarize.ts';
import { find, join, matching, tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';
import { expandFunction, templateComma } from './unroll.ts';

/** A kernel as it lies on disk: `shaders/matmul/1_naive.wgsl` has the name `matmul/1_naive`. */
export interface KernelFile {
  readonly name: string;
  readonly source: string;
}

export type ConstantValue = number | boolean | readonly number[];

/** What to change in a kernel file. */
export interface Specialization {
  /** New values of `const` declarations; the declared type stays, an array takes the length of its value. */
  readonly constants?: Readonly<Record<string, ConstantValue>>;
  /** New types of `alias` declarations, such as `{ Value: 'vec4f' }`. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** New bodies (statements) of functions, such as `{ epilogue: 'return relu(value);' }`. */
  readonly functions?: Readonly<Record<string, string>>;
  /** Sources from which functions, constants and types that the file lacks are taken. */
  readonly library?: readonly string[];
}

/** A storage buffer that the specialised kernel uses. `type` has its aliases resolved: `array<vec4f>`. */
export interface BindingInfo {
  readonly name: string;
  readonly group: 0;
  readonly binding: number;
  readonly access: 'read' | 'read_write';
  readonly type: string;
}

export interface SpecializedKernel {
  readonly name: string;
  readonly code: string;
  /** Only what the code uses, by binding number. */
  readonly bindings: readonly BindingInfo[];
  readonly workgroupSize: readonly [number, number, number];
  /** Bytes of workgroup memory, as WebGPU counts them against its limit. */
  readonly workgroupBytes: number;
  /** For each line of `code` the line of the kernel file it comes from, 0 where it comes from elsewhere. */
  readonly lineOrigins?: readonly number[];
}

/**
 * Makes one concrete kernel out of a file: rewrites constants, aliases and function bodies, appends what it needs
 * of the library, unrolls loops marked `// @unroll`, turns their arrays into named variables, folds `if`s over
 * constants and drops every declaration that `main` does not reach.
 *
 * @throws KernelError where the file does not parse, the specialisation names something the file does not have
 *   or gives it a value of the wrong kind, or a marked loop cannot be unrolled.
 */
export function specialize(file: KernelFile, specialization: Specialization = {}): SpecializedKernel {
  const declarations = declare(file, specialization);
  const lookup = constantLookup(declarations);
  const main = declarations.get('main');
  if (main?.kind !== 'fn') throw new KernelError(`${file.name}.wgsl has no "fn main"; every kernel needs this entry point.`);

  const parsed = parseFile(file.source, file.name);
  const bodies = new Map<Declaration, readonly Token[]>();
  const references = new Set(['main']);
  const roots = parsed.nameless.map((declaration) => declaration.tokens);
  for (const tokens of roots) collect(tokens, references);
  for (const name of references) {
    const declaration = declarations.get(name);
    if (declaration === undefined) continue;
    const { tokens, body } = declaration;
    let result = tokens;
    if (declaration.kind === 'fn') {
      const expanded = expandFunction(tokens, body, file.name, lookup, references);
      scalarize(expanded);
      result = expanded;
    } else collect(tokens, references);
    bodies.set(declaration, result);
  }

  const used = [...declarations.values()].filter((declaration) => bodies.has(declaration));
  const own = new Set(used.filter(({ name }) => parsed.named.has(name)));
  const text = emit(header(file, specialization), [
    ...roots.map((tokens) => ({ tokens, own: true })),
    ...used.map((declaration) => ({ tokens: bodies.get(declaration)!, own: own.has(declaration) })),
  ]);
  let workgroupBytes = 0;
  for (const { kind, tokens, keyword, type } of used) {
    if (kind !== 'var' || tokens[keyword + 2]?.text !== 'workgroup') continue;
    workgroupBytes += Math.ceil(layoutOf(tokens, ...type, declarations, lookup).size / 16) * 16;
  }
  return {
    name: file.name,
    ...text,
    bindings: bindingsOf(file.name, used, declarations),
    workgroupSize: workgroupSize(file.name, main, lookup),
    workgroupBytes,
  };
}

/** All declarations by name after the rewrites: the file's, then those only the library has. */
function declare(file: KernelFile, { constants, aliases, functions, library }: Specialization): Map<string, Declaration> {
  const { named } = parseFile(file.source, file.name);
  const declarations = new Map(named);
  const target = (kind: string, what: string, name: string) => {
    const declaration = named.get(name);
    if (declaration?.kind === kind) return declaration;
    const known = [...named.values()].filter((each) => each.kind === kind).map((each) => each.name);
    throw new KernelError(`${file.name}.wgsl has no ${what} "${name}"; it declares ${known.join(', ') || 'none'}.`);
  };
  for (const [name, value] of Object.entries(constants ?? {})) {
    const declaration = target('const', 'constant', name);
    declarations.set(name, parseDeclaration(constantText(file.name, declaration, value, declarations), file.name));
  }
  for (const [name, type] of Object.entries(aliases ?? {})) {
    target('alias', 'alias', name);
    declarations.set(name, parseDeclaration(`alias ${name} = ${type};`, file.name));
  }
  for (const [name, source] of Object.entries(functions ?? {})) {
    const { tokens, body, ...rest } = target('fn', 'function', name);
    const end = tokens.length - 1;
    const statements = tokenize(`{\n  ${source} }`).map((token) => ({ ...token, line: 0 }));
    if (matching(statements, 0) !== statements.length - 1) throw new KernelError(`${file.name}.wgsl: the new body of "${name}" has unbalanced brackets: ${source}`);
    const closing = { ...statements.pop()!, space: tokens[end].space || '\n' };
    declarations.set(name, { ...rest, body, tokens: [...tokens.slice(0, body), { ...statements.shift()!, space: ' ' }, ...statements, closing] });
  }
  library?.forEach((source, index) => {
    for (const [name, declaration] of parseFile(source, `library source ${index}`).named) {
      if (!declarations.has(name)) declarations.set(name, declaration);
    }
  });
  return declarations;
}

function constantLookup(declarations: ReadonlyMap<string, Declaration>): (name: string) => Constant | undefined {
  const known = new Map<string, Constant | undefined>();
  const lookup = (name: string): Constant | undefined => {
    if (known.has(name)) return known.get(name);
    known.set(name, undefined); // a cycle is not constant; the compiler reports it
    const declaration = declarations.get(name);
    if (declaration?.kind !== 'const') return undefined;
    const { tokens, type, value } = declaration;
    const result = evaluate(tokens, ...value, lookup);
    const declared = type[0] < type[1] && result?.type !== 'array' ? typeText(tokens, type, declarations) : result?.type;
    known.set(name, concrete(result, declared));
    return known.get(name);
  };
  return lookup;
}

/** A whole `const` declaration with the new value. */
function constantText(kernel: string, declaration: Declaration, value: ConstantValue, declarations: ReadonlyMap<string, Declaration>): string {
  const { name, tokens } = declaration;
  const range = declaration.type[0] < declaration.type[1] ? declaration.type : declaration.value;
  let type = typeText(tokens, range, declarations);
  if (range === declaration.value && !type.startsWith('array<')) type = concrete(evaluate(tokens, ...range, () => undefined))?.type ?? type;
  const element = /^array<(\w+),/.exec(type)?.[1];
  const wrong = (expected: string) =>
    new KernelError(`${kernel}.wgsl: constant ${name}: ${type.split('(')[0]} cannot be ${JSON.stringify(value) ?? value}; give it ${expected}.`);
  if (element !== undefined) {
    if (!Array.isArray(value) || value.length === 0) throw wrong('a non-empty array of numbers');
    const full = `array<${element}, ${value.length}>`;
    return `const ${name}: ${full} = ${full}(${value.map((item: number) => scalarText(element, item, wrong)).join(', ')});`;
  }
  return `const ${name}: ${type} = ${scalarText(type, value, wrong)};`;
}

function scalarText(type: string, value: ConstantValue, wrong: (expected: string) => KernelError): string {
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw wrong('true or false');
    return String(value);
  }
  if (type === 'u32' || type === 'i32') {
    const [low, high] = type === 'u32' ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) throw wrong(`a whole number from ${low} to ${high}`);
    return type === 'u32' ? `${value}u` : String(value);
  }
  if (type !== 'f32') throw wrong('nothing: only u32, i32, f32, bool and arrays of them can be specialised');
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) throw wrong('a finite number within the range of f32');
  return floatText(value);
}

/** Shortest decimal that gives the same f32: JavaScript's own, kept out of f32's overflow and with a point. */
function floatText(value: number): string {
  const rounded = Math.fround(value);
  const text = Object.is(value, -0) ? '-0' : String(Math.abs(value) > 3.4028234663852886e38 ? rounded : value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** A type as text without white space save after commas, aliases resolved. */
function typeText(tokens: readonly Token[], range: readonly [number, number], declarations: ReadonlyMap<string, Declaration>): string {
  let text = '';
  for (let i = range[0]; i < range[1]; i++) {
    const alias = declarations.get(tokens[i].text);
    text += alias?.kind === 'alias' ? typeText(alias.tokens, alias.value, declarations) : tokens[i].text;
    if (tokens[i].text === ',') text += ' ';
  }
  return text;
}

/** Adds the names that a declaration other than a function uses. */
function collect(tokens: readonly Token[], references: Set<string>): void {
  tokens.forEach(({ word, text }, i) => {
    if (word && tokens[i + 1]?.text !== ':' && tokens[i - 1]?.text !== '@') references.add(text);
  });
}

function header({ name }: KernelFile, { constants = {}, aliases = {}, functions = {} }: Specialization): string[] {
  const changes = [
    ...Object.entries(constants).map(([key, value]) => `${key} = ${Array.isArray(value) ? `[${value.join(', ')}]` : value}`),
    ...Object.entries(aliases).map(([key, type]) => `${key} = ${type}`),
    ...Object.keys(functions).map((key) => `${key}()`),
  ];
  return [`// ${name}.wgsl`, `// ${changes.length > 0 ? `specialised: ${changes.join(', ')}` : 'as it stands'}`];
}

function emit(head: readonly string[], parts: readonly { tokens: readonly Token[]; own: boolean }[]): { code: string; lineOrigins: number[] } {
  let code = head.join('\n');
  const lineOrigins = head.map(() => 0);
  for (const { tokens, own } of parts) {
    tokens.forEach(({ text, space, line }, index) => {
      const before = index === 0 ? '\n' : space;
      if (before[0] === '\n') lineOrigins.push(own ? line : 0);
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineOrigins.push(own ? line : 0);
      code += before + text;
    });
  }
  return { code: `${code}\n`, lineOrigins };
}

function bindingsOf(kernel: string, used: readonly Declaration[], declarations: ReadonlyMap<string, Declaration>): BindingInfo[] {
  const bindings: BindingInfo[] = [];
  for (const { kind, name, tokens, keyword, type } of used) {
    const attributes = join(tokens, 0, keyword).replace(/\s/g, '');
    const binding = /@binding\((\d+)[ui]?\)/.exec(attributes)?.[1];
    if (kind !== 'var' || binding === undefined) continue;
    const space = tokens[keyword + 1].text === '<' ? join(tokens, keyword + 2, find(tokens, '>', keyword)).replace(/\s/g, '') : '';
    if (!/^storage(,read|,read_write)?$/.test(space)) throw new KernelError(`${kernel}.wgsl: binding ${name} is var<${space}>; kernels bind storage buffers only, as everything else is baked.`);
    if (!/@group\(0[ui]?\)/.test(attributes)) throw new KernelError(`${kernel}.wgsl: binding ${name} must be in @group(0).`);
    const other = bindings.find((each) => each.binding === Number(binding));
    if (other !== undefined) throw new KernelError(`${kernel}.wgsl: ${other.name} and ${name} share @binding(${binding}); number one anew.`);
    const access = space.endsWith('read_write') ? 'read_write' : 'read';
    bindings.push({ name, group: 0, binding: Number(binding), access, type: typeText(tokens, type, declarations) });
  }
  return bindings.sort((a, b) => a.binding - b.binding);
}

function workgroupSize(kernel: string, main: Declaration, lookup: (name: string) => Constant | undefined): [number, number, number] {
  const { tokens, keyword } = main;
  const open = tokens.findIndex(({ text }, index) => text === 'workgroup_size' && index < keyword) + 1;
  if (open === 0) throw new KernelError(`${kernel}.wgsl: "fn main" lacks @workgroup_size.`);
  const close = matching(tokens, open);
  const size: [number, number, number] = [1, 1, 1];
  for (let axis = 0, from = open + 1; from < close; axis++) {
    const comma = templateComma(tokens, from, close);
    const value = evaluate(tokens, from, comma, lookup)?.value;
    if (typeof value !== 'number') throw new KernelError(`${kernel}.wgsl: @workgroup_size(${join(tokens, open + 1, close)}) is not made of constants.`);
    size[axis] = value;
    from = comma + 1;
  }
  return size;
}
