import { formatCount, padEnd, padStart } from './format.ts';
import type { Terminal } from './terminal.ts';

/** counts[label][prediction] */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (let i = 0; i < labels.length; i++) counts[labels[i]][predictions[i]]++;
  return counts;
}

/** Errors from this share of a class on are shown in red. */
const MANY = 0.01;

/**
 * The matrix as aligned lines: a row per label, a column per prediction, at the end the share of the row that is
 * right. Class names that are not as short as digits head the rows only, with numbers over the columns.
 */
export function formatConfusion(
  counts: readonly number[][],
  classNames: readonly string[],
  terminal: Terminal,
): string {
  const short = classNames.every((name) => name.length <= 3);
  const heads = classNames.map((name, i) => (short ? name : String(i)));
  const rowNames = classNames.map((name, i) => (short ? name : `${i} ${name}`));
  const width = Math.max(
    ...counts.flat().map((count) => formatCount(count).length),
    ...heads.map((head) => head.length),
  );
  const nameWidth = Math.max(...rowNames.map((name) => name.length), 'label'.length);
  const dim = (text: string) => terminal.style('dim', text);

  const row = (name: string, cells: string[], end: string) =>
    `${padEnd(name, nameWidth)}  ${cells.map((cell) => padStart(cell, width)).join(' ')}  ${padStart(end, 7)}`;
  const rows = counts.map((line, label) => {
    const total = line.reduce((sum, count) => sum + count, 0);
    const cells = line.map((count, prediction) => {
      if (prediction === label) return terminal.style(['bold', 'green'], formatCount(count));
      if (count === 0) return dim('·');
      return terminal.style(count >= MANY * total ? 'red' : 'yellow', formatCount(count));
    });
    const right = total === 0 ? '–' : `${((line[label] / total) * 100).toFixed(1)}%`;
    return row(rowNames[label], cells, right);
  });
  return [dim(row('label', heads, 'right')), ...rows].join('\n');
}
