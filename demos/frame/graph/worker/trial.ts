import { KernelError } from '../../../../src/index.ts';
import type { KernelMessage } from '../../../../src/index.ts';
import type { InspectedDispatch } from '../../../../src/runtime/inspect.ts';
import { compileKernel, GeneratedCodeError, run } from '../../../../src/simulator/index.ts';
import { steppable } from '../../../widgets/step/steppable.ts';

/** Iterations of loops in a workgroup, besides a multiple of those of the original, after which a loop is taken for endless. */
const LEAST_BUDGET = 1_000_000;
const MORE = 20;
/** Iterations of loops that a trial makes at most: a few tenths of a second. */
const AFFORDED = 2_000_000;

/**
 * Runs an edited kernel in the simulator before it may run on the GPU, on the numbers that the dispatch finds in the
 * training: its first workgroup, with a look for races, and all of them if the original does that in short time.
 *
 * @returns in a sentence whether the numbers are those of the original
 * @throws KernelError with the places of races, of accesses outside of memory, of a loop that does not end
 */
export function tryEdit(inspected: InspectedDispatch, text: string): string {
  const [original, edited] = [runnable(inspected), runnable(inspected, text)];
  try {
    const first = original.run({ all: false, budget: undefined });
    const count = inspected.workgroups.reduce((product, extent) => product * extent, 1);
    const all = count * (first.iterations + 64) < AFFORDED;
    const budget = LEAST_BUDGET + MORE * first.iterations;
    const { races } = edited.run({ all: false, budget });
    if (races.length > 0) throw raceError(inspected, races);
    const expected = all ? original.run({ all, budget: undefined }) : first;
    const found = edited.run({ all, budget: budget * (all ? count : 1) });
    const what = all ? 'In the training' : 'In the first workgroup';
    for (const [name, data] of Object.entries(expected.buffers)) {
      const own = found.buffers[name];
      const place = data.findIndex((value, i) => !isNear(own[i], value));
      if (place < 0) continue;
      return `${what} the numbers differ from the original's: ${name}[${place}] is ${own[place]} instead of ${data[place]}.`;
    }
    return `${what} the numbers are those of the original.`;
  } catch (error) {
    if (!(error instanceof GeneratedCodeError)) throw error;
    throw new KernelError(
      'The site’s policy forbids the simulator: an edit cannot be tried before it runs on the GPU.',
    );
  }
}

function runnable(inspected: InspectedDispatch, text?: string) {
  const { kernel, workgroups, buffers, subgroupSize } = steppable(inspected, text);
  return {
    run({ all, budget }: { readonly all: boolean; readonly budget: number | undefined }) {
      const own = Object.fromEntries(buffers.map(({ name, data }) => [name, data.slice()]));
      const simulation = compileKernel(kernel, { outside: 'poison', checks: !all });
      const counts: readonly [number, number, number] = all ? workgroups : [1, 1, 1];
      const result = run(simulation, { buffers: own, workgroups: counts, subgroupSize, budget });
      return { ...result, buffers: own };
    },
  };
}

function raceError(
  { source: { file } }: InspectedDispatch,
  races: ReturnType<typeof run>['races'],
): KernelError {
  const messages = races.map(({ message, second: { place } }): KernelMessage => ({
    file: file.name,
    line: place.line,
    column: 0,
    length: 0,
    word: '',
    text: message,
  }));
  return new KernelError(races[0].message, { messages });
}

const isNear = (a: number, b: number): boolean =>
  Object.is(a, b) || Math.abs(a - b) <= 1e-4 * Math.max(1e-3, Math.abs(a), Math.abs(b));
