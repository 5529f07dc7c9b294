import { specialize } from '../../src/kernels/specialize.ts';
import type { SpecializedKernel } from '../../src/kernels/kernel.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import type { CompileOptions } from '../../src/simulator/module.ts';
import { withoutSubgroupMatrices } from '../helpers/subgroupMatrix.ts';
import type { Recorded } from './record.ts';

/** The same kernel with its subgroup matrices in workgroup memory, as the tests' devices run it. */
export function emulated(kernel: SpecializedKernel): SpecializedKernel {
  const code = withoutSubgroupMatrices(kernel.code);
  return code === kernel.code ? kernel : { ...kernel, code, lineOrigins: undefined };
}

export interface Form extends CompileOptions {
  /** The file's own loops and arrays instead of the code that the GPU ran. */
  readonly rolled?: boolean;
}

/**
 * What the simulator says of a recorded dispatch that the GPU does not: differing numbers and races. Empty: nothing.
 * Kernels may read outside a buffer at the edges, as WebGPU allows: what they then use is NaN here.
 */
export function differences(
  { dispatch, before, after }: Recorded,
  { rolled = false, ...options }: Form,
  subgroupSize: number | undefined,
): string[] {
  const { source, workgroups, bindings, label } = dispatch;
  const kernel = rolled ? specialize(source.file, source.specialization, { rolled: true }) : dispatch.kernel;
  const buffers = Object.fromEntries(Object.entries(before).map(([name, words]) => [name, words.slice()]));
  const { races } = run(compileKernel(emulated(kernel), { outside: 'poison', ...options }), {
    buffers,
    workgroups,
    subgroupSize,
  });
  const found = races.map(({ message }) => `${label}: ${message}`);
  for (const { name, access, type } of dispatch.kernel.bindings) {
    if (access !== 'read_write' || !bindings.some((own) => own.name === name)) continue;
    const problem = unlike(buffers[name], after[name], type.includes('f'));
    if (problem) found.push(`${label} (${kernel.name}): ${name}${problem}`);
  }
  return found;
}

/** Compilers contract a * b + c, and exp and its like differ in their last bits; sums of many then differ by more. */
const RELATIVE = 1e-4;
const OF_LARGEST = 1e-5;

/** The first word that differs by more than the arithmetic of a GPU may; whole numbers may not at all. */
export function unlike(found: Uint32Array, expected: Uint32Array, float: boolean): string | undefined {
  const [a, b] = [found, expected].map(
    ({ buffer, byteOffset, length }) => new Float32Array(buffer, byteOffset, length),
  );
  let largest = 0;
  for (const value of b) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  for (let i = 0; i < found.length; i++) {
    if (found[i] === expected[i] || Object.is(a[i], b[i]) || a[i] === b[i]) continue;
    // Words of u32 may hold the bits of floats.
    const close =
      Math.abs(a[i] - b[i]) <= Math.max(RELATIVE * Math.abs(b[i]), float ? OF_LARGEST * largest : 0);
    const plausible = float || (Math.abs(b[i]) > 1e-20 && Math.abs(b[i]) < 1e20);
    if (close && plausible) continue;
    return float
      ? `[${i}] is ${a[i]}, not ${b[i]} (largest ${largest})`
      : `[${i}] is ${found[i]}, not ${expected[i]}`;
  }
  return undefined;
}
