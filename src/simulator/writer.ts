import type { SpecializedKernel } from '../kernels/kernel.ts';
import { compileKernel } from './compile.ts';
import type { Access } from './memory.ts';
import type { CompileOptions } from './module.ts';
import { Dispatch } from './run.ts';
import type { RunOptions } from './run.ts';

/** The invocation that writes an element. */
export interface Writer {
  readonly workgroup: readonly [x: number, y: number, z: number];
  /** Its index in the workgroup. */
  readonly lane: number;
}

export type WriterOptions = Omit<RunOptions, 'onAccess' | 'races' | 'workgroup'> &
  Pick<CompileOptions, 'outside'>;

/**
 * Looks for the invocation that writes a word of a buffer. It runs workgroup after workgroup, beginning with those that
 * lie in the grid where the word lies in the buffer: in most kernels one of them writes it. It yields after each
 * workgroup, so that a page can do something else in between. The buffers stay as they are.
 *
 * @returns undefined where no invocation writes it
 * @throws SimulationError as a run does
 */
export function* findWriter(
  kernel: SpecializedKernel,
  options: WriterOptions,
  variable: string,
  word: number,
): Generator<undefined, Writer | undefined> {
  const simulation = compileKernel(kernel, { checks: 'writes', outside: options.outside });
  const written = kernel.bindings.filter(({ access }) => access === 'read_write').map(({ name }) => name);
  const buffers = Object.fromEntries(
    Object.entries(options.buffers).map(([name, data]) => [
      name,
      written.includes(name) ? data.slice() : data,
    ]),
  );
  let invocation: number | undefined;
  const onAccess = ({ memory, word: first, words }: Access, own: number) => {
    if (memory.name === variable && first <= word && word < first + words) invocation ??= own;
  };
  const dispatch = new Dispatch(simulation, { ...options, buffers, onAccess });
  const [nx, ny, nz] = dispatch.counts;
  const share = word / ((buffers[variable]?.byteLength ?? 4) / 4);
  for (const group of outwards(Math.floor(share * nx * ny * nz), nx * ny * nz)) {
    const workgroup = [group % nx, Math.floor(group / nx) % ny, Math.floor(group / (nx * ny))] as const;
    dispatch.runWorkgroup(...workgroup);
    if (invocation !== undefined) {
      const [x, y, z] = kernel.workgroupSize;
      return { workgroup, lane: invocation - group * x * y * z };
    }
    yield;
  }
  return undefined;
}

/** 5, 6, 4, 7, 3 …: all numbers below `count`, those close to `start` first. */
function* outwards(start: number, count: number): Generator<number> {
  for (let distance = 0; distance < count; distance++) {
    if (start + distance < count) yield start + distance;
    if (distance > 0 && start - distance >= 0) yield start - distance;
  }
}
