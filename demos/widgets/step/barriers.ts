/** A file's text without the barriers of some lines; the other lines stay where they are. */
export function withoutBarriers(source: string, lines: ReadonlySet<number>): string {
  const all = source.split('\n');
  return all
    .map((text, i) => (lines.has(i + 1) ? text.replace(/\b(?:workgroup|storage)Barrier\(\);/, '') : text))
    .join('\n');
}
