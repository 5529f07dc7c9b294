import { create } from '../shared/dom.ts';

const KEYWORDS =
  'alias|bitcast|break|case|const|const_assert|continue|continuing|default|diagnostic|discard|else|enable|false|fn|for|if|let|loop|override|requires|return|struct|switch|true|var|while';
const TYPES =
  'array|atomic|bool|f16|f32|i32|mat[234]x[234][fh]?|ptr|sampler|texture_\\w+|u32|vec[234][fhiu]?|read|read_write|storage|uniform|workgroup|function|private';
/** A token of WGSL that has a colour; the name of its group is the class. */
export const TOKEN = new RegExp(
  [
    '(?<comment>\\/\\/.*)',
    '(?<attribute>@\\w+)',
    `\\b(?<keyword>${KEYWORDS})\\b`,
    `\\b(?<type>${TYPES})\\b`,
    '\\b(?<number>0x[\\da-fA-F]+[iu]?|\\d+(?:\\.\\d*)?(?:e[+-]?\\d+)?[fhiu]?)\\b',
    '\\b(?<constant>[A-Z][A-Z\\d_]+)\\b',
    '\\b(?<call>[a-z]\\w*)(?=\\()',
  ].join('|'),
  'g',
);

/** WGSL as lines of coloured, numbered code. */
export function listing(source: string): HTMLElement {
  const lines = source.trimEnd().split('\n');
  const code = create('code', {}, ...lines.map(line));
  return create('pre', { className: 'wgsl', translate: false }, code);
}

/** The class of a match of TOKEN. */
export function classOf({ groups }: RegExpMatchArray): string {
  return Object.entries(groups!).find(([, found]) => found !== undefined)![0];
}

function line(text: string): HTMLElement {
  const parts: (Node | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(end, match.index), create('span', { className: classOf(match) }, match[0]));
    end = match.index + match[0].length;
  }
  return create('span', { className: 'line' }, ...parts, text.slice(end), '\n');
}
