import { SimulationError, findWriter } from '../../../src/simulator/index.ts';
import type { Writer } from '../../../src/simulator/index.ts';
import type { Steppable } from './steppable.ts';
import { BUDGET } from './walk.ts';

/** Milliseconds between two moments at which the page can do something else. */
const SLICE = 12;

/**
 * Looks for the invocation that writes a word of a buffer, in slices of time.
 *
 * @returns undefined where there is none, where the search was ended, and where the kernel goes wrong before it
 */
export async function searchWriter(
  { kernel, workgroups, subgroupSize, buffers }: Steppable,
  variable: string,
  word: number,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Writer | undefined> {
  const options = {
    buffers: Object.fromEntries(buffers.map(({ name, data }) => [name, data])),
    workgroups,
    subgroupSize,
    outside: 'poison',
    budget: BUDGET,
  } as const;
  const all = workgroups[0] * workgroups[1] * workgroups[2];
  try {
    const search = findWriter(kernel, options, variable, word);
    for (let done = 0, start = performance.now(); ; done++) {
      const { value, done: isFound } = search.next();
      if (isFound) return value;
      if (performance.now() - start < SLICE) continue;
      onProgress(done / all);
      await new Promise((resolve) => setTimeout(resolve));
      if (signal.aborted) return undefined;
      start = performance.now();
    }
  } catch (error) {
    if (error instanceof SimulationError) return undefined;
    throw error;
  }
}
