import type { Gpu, Program } from '../../src/index.ts';
import { openClock } from '../../src/runtime/clock.ts';
import { repeatsFor } from '../../src/runtime/profile.ts';
import { spreadOf } from '../report/stats.ts';
import type { Spread } from '../report/stats.ts';

export interface Timing {
  /** Of one run of all the kernels. */
  readonly ms: Spread;
  /** CPU milliseconds of the process for each run. */
  readonly cpuMs?: number;
}

export interface TimingOptions {
  readonly samples: number;
  /** A sample is as many runs as this takes: shorter ones say more about the clock than about the kernel. */
  readonly sampleMs: number;
  /** CPU seconds of the process so far. */
  readonly cpuSeconds?: () => number;
}

type Commands = Program['commands'];

/** Milliseconds of a step of the program, on the caller's clock: the first one has the driver compile. */
export async function timeStep(program: Program): Promise<number> {
  const begin = performance.now();
  await program.step();
  await program.finish();
  return performance.now() - begin;
}

/**
 * Times kernels that have run before: samples of as many runs as make one long enough, on the GPU's own clock and all in
 * one submit; where it has no clock, on the caller's.
 *
 * @param commands which of the program's kernels; they must do the same work however often they run
 */
export async function timeCommands(gpu: Gpu, commands: Commands, options: TimingOptions): Promise<Timing> {
  const { samples, sampleMs, cpuSeconds } = options;
  const clock = openClock(gpu.device, samples);
  try {
    await clock.run(commands, 1, 1);
    const [once] = await clock.run(commands, 1, 1);
    const repeats = repeatsFor(1000 * once, 1000 * sampleMs);
    const cpu = cpuSeconds?.();
    const times = await clock.run(commands, repeats, samples);
    const ms = spreadOf(times.map((time) => time / repeats));
    if (cpu === undefined) return { ms };
    return { ms, cpuMs: (1000 * (cpuSeconds!() - cpu)) / repeats / samples };
  } finally {
    clock.destroy();
  }
}
