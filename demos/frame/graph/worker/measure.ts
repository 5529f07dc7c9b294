import { measureCeilings } from '../../../../bench/kernels/ceilings.ts';
import type { Gpu, Program } from '../../../../src/index.ts';
import { measureStep } from '../../../../src/runtime/profile.ts';
import type { StepTimes } from '../stepGraph.ts';

const ceilings = new WeakMap<Gpu, ReturnType<typeof measureCeilings>>();

/** Times the dispatches of a program, and what the machine can do: that once. */
export async function measure(gpu: Gpu, program: Program): Promise<StepTimes> {
  const { microseconds, step, clock } = await measureStep(gpu.device, program, { samples: 3 });
  const known = ceilings.get(gpu) ?? measureCeilings(gpu, { samples: 3, sampleMs: 4 });
  ceilings.set(gpu, known);
  const { gflops, gbs } = await known;
  return { microseconds, step, clock, ceilings: { flops: 1e9 * gflops, bytes: 1e9 * gbs } };
}
