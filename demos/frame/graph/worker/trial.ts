import { KernelError } from '../../../../src/index.ts';
import type { KernelMessage } from '../../../../src/index.ts';
import type { InspectedDispatch } from '../../../../src/runtime/inspect.ts';
import { compileKernel, GeneratedCodeError, run } from '../../../../src/simulator/index.ts';
import { steppable } from '../../../widgets/step/steppable.ts';

/** Iterations of loops, besides a multiple of what the original takes, after which a loop is taken for endless. */
const LEAST_BUDGET = 1_000_000;
const MORE = 20;
/** Iterations of loops that a trial makes at most, with a look for races: a few tenths of a second. */
const AFFORDED = 4_000_000;
/** What an invocation takes beside its loops. */
const INVOCATION = 4;
/** Words of what is written, in which races are looked for at most: that takes 72 bytes for each. */
const WATCHED = 2 ** 20;

type Workgroup = readonly [x: number, y: number, z: number];

/**
 * Runs an edited kernel in the simulator before it may run on the GPU, on the numbers that the dispatch finds in the
 * training, with a look for races: all workgroups where that takes little time, else as many of them as do.
 *
 * @returns in a sentence which were tried, and whether their numbers are those of the original
 * @throws KernelError with the places of races, of accesses outside of memory, of a loop that does not end
 */
export function tryEdit(inspected: InspectedDispatch, text: string): string {
  const [original, edited] = [runnable(inspected), runnable(inspected, text)];
  try {
    const first: Workgroup[] = [[0, 0, 0]];
    const { iterations } = original.run(first, { checks: false });
    const cost = iterations + INVOCATION * productOf(original.workgroupSize);
    const budgetOf = (workgroups: number) => LEAST_BUDGET + MORE * cost * workgroups;
    edited.run(first, { checks: false, budget: budgetOf(1) }); // a loop without end is found soon
    const count = productOf(inspected.workgroups);
    const words = inspected.bindings.reduce(
      (sum, { access, data }) => sum + (access === 'read_write' ? data.byteLength / 4 : 0),
      0,
    );
    const most = Math.min(AFFORDED / cost, (WATCHED * count) / words);
    const chosen = someOf(inspected.workgroups, most);
    const found = edited.run(chosen, { checks: true, budget: budgetOf(chosen.length) });
    if (found.races.length > 0) throw raceError(inspected, found.races);
    const what = toldOf(chosen.length, count);
    const expected = original.run(chosen, { checks: false });
    for (const [name, data] of Object.entries(expected.buffers)) {
      const own = found.buffers[name];
      const place = data.findIndex((value, i) => !isNear(own[i], value));
      if (place < 0) continue;
      return `${what}, and the numbers differ from the original's: ${name}[${place}] is ${own[place]} instead of ${data[place]}.`;
    }
    return `${what}, and the numbers are those of the original.`;
  } catch (error) {
    if (!(error instanceof GeneratedCodeError)) throw error;
    throw new KernelError(
      'The site’s policy forbids the simulator: an edit cannot be tried before it runs on the GPU.',
    );
  }
}

const productOf = (extents: readonly number[]) => extents.reduce((product, extent) => product * extent, 1);

const toldOf = (tried: number, all: number): string =>
  tried === all
    ? `No race in ${all === 1 ? 'its workgroup' : `any of its ${all} workgroups`}`
    : `No race in the ${tried} of ${all} workgroups that were tried`;

/**
 * At most so many workgroups of a dispatch, and at least one: the first ones, since neighbours are the likeliest to meet, and
 * as many spread over the others, up to the last, which is the one that may be partly filled.
 */
function someOf([nx, ny, nz]: Workgroup, most: number): Workgroup[] {
  const all = nx * ny * nz;
  const count = Math.max(1, Math.min(all, Math.floor(most)));
  const near = count === all ? all : Math.ceil(count / 2);
  const far = count - near;
  const spread = (i: number) => all - 1 - Math.floor(((far - 1 - i) * (all - near)) / far);
  return Array.from({ length: count }, (_, i) => {
    const at = i < near ? i : spread(i - near);
    return [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
  });
}

interface How {
  readonly checks: boolean;
  readonly budget?: number;
}

function runnable(inspected: InspectedDispatch, text?: string) {
  const { kernel, workgroups, buffers, subgroupSize } = steppable(inspected, text);
  return {
    workgroupSize: kernel.workgroupSize,
    run(only: readonly Workgroup[], { checks, budget }: How) {
      const own = Object.fromEntries(buffers.map(({ name, data }) => [name, data.slice()]));
      const simulation = compileKernel(kernel, { outside: 'poison', checks });
      const result = run(simulation, { buffers: own, workgroups, only, subgroupSize, budget });
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
