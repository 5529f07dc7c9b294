import type { Device } from '../device/device.ts';
import { isTensor } from './lower.ts';
import type { LoweredDispatch } from './lower.ts';
import { PassTimer } from './passTimer.ts';
import type { Program } from './program.ts';
import { table } from './table.ts';
import { formatChoice } from './tuning/report.ts';

/** The time of one dispatch of a program. */
export interface DispatchTiming {
  readonly label: string;
  /** Kernel file. */
  readonly kernel: string;
  /** The variant and who chose it, `direct (tuned)`; empty where there was no choice. */
  readonly variant: string;
  readonly workgroups: readonly [number, number, number];
  /** Median over the runs. Browsers round timestamps to about 100 µs. */
  readonly microseconds: number;
  /** GFLOP/s; 0 for kernels without floating-point work. */
  readonly gflops: number;
  /** Part of the whole step, 0 … 1. */
  readonly share: number;
}

/** Duration of a sample of a short kernel, in microseconds: long compared with the clock's steps and the pass itself. */
const SAMPLE_MICROSECONDS = 2000;
const MOST_REPEATS = 1000;

/**
 * Times every dispatch of a program on the GPU with timestamp queries, each in passes of its own. Those that only
 * compute intermediates are repeated within a pass until it is long enough to be timed; those that change lasting
 * memory (weights, counters) run once in it. The steps run for real: profile a program whose state you can spare.
 *
 * @throws AdapterError where the device has no timestamp-query
 */
export async function profile(device: Device, program: Program, runs = 10): Promise<DispatchTiming[]> {
  const { commands, build } = program;
  const samples: number[][] = commands.map(() => []);
  const timer = new PassTimer(device, commands.length);
  const passes = (repeats: readonly number[]) =>
    commands.map(({ pipeline, bindGroup, workgroups }, i) => (pass: GPUComputePassEncoder) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      for (let time = 0; time < repeats[i]; time++) pass.dispatchWorkgroups(...workgroups);
    });
  try {
    const once = passes(commands.map(() => 1));
    await timer.run(once); // drivers may compile at the first dispatch
    const first = await timer.run(once);
    const repeats = first.map((microseconds, i) =>
      repeatable(build.dispatches[i]) ? repeatsFor(microseconds) : 1,
    );
    const repeated = passes(repeats);
    for (let run = 0; run < runs; run++) {
      const times = await timer.run(repeated);
      samples.forEach((list, i) => list.push(times[i] / repeats[i]));
    }
  } finally {
    timer.destroy();
  }
  const medians = samples.map((list) => list.toSorted((a, b) => a - b)[list.length >> 1]);
  const total = medians.reduce((sum, value) => sum + value, 0);
  return build.dispatches.map(({ label, kernel, workgroups, flops, choice }, i) => ({
    label,
    kernel: kernel.name,
    variant: formatChoice(choice),
    workgroups,
    microseconds: medians[i],
    gflops: medians[i] > 0 ? flops / medians[i] / 1000 : 0,
    share: total > 0 ? medians[i] / total : 0,
  }));
}

/** Whether a dispatch gives the same however often it runs: it writes nothing but intermediates, and reads none of those. */
function repeatable({ bindings }: LoweredDispatch): boolean {
  return bindings.every(
    ({ access, operand }) =>
      access !== 'read_write' ||
      'scratch' in operand ||
      (isTensor(operand) && operand.node.op.kind !== 'leaf'),
  );
}

/** How often to run a kernel of that many microseconds in one sample. */
export function repeatsFor(microseconds: number, wanted = SAMPLE_MICROSECONDS): number {
  return Math.min(MOST_REPEATS, Math.max(1, Math.ceil(wanted / Math.max(1, microseconds))));
}

/** The timings as a table, slowest first. */
export function formatProfile(timings: readonly DispatchTiming[]): string {
  const rows = timings
    .toSorted((a, b) => b.microseconds - a.microseconds)
    .map((t) => [
      t.label,
      t.kernel,
      t.variant,
      t.workgroups.join('×'),
      t.microseconds.toFixed(1),
      t.gflops > 0 ? t.gflops.toFixed(2) : '',
      `${(t.share * 100).toFixed(1)}%`,
    ]);
  const total = timings.reduce((sum, t) => sum + t.microseconds, 0);
  const header = ['dispatch', 'kernel', 'variant', 'workgroups', 'µs', 'GFLOP/s', 'share'];
  return table([header, ...rows, ['total', '', '', '', total.toFixed(1), '', '']], [4, 5, 6]);
}
