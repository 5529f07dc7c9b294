import type { Gpu, Program } from '../../../../src/index.ts';
import { measureStep } from '../../../../src/runtime/profile.ts';
import { measureCeilings } from '../../../../src/runtime/roofline/ceilings.ts';
import type { StepTimes } from '../stepGraph.ts';

const ceilings = new WeakMap<Gpu, ReturnType<typeof measureCeilings>>();

/** Times the dispatches of a program, and what the machine can do: that once. */
export async function measure(gpu: Gpu, program: Program): Promise<StepTimes> {
  const { microseconds, step, clock } = await measureStep(gpu.device, program, { samples: 3 });
  const known = ceilings.get(gpu) ?? measureCeilings(gpu);
  ceilings.set(gpu, known);
  const { gflops, gbs } = await known;
  return { microseconds, step, clock, ceilings: { gflops, gbs } };
}
