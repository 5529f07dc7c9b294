import { KernelError } from '../errors.ts';
import { concrete, evaluate } from './evaluate.ts';
import type { ConstantValue, KernelFile, Specialization } from './kernel.ts';
import { parseDeclaration, parseFile } from './parse.ts';
import type { Declaration, Range } from './parse.ts';
import { matching, tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';

export type Declarations = ReadonlyMap<string, Declaration>;

/** All declarations by name, the specialisation's changes made: the file's, then those only the library has. */
export function rewrite(
  file: KernelFile,
  { constants, aliases, functions, library }: Specialization,
): Map<string, Declaration> {
  const { named } = parseFile(file);
  const declarations = new Map(named);
  const original = (kind: string, word: string, name: string): Declaration => {
    const declaration = named.get(name);
    if (declaration?.kind === kind) return declaration;
    const known = [...named.values()].filter((each) => each.kind === kind).map((each) => each.name);
    throw new KernelError(
      `${file.name}.wgsl has no ${word} "${name}"; it declares ${known.join(', ') || 'none'}.`,
    );
  };
  for (const [name, type] of Object.entries(aliases ?? {})) {
    const [{ line }] = original('alias', 'alias', name).tokens;
    declarations.set(name, parseDeclaration(`alias ${name} = ${type};`, file.name, line));
  }
  for (const [name, value] of Object.entries(constants ?? {})) {
    const declaration = original('const', 'constant', name);
    const text = constantText(file.name, declaration, value, declarations);
    declarations.set(name, parseDeclaration(text, file.name, declaration.tokens[0].line));
  }
  for (const [name, statements] of Object.entries(functions ?? {})) {
    const declaration = original('fn', 'function', name);
    const { tokens, body } = declaration;
    const block = tokenize(` {\n  ${statements}\n}`, 0);
    if (matching(block, 0) !== block.length - 1) {
      throw new KernelError(
        `${file.name}.wgsl: brackets do not match in the new body of "${name}": ${statements}`,
      );
    }
    declarations.set(name, { ...declaration, tokens: [...tokens.slice(0, body), ...block] });
  }
  for (const shared of library ?? []) {
    for (const [name, declaration] of parseFile(shared).named) {
      if (!declarations.has(name)) declarations.set(name, declaration);
    }
  }
  widenBits(declarations);
  return declarations;
}

/** The library's Bits (shaders/shared/numbers.wgsl) are u32, and vec4u where Value is a vector. */
function widenBits(declarations: Map<string, Declaration>): void {
  const value = declarations.get('Value');
  if (value?.kind !== 'alias' || declarations.get('Bits')?.kind !== 'alias') return;
  const vector = typeText(value.tokens, value.value, declarations).startsWith('vec4');
  if (vector) declarations.set('Bits', parseDeclaration('alias Bits = vec4u;', '', 0));
}

/** Deeper aliases go in a circle, which the compiler reports. */
const MAX_ALIASES = 8;

/** A type as text, with aliases resolved and one space after each comma. */
export function typeText(
  tokens: readonly Token[],
  [from, to]: Range,
  declarations: Declarations,
  depth = 0,
): string {
  let text = '';
  for (let i = from; i < to; i++) {
    const alias = declarations.get(tokens[i].text);
    const resolve = alias?.kind === 'alias' && depth < MAX_ALIASES;
    text += resolve ? typeText(alias.tokens, alias.value, declarations, depth + 1) : tokens[i].text;
    if (tokens[i].text === ',') text += ' ';
  }
  return text;
}

/** The whole `const` declaration with its new value and its old type. */
function constantText(
  kernel: string,
  declaration: Declaration,
  value: ConstantValue,
  declarations: Declarations,
): string {
  const { name, tokens } = declaration;
  let type = typeText(tokens, declaration.type, declarations);
  if (type === '') {
    const inferred = concrete(evaluate(tokens, ...declaration.value, () => undefined));
    const named = inferred === undefined || inferred.elements !== undefined; // array<u32, 2>(…)
    type = named ? typeText(tokens, declaration.value, declarations) : inferred.type;
  }
  const element = /^array<(\w+),/.exec(type)?.[1];
  const wrong = (expected: string) => {
    const shown = Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
    return new KernelError(
      `${kernel}.wgsl: constant ${name}, ${type.split('(')[0]}, cannot be ${shown}; ${expected}.`,
    );
  };
  if (element === undefined) return `const ${name}: ${type} = ${scalarText(type, value, wrong)};`;
  if (!Array.isArray(value) || value.length === 0) throw wrong('give a list of at least one number');
  const sized = `array<${element}, ${value.length}>`;
  const items = value.map((item: number) => scalarText(element, item, wrong));
  return `const ${name}: ${sized} = ${sized}(${items.join(', ')});`;
}

type Wrong = (expected: string) => KernelError;

function scalarText(type: string, value: ConstantValue, wrong: Wrong): string {
  if (type === 'u32' || type === 'i32') {
    const whole = type === 'u32' ? Number(value) >>> 0 : Number(value) | 0;
    if (value !== whole) throw wrong(`give a whole number that fits ${type}`);
    return type === 'u32' ? `${value}u` : String(value);
  }
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw wrong('give true or false');
    return String(value);
  }
  if (type !== 'f32') throw wrong('only u32, i32, f32, bool and arrays of numbers can be rewritten');
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
    throw wrong('give a finite number that fits f32');
  return floatText(value);
}

const LARGEST_F32 = 3.4028234663852886e38;

/** Decimal text of an f32: JavaScript's shortest reads back as the same double, so it rounds to the same f32. */
function floatText(value: number): string {
  const rounded = Math.fround(value);
  // Compilers may refuse what lies beyond the largest f32, or below the smallest.
  const exact = rounded === 0 || Math.abs(value) > LARGEST_F32 ? rounded : value;
  const text = Object.is(exact, -0) ? '-0' : String(exact);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
