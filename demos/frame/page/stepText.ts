import { figures } from '../../shared/dom.ts';
import type { ProgramFacts } from '../protocol.ts';

/** The sentence above the table of a training step's kernels. */
export function stepText({ dispatches, planBytes }: ProgramFacts, words?: string): string {
  const total = dispatches.reduce((sum, { flops }) => sum + flops, 0);
  return (
    `${dispatches.length} dispatches in one submit${words ? `: ${words}` : ''}. ` +
    `In total ${figures(total / 1e6)} million floating-point operations, with ${figures(planBytes / 2 ** 20)} MiB of GPU ` +
    `memory for the values in between. No data goes back to the CPU. Click a name to read its kernel.`
  );
}
