import type { Tensor } from '../../src/ops/core/op.ts';
import { coordsOf } from '../reference/array.ts';
import { makeCase } from './case.ts';
import type { FuzzCase, Wanted } from './case.ts';
import type { Runner } from './runner.ts';

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

/** Runs cases in one program; what is wrong with which. Throws what compiling or running throws. */
async function runTogether(runner: Runner, cases: readonly FuzzCase[]): Promise<Failure[]> {
  const outputs: Record<string, Tensor> = {};
  for (const { seed, wanted } of cases)
    for (const [i, { tensor }] of wanted.entries()) outputs[`${seed}/${i}`] = tensor;
  const found = await runner(outputs, {
    feed: new Map(cases.flatMap((own) => [...own.feed])),
    variables: new Map(cases.flatMap((own) => [...own.variables])),
  });
  return cases.flatMap(({ seed, text, wanted }) => {
    const messages = wanted.map((own, i) => mismatch(own, found.get(`${seed}/${i}`)!));
    const wrong = messages.filter((message) => message !== undefined);
    return wrong.length > 0 ? [{ seed, text, message: wrong.join('\n  ') }] : [];
  });
}

/** What seems to fail in one program: all of the cases where it cannot be compiled or run. */
async function suspectsOf(runner: Runner, cases: readonly FuzzCase[]): Promise<Failure[]> {
  try {
    return await runTogether(runner, cases);
  } catch (error) {
    return cases.map((own) => ({ ...own, message: messageOf(error) }));
  }
}

/** Runs the cases of some seeds, all in one program: compiling is what takes long. Each one that fails is tried again by itself. */
export async function runSeeds(
  runner: Runner,
  seeds: readonly number[],
): Promise<{ failures: Failure[]; cases: FuzzCase[] }> {
  const failures: Failure[] = [];
  const cases: FuzzCase[] = [];
  for (const seed of seeds) {
    try {
      cases.push(makeCase(seed));
    } catch (error) {
      failures.push({ seed, text: '', message: messageOf(error) });
    }
  }
  const suspects = await suspectsOf(runner, cases);
  const alone: Failure[] = [];
  for (const { seed } of suspects)
    alone.push(...(await suspectsOf(runner, [cases.find((own) => own.seed === seed)!])));
  failures.push(...alone);
  // By themselves all of them are right.
  if (suspects.length > 0 && alone.length === 0) failures.push({ ...suspects[0], among: seeds });
  return { failures, cases };
}
