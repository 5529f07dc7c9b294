import { evaluate } from './evaluate.ts';
import type { Lookup } from './evaluate.ts';
import type { Declaration } from './parse.ts';
import { find, templateEnd } from './tokens.ts';
import type { Token } from './tokens.ts';
import { templateComma } from './unroll.ts';

export interface Layout {
  readonly size: number;
  readonly align: number;
}

const roundUp = (multiple: number, value: number) => Math.ceil(value / multiple) * multiple;

/** Size and alignment in bytes of a type in tokens[from, to), by the WGSL table of alignments; 0 if unknown. */
export function layoutOf(
  tokens: readonly Token[],
  from: number,
  to: number,
  declarations: ReadonlyMap<string, Declaration>,
  lookup: Lookup,
): Layout {
  const { text } = tokens[from];
  const inner = tokens[from + 1]?.text === '<' && from + 1 < to ? templateEnd(tokens, from + 1) : -1;
  const nested = (end: number) => layoutOf(tokens, from + 2, end, declarations, lookup);
  const vector = /^(?:vec|mat([234])x)([234])([fiuh]?)$/.exec(text);
  if (vector !== null) {
    const scalar = inner === -1 ? (vector[3] === 'h' ? 2 : 4) : nested(inner).size;
    const rows = Number(vector[2]);
    const align = scalar * (rows === 2 ? 2 : 4);
    return vector[1] === undefined ? { size: scalar * rows, align } : { size: align * Number(vector[1]), align };
  }
  if (text === 'atomic') return nested(inner);
  if (text === 'array') {
    const comma = templateComma(tokens, from + 2, inner);
    const element = nested(comma);
    const count = Number(evaluate(tokens, comma + 1, inner, lookup)?.value ?? 0);
    return { size: count * roundUp(element.align, element.size), align: element.align };
  }
  const declared = declarations.get(text);
  if (declared?.kind === 'alias') return layoutOf(declared.tokens, ...declared.value, declarations, lookup);
  if (declared?.kind === 'struct') return structLayout(declared, declarations, lookup);
  return text === 'f16' ? { size: 2, align: 2 } : { size: 4, align: 4 };
}

function structLayout(declared: Declaration, declarations: ReadonlyMap<string, Declaration>, lookup: Lookup): Layout {
  const { tokens, body } = declared;
  let size = 0;
  let align = 1;
  for (let colon = find(tokens, ':', body + 1); colon < tokens.length; ) {
    const end = Math.min(templateComma(tokens, colon + 1, tokens.length), tokens.length - 1);
    const member = layoutOf(tokens, colon + 1, end, declarations, lookup);
    size = roundUp(member.align, size) + member.size;
    align = Math.max(align, member.align);
    colon = find(tokens, ':', end);
  }
  return { size: roundUp(align, size), align };
}
