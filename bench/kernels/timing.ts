import type { Gpu, Program } from '../../src/index.ts';
import { openClock } from '../../src/runtime/clock.ts';
import { repeatsFor } from '../../src/runtime/profile.ts';
import { median, spreadOf } from '../report/stats.ts';
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

/** Two groups of kernels that do the same, measured in turns. */
export interface Comparison {
  /** Median milliseconds of one run. */
  readonly first: number;
  readonly second: number;
  /** How many times as fast the second one is: the median of the pairs, and between what it lies. */
  readonly ratio: number;
  readonly least: number;
  readonly most: number;
}

/** Of eleven pairs all but the extremes: the true median lies between those with a probability of 99 %. */
const PAIRS = 11;
/** The share of a sample that browsers round off a time: 0.1 ms at each end. */
const GRAIN = 0.02;

/**
 * Times two groups of kernels that have run before, in turns, so that a slow moment of the machine slows both. Which of
 * them is first alternates from pair to pair.
 *
 * @param sampleMs a sample is as many runs as this takes
 */
export async function compareCommands(
  gpu: Gpu,
  first: Commands,
  second: Commands,
  { sampleMs }: Pick<TimingOptions, 'sampleMs'>,
): Promise<Comparison> {
  const clock = openClock(gpu.device, 1);
  try {
    const repeats: number[] = [];
    for (const commands of [first, second]) {
      await clock.run(commands, 1, 1);
      const [once] = await clock.run(commands, 1, 1);
      repeats.push(repeatsFor(1000 * once, 1000 * sampleMs));
    }
    const time = async (own: 0 | 1) => {
      const [ms] = await clock.run(own === 0 ? first : second, repeats[own], 1);
      return ms / repeats[own];
    };
    const pairs: (readonly [number, number])[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      if (pair % 2 === 0) pairs.push([await time(0), await time(1)]);
      else {
        const later = await time(1);
        pairs.push([await time(0), later]);
      }
    }
    return comparisonOf(pairs);
  } finally {
    clock.destroy();
  }
}

/** @param pairs milliseconds of both, next to each other in time */
export function comparisonOf(pairs: readonly (readonly [first: number, second: number])[]): Comparison {
  const ratios = pairs.map(([first, second]) => first / second).toSorted((a, b) => a - b);
  return {
    first: median(pairs.map(([first]) => first)),
    second: median(pairs.map(([, second]) => second)),
    ratio: median(ratios),
    least: ratios[1] * (1 - GRAIN),
    most: ratios[ratios.length - 2] * (1 + GRAIN),
  };
}
