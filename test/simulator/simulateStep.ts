import type { Program } from '../../src/runtime/program.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { differences } from './compare.ts';
import type { Form } from './compare.ts';
import { recordStep } from './record.ts';

/** Alternating, so that both kinds of code, with and without checks, meet every kernel. */
const FORMS: readonly Form[] = [
  { checks: true },
  { rolled: true, checks: true },
  { rolled: true, checks: false },
];
let turn = 0;

/** Runs a step of a program on the GPU and in the simulator, and expects the same of both. */
export async function simulateStep(gpu: Gpu, program: Program): Promise<void> {
  const form = FORMS[turn++ % FORMS.length];
  const recorded = await recordStep(gpu, program);
  const found = recorded.flatMap((own) => differences(own, form, gpu.device.subgroupSize));
  if (found.length > 0) throw new Error(`simulated ${JSON.stringify(form)}: ${found.join('\n')}`);
}
