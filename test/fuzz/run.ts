import type { Tensor } from '../../src/ops/core/op.ts';
import type { DType } from '../../src/ops/core/shape.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { coordsOf } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { makeCase } from './case.ts';
import type { FuzzCase, Wanted } from './case.ts';
import { PROGRAM_SEED } from './ops/sources.ts';

export interface Failure {
  readonly seed: number;
  /** The graph, as far as it was made. */
  readonly text: string;
  readonly message: string;
  /** Seeds of the cases that shared its program, where it fails only among them. */
  readonly among?: readonly number[];
}

const messageOf = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Where the device's numbers are too far from the expected ones, in words. */
function mismatch({ what, expected, tolerance }: Wanted, found: ArrayLike<number>): string | undefined {
  const { data, shape } = expected;
  if (found.length !== data.length) return `${what}: ${found.length} elements, expected ${data.length}`;
  const wrong: number[] = [];
  data.forEach((value, i) => !(Math.abs(found[i] - value) <= tolerance[i]) && wrong.push(i));
  if (wrong.length === 0) return undefined;
  const excess = (i: number) => Math.abs(found[i] - data[i]) / tolerance[i];
  const worst = wrong.reduce((a, b) => (excess(b) > excess(a) ? b : a));
  const line = (i: number) => `at [${coordsOf(shape, i)}]: ${found[i]}, expected ${data[i]} ± ${tolerance[i].toExponential(2)}`; // prettier-ignore
  return `${what}: ${wrong.length} of ${data.length} elements differ\n    first ${line(wrong[0])}\n    worst ${line(worst)}`;
}

const ARRAYS = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array };
const typed = ({ data }: Array64, dtype: DType) => ARRAYS[dtype].from(data);

/** Runs cases in one program; what is wrong with which. Throws what compiling or running throws. */
async function runTogether(gpu: Gpu, cases: readonly FuzzCase[]): Promise<Failure[]> {
  const outputs: Record<string, Tensor> = {};
  for (const { seed, wanted } of cases)
    for (const [i, { tensor }] of wanted.entries()) outputs[`${seed}/${i}`] = tensor;
  const variables = new Map(cases.flatMap((own) => [...own.variables]));
  gpu.variables.allocate(variables.keys(), 'fuzz'); // also those that no output needs
  const program = await gpu.compile(() => outputs, { label: 'fuzz', seed: PROGRAM_SEED });
  try {
    gpu.variables.retain(variables.keys());
    for (const [variable, value] of variables) gpu.variables.write(variable, Float32Array.from(value.data));
    const used = new Set(program.inputs);
    for (const { feed } of cases) for (const [tensor, value] of feed) if (used.has(tensor)) program.write(tensor, typed(value, tensor.dtype)); // prettier-ignore
    await program.step();
    const failures: Failure[] = [];
    for (const { seed, text, wanted } of cases) {
      const messages: string[] = [];
      for (const [i, own] of wanted.entries()) {
        const message = mismatch(own, await program.read(`${seed}/${i}`));
        if (message) messages.push(message);
      }
      if (messages.length > 0) failures.push({ seed, text, message: messages.join('\n  ') });
    }
    return failures;
  } finally {
    program.destroy();
    gpu.variables.release(variables.keys());
  }
}

async function runAlone(gpu: Gpu, own: FuzzCase, errors: string[]): Promise<Failure[]> {
  try {
    const failures = await runTogether(gpu, [own]);
    if (errors.length === 0) return failures;
    return [{ ...own, message: `WebGPU: ${errors.splice(0).join('; ')}` }];
  } catch (error) {
    errors.length = 0;
    return [{ ...own, message: messageOf(error) }];
  }
}

/** The cases that seem to fail in one program: all of them where it cannot be compiled or run. */
async function suspectsOf(gpu: Gpu, cases: readonly FuzzCase[], errors: string[]): Promise<Failure[]> {
  try {
    const failures = await runTogether(gpu, cases);
    if (errors.length === 0) return failures;
    return cases.map((own) => ({ ...own, message: `WebGPU: ${errors.join('; ')}` }));
  } catch (error) {
    return cases.map((own) => ({ ...own, message: messageOf(error) }));
  } finally {
    errors.length = 0;
  }
}

/**
 * Runs the cases of some seeds, all in one program: compiling is what takes long. Each one that fails is tried again by
 * itself. `errors` collects what reaches the device outside any error scope.
 */
export async function runSeeds(
  gpu: Gpu,
  seeds: readonly number[],
  errors: string[],
): Promise<{ failures: Failure[]; cases: FuzzCase[] }> {
  // prettier-ignore
  const failures: Failure[] = [];
  const cases: FuzzCase[] = [];
  for (const seed of seeds) {
    try {
      cases.push(makeCase(seed));
    } catch (error) {
      failures.push({ seed, text: '', message: messageOf(error) });
    }
  }
  const suspects = await suspectsOf(gpu, cases, errors);
  const alone: Failure[] = [];
  for (const { seed } of suspects)
    alone.push(
      ...(await runAlone(
        gpu,
        cases.find((own) => own.seed === seed)!,
        errors,
      )),
    );
  failures.push(...alone);
  // By themselves all of them are right.
  if (suspects.length > 0 && alone.length === 0) failures.push({ ...suspects[0], among: seeds });
  return { failures, cases };
}
