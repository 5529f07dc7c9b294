import { input } from '../../ops/core/leaves.ts';
import { apply } from '../../ops/core/node.ts';
import { linearGrid } from '../../ops/core/op.ts';
import type { Op, Tensor } from '../../ops/core/op.ts';
import { openClock } from '../clock.ts';
import type { Command } from '../commands.ts';
import { repeatsFor } from '../profile.ts';
import type { Gpu } from '../session.ts';
import type { Ceilings } from './rates.ts';
import copySource from './shaders/copy.wgsl?raw';
import multiplyAddSource from './shaders/multiply_add.wgsl?raw';

const noGradient = { reason: 'it is a measurement' };

const SUMS = 32;
const WORKGROUP_SIZE = 64;

interface MultiplyAddAttrs {
  readonly steps: number;
  readonly workgroups: number;
}

const multiplyAddOp: Op<MultiplyAddAttrs> = {
  name: 'multiplyAdd',
  kind: 'kernel',
  infer: (_inputs, { workgroups }) => [{ shape: [workgroups * WORKGROUP_SIZE], dtype: 'f32' }],
  lower({ inputs: [factors], outputs: [output], attrs: { steps, workgroups } }, context) {
    context.dispatch({
      kernel: { name: 'roofline/multiply_add', source: multiplyAddSource },
      constants: { STEPS: steps, SUMS, WORKGROUP_SIZE },
      bindings: { factors, output },
      workgroups: [workgroups, 1, 1],
      flops: 2 * SUMS * steps * workgroups * WORKGROUP_SIZE,
    });
  },
  gradient: noGradient,
};

const COPY_GROUP = 256;

const copyOp: Op<null> = {
  name: 'copy',
  kind: 'kernel',
  infer: ([{ shape, dtype }]) => [{ shape, dtype }],
  lower({ inputs: [source], outputs: [output] }, context) {
    const count = output.shape[0] / 4;
    const { workgroups, gridX } = linearGrid(count, COPY_GROUP);
    context.dispatch({
      kernel: { name: 'roofline/copy', source: copySource },
      constants: { COUNT: count, WORKGROUP_SIZE: COPY_GROUP, GRID_X: gridX },
      bindings: { input: source, output },
      workgroups,
    });
  },
  gradient: noGradient,
};

/** a and b of s ← s · a + b. */
const FACTORS = Float32Array.of(0.9, 0.3);

/** Σ over the sums of invocation `i`, in float64. */
export function multiplyAddTotal(i: number, steps: number): number {
  const [a, b] = FACTORS;
  let total = 0;
  for (let s = 0; s < SUMS; s++) {
    let sum = s + (i % 8);
    for (let step = 0; step < steps; step++) sum = sum * a + b;
    total += sum;
  }
  return total;
}

/** How a timer tells what it found. */
interface Timed {
  readonly ms: { readonly least: number };
}
type Timer<T extends Timed> = (commands: readonly Command[]) => Promise<T>;

const SAMPLES = 9;
const SAMPLE_MICROSECONDS = 4000;

/** The fastest of some samples of commands that have run before. */
async function fastest({ device }: Gpu, commands: readonly Command[]): Promise<Timed> {
  const clock = openClock(device, SAMPLES);
  try {
    await clock.run(commands, 1, 1);
    const [once] = await clock.run(commands, 1, 1);
    const repeats = repeatsFor(1000 * once, SAMPLE_MICROSECONDS);
    const times = await clock.run(commands, repeats, SAMPLES);
    return { ms: { least: Math.min(...times) / repeats } };
  } finally {
    clock.destroy();
  }
}

/**
 * Measures how fast this machine is at best, by kernels that do nothing else.
 *
 * @param time the fastest of its samples counts
 * @throws Error where a result is wrong
 */
export async function measureCeilings<T extends Timed = Timed>(
  gpu: Gpu,
  time: Timer<T> = (commands) => fastest(gpu, commands) as Promise<T>,
): Promise<Ceilings & { readonly arithmetic: T; readonly memory: T }> {
  const { software } = gpu.device;
  // Work for every core, some milliseconds long.
  const attrs = software ? { steps: 2048, workgroups: 64 } : { steps: 1024, workgroups: 4096 };
  const factors = input('factors', [2]);
  const multiplied = apply(multiplyAddOp, [factors], attrs);
  const arithmetic = await run(gpu, time, factors, FACTORS, multiplied, (i) =>
    multiplyAddTotal(i, attrs.steps),
  );
  const bytes = software ? 2 ** 21 : 2 ** 26; // as large as the tensors of a model; on a GPU too large for its cache
  const source = input('source', [bytes / 4]);
  const data = Float32Array.from({ length: bytes / 4 }, (_, i) => i % 1021);
  const memory = await run(gpu, time, source, data, apply(copyOp, [source], null), (i) => data[i]);
  return {
    gflops: arithmetic.flops / arithmetic.timing.ms.least / 1e6,
    gbs: (2 * bytes) / memory.timing.ms.least / 1e6,
    arithmetic: arithmetic.timing,
    memory: memory.timing,
  };
}

async function run<T>(
  gpu: Gpu,
  time: (commands: readonly Command[]) => Promise<T>,
  source: Tensor,
  data: Float32Array,
  output: Tensor,
  expected: (i: number) => number,
): Promise<{ timing: T; flops: number }> {
  const program = await gpu.compile(() => ({ output }), { label: output.node.op.name });
  try {
    program.write(source, data);
    await program.step();
    const found = await program.read('output');
    for (const i of [0, 1, 77, found.length - 1]) {
      const right = expected(i);
      if (!(Math.abs(found[i] - right) <= 1e-4 * Math.abs(right))) {
        throw new Error(
          `${program.label}: element ${i} is ${found[i]}, not ${right}: the ceiling is not to be trusted`,
        );
      }
    }
    return { timing: await time(program.commands), flops: program.build.dispatches[0].flops };
  } finally {
    program.destroy();
  }
}
