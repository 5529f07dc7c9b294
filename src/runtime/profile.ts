import type { Device } from '../device/device.ts';
import { openClock } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Command } from './commands.ts';
import { bytesMoved } from './describe/nodes.ts';
import { requireTimestamps } from './passTimer.ts';
import type { Program } from './program.ts';
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
  readonly flops: number;
  /** Read and written: each operand once. */
  readonly bytes: number;
  /** GFLOP/s; 0 for kernels without floating-point work. */
  readonly gflops: number;
  /** Part of the whole step, 0 … 1. */
  readonly share: number;
}

/** Duration of a sample of a short kernel, in microseconds: long compared with the clock's steps and the pass itself. */
const SAMPLE_MICROSECONDS = 2000;
const MOST_REPEATS = 1000;

/**
 * Times every dispatch of a program on the GPU with timestamp queries (see `measureStep`).
 *
 * @throws AdapterError where the device has no timestamp-query
 */
export async function profile(device: Device, program: Program, samples = 10): Promise<DispatchTiming[]> {
  requireTimestamps(device);
  const { build } = program;
  const { microseconds: medians } = await measureStep(device, program, { samples });
  const total = medians.reduce((sum, value) => sum + value, 0);
  return build.dispatches.map((dispatch, i) => ({
    label: dispatch.label,
    kernel: dispatch.kernel.name,
    variant: formatChoice(dispatch.choice),
    workgroups: dispatch.workgroups,
    microseconds: medians[i],
    flops: dispatch.flops,
    bytes: bytesMoved(dispatch),
    gflops: medians[i] > 0 ? dispatch.flops / medians[i] / 1000 : 0,
    share: total > 0 ? medians[i] / total : 0,
  }));
}

export interface MeasureOptions {
  /** Of each dispatch, of which the median counts. */
  readonly samples: number;
}

/** What a step takes. */
export interface StepMeasurement {
  /** Of each dispatch, in microseconds: the median. */
  readonly microseconds: readonly number[];
  /** Of a whole step in one pass, in microseconds. */
  readonly step: number;
  /** Where the times come from: timestamp queries, or the CPU's clock around a dispatch that is repeated. */
  readonly clock: Clock['kind'];
}

/**
 * Times every dispatch of a program, each repeated within a pass until it is long enough to be timed, and the whole step.
 * They run on copies of what they write: the program's own memory stays as it is, bit by bit. It waits for the GPU after
 * each sample, so that others may use it in between; nothing else should while a time is taken.
 */
export async function measureStep(
  device: Device,
  program: Program,
  { samples }: MeasureOptions,
): Promise<StepMeasurement> {
  const rehearsal = await program.rehearse();
  const clock = openClock(device, Math.max(2, samples));
  try {
    device.submit('measuring', (encoder) => rehearsal.refresh(encoder));
    const { commands } = rehearsal;
    await clock.run(commands, 1, 1); // drivers may compile at the first dispatch
    const idle = clock.kind === 'wall' ? Math.min(...(await clock.run([], 1, samples))) : 0;
    const time = (own: readonly Command[]) => timeOf(clock, own, { samples, idle });
    const step = await time(commands);
    const microseconds: number[] = [];
    for (const command of commands) microseconds.push(await time([command]));
    return { microseconds, step, clock: clock.kind };
  } finally {
    clock.destroy();
    rehearsal.destroy();
  }
}

/** Median microseconds of a run of commands. @param idle milliseconds of a sample that does nothing */
async function timeOf(
  clock: Clock,
  commands: readonly Command[],
  { samples, idle }: { readonly samples: number; readonly idle: number },
): Promise<number> {
  let repeats = 1;
  // Of two, the shorter one: in the other the machine may have done something else.
  const least = async () => Math.min(...(await clock.run(commands, repeats, 2)));
  let time = await least();
  while (1000 * (time - idle) < SAMPLE_MICROSECONDS && repeats < MOST_REPEATS) {
    const more = repeatsFor((1000 * Math.max(0, time - idle)) / repeats);
    repeats = Math.min(more, 8 * repeats); // a first estimate may be far from the truth
    time = await least();
  }
  // What takes long is not timed many times more: the GPU draws the page, too.
  const times = time > LONG_MS ? [time] : await clock.run(commands, repeats, samples);
  // Where the noise of the wall clock hides the commands, the whole sample is what they take at most.
  const whole = medianOf(times);
  return (1000 * (whole > idle ? whole - idle : whole)) / repeats;
}

/** A sample of that many milliseconds needs no others beside the first two. */
const LONG_MS = 20;

const medianOf = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1];

/** How often to run a kernel of that many microseconds in one sample. */
export function repeatsFor(microseconds: number, wanted = SAMPLE_MICROSECONDS): number {
  return Math.min(MOST_REPEATS, Math.max(1, Math.ceil(wanted / Math.max(1, microseconds))));
}
