import { digits, markdownTable } from './markdown.ts';
import type { Measured, Report } from './schema.ts';

export type Verdict = 'slower' | 'faster' | 'same' | 'new' | 'gone';

export interface Change {
  readonly id: string;
  readonly before?: Measured;
  readonly after?: Measured;
  /** Time after ÷ time before. */
  readonly ratio?: number;
  readonly verdict: Verdict;
}

/**
 * What has changed between two reports. Slower is what takes more than `threshold` longer by its median, and whose
 * middle half of samples lies apart from that of before: the scatter of a noisy machine is not a change.
 */
export function compare(before: Report, after: Report, threshold: number): Change[] {
  const old = new Map(before.results.map((result) => [result.id, result]));
  const own = new Set(after.results.map(({ id }) => id));
  return [
    ...after.results.map((result) => changeOf(old.get(result.id), result, threshold)),
    ...before.results
      .filter(({ id }) => !own.has(id))
      .map((result): Change => ({ id: result.id, before: result, verdict: 'gone' })),
  ];
}

function changeOf(before: Measured | undefined, after: Measured, threshold: number): Change {
  const { id } = after;
  if (!before) return { id, after, verdict: 'new' };
  const ratio = after.ms.median / before.ms.median;
  const slower = ratio > 1 + threshold && after.ms.q1 > before.ms.q3;
  const faster = ratio < 1 / (1 + threshold) && after.ms.q3 < before.ms.q1;
  return { id, before, after, ratio, verdict: slower ? 'slower' : faster ? 'faster' : 'same' };
}

/** What has changed as Markdown: a table of what differs, and how much does not. */
export function formatChanges(changes: readonly Change[], threshold: number): string {
  const order: readonly Verdict[] = ['slower', 'faster', 'new', 'gone'];
  const shown = changes
    .filter(({ verdict }) => verdict !== 'same')
    .toSorted(
      (a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict) || (b.ratio ?? 0) - (a.ratio ?? 0),
    );
  const count = (verdict: Verdict) => changes.filter((change) => change.verdict === verdict).length;
  const percent = Math.round(threshold * 100);
  const summary = `${count('slower')} slower, ${count('faster')} faster, ${count('same')} the same within ${percent}% or the scatter, ${count('new')} new, ${count('gone')} gone.`;
  if (shown.length === 0) return summary;
  const rows = shown.map(({ id, before, after, ratio, verdict }) => [
    id,
    before ? digits(before.ms.median) : '–',
    after ? digits(after.ms.median) : '–',
    ratio === undefined ? '–' : `${ratio.toFixed(2)}×`,
    verdict,
  ]);
  return `${markdownTable(['what', 'before, ms', 'after, ms', 'time', 'verdict'], rows, 'lrrrl')}\n\n${summary}`;
}

/** What makes two reports hard to compare; undefined where nothing does. */
export function mismatch(before: Report, after: Report): string | undefined {
  const differs = (['command', 'device', 'driver', 'runtime'] as const).find(
    (field) => before[field] !== after[field],
  );
  return differs && `the ${differs} was "${before[differs]}" and is "${after[differs]}"`;
}
