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
}): Setting<number> {
  const { min, max } = options;
  return range({ ...options, acts: 'page', limits: [min, max], show: (value) => number(value, 3) });
}
