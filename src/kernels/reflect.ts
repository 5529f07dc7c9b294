import { KernelError } from '../errors.ts';
import { evaluate } from './evaluate.ts';
import type { Lookup } from './evaluate.ts';
import type { BindingInfo } from './kernel.ts';
import type { Declaration } from './parse.ts';
import { typeText } from './rewrite.ts';
import type { Declarations } from './rewrite.ts';
import { find, join, matching, templateEnd } from './tokens.ts';
import type { Token } from './tokens.ts';

/** The buffers among the declarations in use, by binding number. */
export function bindingsOf(
  kernel: string,
  used: readonly Declaration[],
  declarations: Declarations,
): BindingInfo[] {
  const bindings: BindingInfo[] = [];
  for (const { kind, name, tokens, keyword, type } of used) {
    const attributes = join(tokens, 0, keyword).replace(/\s/g, '');
    const binding = Number(/@binding\((\d+)/.exec(attributes)?.[1]);
    if (kind !== 'var' || Number.isNaN(binding)) continue;
    const problem = (text: string) => new KernelError(`${kernel}.wgsl: binding "${name}" ${text}`);
    const space = join(tokens, keyword + 1, templateEnd(tokens, keyword + 1) + 1).replace(/\s/g, '');
    if (!/^<(uniform|storage(,read|,read_write)?)>$/.test(space)) {
      throw problem(
        `is var${space}; kernels bind storage buffers, and uniform ones for what is read often; everything else is baked in.`,
      );
    }
    if (!attributes.includes('@group(0')) throw problem('is not in @group(0); put it there.');
    const other = bindings.find((each) => each.binding === binding);
    if (other !== undefined)
      throw problem(`shares @binding(${binding}) with "${other.name}"; give it another number.`);
    const access = space === '<uniform>' ? 'uniform' : space.endsWith(',read_write>') ? 'read_write' : 'read';
    bindings.push({ name, group: 0, binding, access, type: typeText(tokens, type, declarations) });
  }
  return bindings.sort((a, b) => a.binding - b.binding);
}

/** WebGPU's names of the features that `enable` directives ask for, by WGSL's. */
const FEATURES: Readonly<Record<string, string>> = {
  f16: 'shader-f16',
  chromium_experimental_subgroup_matrix: 'chromium-experimental-subgroup-matrix',
};

/** The features that the directives of a file enable. */
export function featuresOf(directives: readonly Declaration[]): string[] {
  return directives
    .filter(({ kind }) => kind === 'enable')
    .flatMap(({ tokens }) => tokens.filter(({ word }) => word).slice(1))
    .map(({ text }) => FEATURES[text] ?? text);
}

/** The arguments of @workgroup_size. */
export function workgroupSizeOf(kernel: string, main: Declaration, lookup: Lookup): [number, number, number] {
  const { tokens, keyword } = main;
  const open = tokens.findIndex(({ text }, i) => text === 'workgroup_size' && i < keyword) + 1;
  const close = open > 0 ? matching(tokens, open) : 0;
  const size: number[] = [];
  for (let from = open + 1; from < close;) {
    const comma = find(tokens, ',', from, close);
    size.push(evaluate(tokens, from, comma, lookup)?.value ?? NaN);
    from = comma + 1;
  }
  const [x = NaN, y = 1, z = 1] = size;
  if ([x, y, z].every((extent) => Number.isInteger(extent) && extent > 0)) return [x, y, z];
  const found = open > 0 ? `not @${join(tokens, open - 1, close + 1)}` : 'which is missing';
  throw new KernelError(`${kernel}.wgsl: "fn main" needs @workgroup_size of positive constants, ${found}.`);
}

const roundUp = (multiple: number, value: number) => Math.ceil(value / multiple) * multiple;

/** Workgroup memory of the declarations in use, in bytes: as WebGPU counts it, each variable rounded up to 16. */
export function workgroupBytesOf(
  used: readonly Declaration[],
  declarations: Declarations,
  lookup: Lookup,
): number {
  let bytes = 0;
  for (const { kind, tokens, keyword, type } of used) {
    if (kind !== 'var' || tokens[keyword + 2].text !== 'workgroup') continue;
    bytes += roundUp(16, layoutOf(tokens, type[0], type[1], declarations, lookup).size);
  }
  return bytes;
}

interface Layout {
  size: number;
  align: number;
}

/** Size and alignment of the type in tokens[from, to): WGSL specification, "Alignment and Size". */
function layoutOf(
  tokens: readonly Token[],
  from: number,
  to: number,
  declarations: Declarations,
  lookup: Lookup,
): Layout {
  const { text } = tokens[from];
  const end = from + 1 < to ? templateEnd(tokens, from + 1) : -1;
  const nested = (last: number) => layoutOf(tokens, from + 2, last, declarations, lookup);
  const vector = /^(?:vec|mat([234])x)([234])(h?)/.exec(text);
  if (vector !== null) {
    const scalar = vector[3] === 'h' ? 2 : end > 0 ? nested(end).size : 4;
    const align = scalar * (vector[2] === '2' ? 2 : 4);
    return { size: vector[1] === undefined ? scalar * Number(vector[2]) : align * Number(vector[1]), align };
  }
  if (text === 'atomic') return nested(end);
  if (text === 'array') {
    const comma = find(tokens, ',', from + 2, end);
    const { size, align } = nested(comma);
    return { size: roundUp(align, size) * (evaluate(tokens, comma + 1, end, lookup)?.value ?? 0), align };
  }
  const declared = declarations.get(text);
  if (declared === undefined) return text === 'f16' ? { size: 2, align: 2 } : { size: 4, align: 4 };
  const others = new Map(declarations); // a type within itself is the compiler's to report
  others.delete(text);
  if (declared.kind === 'struct') return structLayout(declared, others, lookup);
  return layoutOf(declared.tokens, ...declared.value, others, lookup);
}

function structLayout({ tokens, body }: Declaration, declarations: Declarations, lookup: Lookup): Layout {
  const last = tokens.length - 1;
  const total = { size: 0, align: 1 };
  for (let colon = find(tokens, ':', body + 1); colon < last;) {
    const end = find(tokens, ',', colon, last);
    const { size, align } = layoutOf(tokens, colon + 1, end, declarations, lookup);
    total.size = roundUp(align, total.size) + size;
    total.align = Math.max(align, total.align);
    colon = find(tokens, ':', end);
  }
  return { size: roundUp(total.align, total.size), align: total.align };
}
