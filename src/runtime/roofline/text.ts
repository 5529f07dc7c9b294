import type { DispatchTiming } from '../profile.ts';
import { table } from '../table.ts';
import { rates } from './rates.ts';
import type { Ceilings } from './rates.ts';
import { rooflineOf, ticks } from './scale.ts';

const AREA = { left: 0, right: 63, top: 0, bottom: 15 };
const MARKS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** A dispatch with its letter in the drawing; none for those that only move data. */
interface Marked extends DispatchTiming {
  readonly mark: string;
}

/** The slowest first. */
function marked(timings: readonly DispatchTiming[]): Marked[] {
  let next = 0;
  return timings
    .toSorted((a, b) => b.microseconds - a.microseconds)
    .map((own) => ({ ...own, mark: own.gflops > 0 ? (MARKS[next++] ?? '·') : '' }));
}

/** The timings as a table, slowest first: with what bounds each dispatch, and how near it comes to that. */
export function formatProfile(timings: readonly DispatchTiming[], ceilings: Ceilings): string {
  const rows = marked(timings).map((own) => {
    const { gbs, bound, ofCeiling } = rates(own.flops, own.bytes, own.microseconds / 1000, ceilings);
    const isTimed = own.microseconds > 0;
    return [
      own.mark,
      own.label,
      own.kernel,
      own.variant,
      own.workgroups.join('×'),
      own.microseconds.toFixed(1),
      `${(own.share * 100).toFixed(1)}%`,
      own.gflops > 0 ? own.gflops.toFixed(2) : '',
      isTimed ? gbs.toFixed(2) : '',
      isTimed ? `${Math.round(100 * ofCeiling)}% ${bound}` : '',
    ];
  });
  const total = timings.reduce((sum, own) => sum + own.microseconds, 0).toFixed(1);
  const header = ['', 'dispatch', 'kernel', 'variant', 'workgroups', 'µs', 'share', 'GFLOP/s', 'GB/s', 'of ceiling']; // prettier-ignore
  return table([header, ...rows, ['', 'total', '', '', '', total, '', '', '', '']], [5, 6, 7, 8]);
}

/**
 * The roofline as text: each dispatch that computes is its letter in the table, the slowest one where several meet. To the
 * right: more FLOPs for each byte that is read or written; upward: more FLOPs in a second, up to what the machine reached.
 */
export function formatRoofline(timings: readonly DispatchTiming[], ceilings: Ceilings): string {
  const dots = marked(timings).filter(({ mark }) => mark !== '');
  const { x, y, toX, toY } = rooflineOf(ceilings, dots, AREA);
  const width = AREA.right + 1;
  const lines = Array.from({ length: AREA.bottom + 1 }, () => Array<string>(width).fill(' '));
  const put = (row: number, column: number, sign: string) => {
    if (lines[Math.round(row)]) lines[Math.round(row)][Math.round(column)] = sign;
  };
  for (let column = 0; column < width; column++) {
    const flopsPerByte = x[0] * (x[1] / x[0]) ** (column / AREA.right);
    const isSlope = flopsPerByte * ceilings.gbs < ceilings.gflops;
    put(toY(Math.min(ceilings.gflops, flopsPerByte * ceilings.gbs)), column, isSlope ? '╱' : '─');
  }
  for (const { flops, bytes, gflops, mark } of dots.toReversed()) put(toY(gflops), toX(flops / bytes), mark);
  const labels = new Map(ticks(y).map((value) => [Math.round(toY(value)), numberOf(value)]));
  const margin = Math.max(...[...labels.values()].map((label) => label.length));
  const axis = Array<string>(width + 6).fill(' ');
  for (const value of ticks(x)) [...numberOf(value)].forEach((sign, i) => (axis[Math.round(toX(value)) + i] = sign)); // prettier-ignore
  return [
    `${' '.repeat(margin)} GFLOP/s`,
    ...lines.map((line, row) => `${(labels.get(row) ?? '').padStart(margin)} │${line.join('').trimEnd()}`),
    `${' '.repeat(margin)} └${'─'.repeat(width)} FLOPs per byte`,
    `${' '.repeat(margin + 2)}${axis.join('').trimEnd()}`,
    `The line is what this machine reached: ${numberOf(ceilings.gflops)} GFLOP/s in multiply-adds, ${numberOf(ceilings.gbs)} GB/s in a copy.`,
  ].join('\n');
}

/** A few digits: 0.01, 3.4, 120 */
const numberOf = (value: number): string => String(Number(value.toPrecision(2)));
