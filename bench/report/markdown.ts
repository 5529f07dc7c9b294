/**
 * A table in Markdown, its columns padded so that it reads well in a terminal, too.
 *
 * @param alignments a letter for each column: l or r
 */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  alignments: string,
): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((_, column) => Math.max(4, ...cells.map((row) => row[column].length)));
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  const [first, ...others] = cells.map((row) =>
    line(row.map((cell, i) => (alignments[i] === 'r' ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))),
  );
  const rule = line(
    widths.map((width, i) => (alignments[i] === 'r' ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))),
  );
  return [first, rule, ...others].join('\n');
}

/** Three digits that count: `0.0123`, `1.23`, `123`, `12,345`. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 999.5) return Math.round(value).toLocaleString('en-US');
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
}

/** `12.3 (11.9–12.8)` */
export function withQuartiles({ median, q1, q3 }: { median: number; q1: number; q3: number }): string {
  return `${digits(median)} (${digits(q1)}–${digits(q3)})`;
}

export const percent = (share: number): string => `${Math.round(share * 100)}%`;
