import type { Gpu } from '../../src/index.ts';
import { measureCeilings as measure } from '../../src/runtime/roofline/ceilings.ts';
import { timeCommands } from './timing.ts';
import type { TimingOptions } from './timing.ts';

export type CeilingTimings = Awaited<ReturnType<typeof measureCeilings>>;

/** Measures how fast this machine is at best: by the fastest of three times as many samples as a kernel gets. */
export const measureCeilings = (gpu: Gpu, timing: TimingOptions) =>
  measure(gpu, (commands) => timeCommands(gpu, commands, { ...timing, samples: 3 * timing.samples }));
