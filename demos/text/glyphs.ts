/** Characters that are not seen by themselves: how they are drawn, and how they are called. */
const HIDDEN: Readonly<Record<string, readonly [glyph: string, name: string]>> = {
  ' ': ['␣', 'space'],
  '\n': ['↵', 'line break'],
  '\t': ['⇥', 'tab'],
};

export const glyphOf = (character: string): string => HIDDEN[character]?.[0] ?? character;

/** ‘e’, or 'space' */
export const nameOf = (character: string): string => HIDDEN[character]?.[1] ?? `‘${character}’`;

/** A text on one line. */
export const onOneLine = (text: string): string => text.replaceAll('\n', '↵');
