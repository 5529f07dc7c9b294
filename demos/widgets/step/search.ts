import { SimulationError, compileKernel, findWriter, run } from '../../../src/simulator/index.ts';
import type { Writer } from '../../../src/simulator/index.ts';
import type { Steppable } from './steppable.ts';
import { BUDGET } from './walk.ts';
import type { Walk } from './walk.ts';

/** Milliseconds between two moments at which the page can do something else. */
const SLICE = 12;

/**
 * Looks for the invocation that writes a word of a buffer, in slices of time.
 *
 * @returns undefined where there is none, where the search was ended, and where the kernel goes wrong before it
 */
export async function searchWriter(
  dispatch: Steppable,
  variable: string,
  word: number,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Writer | undefined> {
  const { kernel, workgroups } = dispatch;
  const buffers = Object.fromEntries(dispatch.buffers.map(({ name, data }) => [name, data]));
  const options = { ...optionsOf(dispatch), buffers, outside: 'poison' } as const;
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

const optionsOf = ({ workgroups, subgroupSize }: Steppable) => ({ workgroups, subgroupSize, budget: BUDGET });

/** The first word that an invocation of a workgroup writes, by the buffer's name. */
export type FirstWrites = ReadonlyMap<string, number>;

/** Of each invocation of a workgroup, where it writes first; empty where the kernel goes wrong. */
export function firstWrites(dispatch: Steppable, workgroup: Walk['workgroup']): readonly FirstWrites[] {
  const { kernel, buffers } = dispatch;
  const [x, y, z] = kernel.workgroupSize;
  const found = Array.from({ length: x * y * z }, () => new Map<string, number>());
  const own = Object.fromEntries(
    buffers.map(({ name, data, writes }) => [name, writes ? data.slice() : data]),
  );
  try {
    run(compileKernel(kernel, { checks: 'writes', outside: 'poison' }), {
      ...optionsOf(dispatch),
      buffers: own,
      workgroup,
      onAccess({ memory: { name }, word }, invocation) {
        const lane = found[invocation % found.length];
        if (!lane.has(name)) lane.set(name, word);
      },
    });
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
  }
  return found;
}
