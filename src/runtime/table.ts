/** Rows as aligned columns under a rule; `right` names the columns to align at the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}
