import { Variable, adam, ops } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import { bytesMoved } from '../../src/runtime/describe/nodes.ts';
import type { LoweredDispatch } from '../../src/runtime/lower.ts';
import { rates } from '../../src/runtime/roofline/rates.ts';
import { random } from '../../test/reference/array.ts';
import { adam as adam64 } from '../../test/reference/optimizers.ts';
import type { Ceilings, KernelResult, Pass } from '../report/schema.ts';
import { choicesOf, isolated } from './cases.ts';
import type { KernelCase } from './cases.ts';
import { Expectation, relativeError } from './expectation.ts';
import { timeCommands, timeStep } from './timing.ts';
import type { Timing, TimingOptions } from './timing.ts';

/** What every measurement of a run has in common. */
export interface Bench {
  readonly gpu: Gpu;
  readonly ceilings: Ceilings;
  readonly timing: TimingOptions;
}

/** A form that a case can take. */
export interface Candidate {
  readonly variant: string;
  /** To force, by op name. */
  readonly variants: Readonly<Record<string, string>>;
  /** wgrad takes it by itself. */
  readonly chosen: boolean;
}

export type Which = 'chosen' | 'rungs' | 'all';

/**
 * The forms of a case. Names with a colon spell out the tiles of a rung; they are a tuner's matter and come only with
 * `all`, save for the one that is chosen.
 */
export function candidatesOf({ node }: KernelCase, gpu: Gpu, which: Which): Candidate[] {
  const choices = choicesOf(node, gpu.target);
  const variant = [...new Set(choices.map(({ preferred }) => preferred))].join(', ') || 'only';
  const others = choices.flatMap(({ opName, candidates, preferred }) =>
    candidates
      .filter((own) => own !== preferred && (which === 'all' || !own.includes(':')))
      .filter((own) => !own.endsWith(':half')) // rounds its operands: no other form of the same numbers
      .map((own) => ({ variant: own, variants: { [opName]: own }, chosen: false })),
  );
  return [{ variant, variants: {}, chosen: true }, ...(which === 'chosen' ? [] : others)];
}

/**
 * Holds a variant against float64, then times it.
 *
 * @throws Error where it is wrong
 */
export async function measure(
  bench: Bench,
  own: KernelCase,
  candidate: Candidate,
  expectation: Expectation,
): Promise<KernelResult> {
  const { inputs, outputs } = isolated(own.node);
  const names = outputs.map((_, i) => `output ${i}`);
  const define = () => Object.fromEntries(outputs.map((tensor, i) => [names[i], tensor]));
  const { op } = own.node;
  const program = await bench.gpu.compile(define, { label: op.name, variants: candidate.variants });
  try {
    expectation.write(program, inputs);
    const firstMs = await timeStep(program);
    const error = await expectation.check(program, names);
    const timing = await timeCommands(bench.gpu, program.commands, bench.timing);
    const { pass, shapes, models } = own;
    const id = `${op.name} ${shapes} [${candidate.variant}]`;
    const about = { id, op: op.name, pass, shapes, models, ...candidate, firstMs, error };
    return resultOf(about, program.build.dispatches, timing, bench.ceilings);
  } finally {
    program.destroy();
  }
}

/** Adam's update of so many weights, as it ends every training step: a trial, the verdict, the update. */
export async function measureUpdate(bench: Bench, count: number, models: string[]): Promise<KernelResult> {
  const [weights, slopes] = [random(1, [count]), random(2, [count])];
  const variable = new Variable({ name: 'w', shape: [count], initialize: (data) => data.set(weights.data) });
  const gradient = ops.input('gradient', [count]);
  const program = await bench.gpu.compile(
    (g) => {
      const w = ops.read(variable);
      g.minimize(ops.reduceSum(ops.multiply(w, gradient)), [variable], adam());
      return { w };
    },
    { label: 'adam' },
  );
  try {
    program.write(gradient, Float32Array.from(slopes.data));
    const firstMs = await timeStep(program);
    const expected = weights.data.slice();
    adam64(count).step(expected, slopes.data);
    const found = await program.read('w');
    const error = relativeError(expected, (i) => found[i]);
    if (!(error < 1e-6)) throw new Error(`the weights differ from float64 by ${error}: not timed`);
    const isUpdate = ({ label }: { label: string }) => label.startsWith('optimizer');
    const timing = await timeCommands(bench.gpu, program.commands.filter(isUpdate), bench.timing);
    const shapes = `${count} weights`;
    const about = { id: `adam ${shapes} [only]`, op: 'adam', pass: 'update' as Pass, shapes, models };
    const form = { variant: 'only', chosen: true, firstMs, error };
    return resultOf({ ...about, ...form }, program.build.dispatches.filter(isUpdate), timing, bench.ceilings);
  } finally {
    program.destroy();
  }
}

type About = Pick<
  KernelResult,
  'id' | 'op' | 'pass' | 'shapes' | 'models' | 'variant' | 'chosen' | 'firstMs' | 'error'
>;

function resultOf(
  { id, op, pass, shapes, models, variant, chosen, firstMs, error }: About,
  dispatches: readonly LoweredDispatch[],
  { ms, cpuMs }: Timing,
  ceilings: Ceilings,
): KernelResult {
  const flops = dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
  const bytes = dispatches.reduce((sum, dispatch) => sum + bytesMoved(dispatch), 0);
  return {
    id,
    op,
    pass,
    models,
    shapes,
    variant,
    chosen,
    kernels: [...new Set(dispatches.map(({ kernel }) => kernel.name))],
    flops,
    bytes,
    ms,
    ...rates(flops, bytes, ms.median, ceilings),
    ...(cpuMs !== undefined && { cpuMs }),
    firstMs,
    error,
  };
}
