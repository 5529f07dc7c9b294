import { range } from '../../frame/settings.ts';
import type { Setting } from '../../frame/settings.ts';
import { number } from './numbers.ts';

/** A number that the reader moves between two ends, which the address keeps to, too. */
export function slider(options: {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  /** Of the slider: in decades where `scale` is 'log'. */
  readonly step: number;
  readonly scale?: 'log';
  readonly initial: number;
  /** Significant digits beside the slider; default 3. */
  readonly digits?: number;
}): Setting<number> {
  const { digits = 3, ...own } = options;
  const limits = [own.min, own.max] as const;
  return range({ ...own, acts: 'page', limits, show: (value) => number(value, digits) });
}
