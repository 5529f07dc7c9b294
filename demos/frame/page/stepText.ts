import { bytesText, flopsText } from '../../shared/units.ts';
import type { ProgramFacts } from '../protocol.ts';

/** The sentence above the graph of a training step. */
export function stepText({ dispatches, planBytes }: ProgramFacts, words?: string): string {
  const total = dispatches.reduce((sum, { flops }) => sum + flops, 0);
  return (
    `${dispatches.length} dispatches in one submit${words ? `: ${words}` : ''}. ` +
    `In total ${flopsText(total)} (floating-point operations), with ${bytesText(planBytes)} of GPU memory for ` +
    `intermediate values. No data goes back to the CPU. Choose a dispatch to see its kernel and what it computes.`
  );
}
