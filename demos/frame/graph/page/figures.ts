import { create, percent } from '../../../shared/dom.ts';
import { bytesText, flopsText, rateText, timeText } from '../../../shared/units.ts';
import { rates } from '../../../../src/runtime/roofline/rates.ts';
import type { Rates } from '../../../../src/runtime/roofline/rates.ts';
import type { StepNode, StepTimes } from '../stepGraph.ts';
import { workgroupsText } from './texts.ts';

/** What was measured of a dispatch, beside what the machine can do. */
export interface Reached extends Rates {
  readonly microseconds: number;
  /** Part of the sum of all dispatches. */
  readonly share: number;
}

/** Undefined where the clock could not tell: a dispatch shorter than its steps. */
export function reachedOf({ index, flops, bytes }: StepNode, times: StepTimes): Reached | undefined {
  const microseconds = times.microseconds[index];
  if (!(microseconds > 0)) return undefined;
  const sum = times.microseconds.reduce((a, b) => a + b, 0);
  return {
    microseconds,
    share: microseconds / sum,
    ...rates(flops, bytes, microseconds / 1e3, times.ceilings),
  };
}

const entry = (term: string, text: string) =>
  create('div', {}, create('dt', {}, term), create('dd', {}, text));

/** Size, work and, once measured, speed of a dispatch. */
export function figuresOf(node: StepNode, times: StepTimes | undefined): HTMLElement {
  const { flops, bytes, workgroups } = node;
  const entries = [
    entry('Workgroups', workgroupsText(workgroups)),
    entry('Work', flops > 0 ? flopsText(flops) : 'no arithmetic'),
    entry('Memory', bytesText(bytes)),
  ];
  const reached = times && reachedOf(node, times);
  if (times && !reached) entries.unshift(entry('Time', 'too short to be measured'));
  if (reached) {
    const { microseconds, share, bound, ofCeiling } = reached;
    const isArithmetic = bound === 'arithmetic';
    entries.unshift(
      entry('Time', `${timeText(microseconds)}, ${percent(share)}`),
      entry(
        'Speed',
        isArithmetic ? rateText(1e9 * reached.gflops, 'FLOP') : rateText(1e9 * reached.gbs, 'B'),
      ),
      entry(
        isArithmetic ? 'Of this machine’s arithmetic' : 'Of this machine’s memory',
        percent(ofCeiling, 0),
      ),
    );
  }
  return create('dl', { className: 'node-figures' }, ...entries);
}
