import { init } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import { compileForCpu, cpuDevice, storedText } from '../../src/simulator/index.ts';
import type { Lab } from '../lessons/common/lab.ts';
import type { Kernels as Optimizers } from '../lessons/optimizers/kernels.ts';
import { hashOf } from '../shared/hash.ts';
import { SURFACES } from '../lessons/optimizers/surfaces.ts';
import type { Surface } from '../lessons/optimizers/surfaces.ts';

/** All lessons. */
const lessons = import.meta.glob<(gpu: Gpu) => Promise<Lab>>('../lessons/*/kernels.ts', {
  eager: true,
  import: 'create',
});

/** Every kernel that a lesson may run on the CPU, as JavaScript, by the hash of its code. */
async function lessonKernels(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const device = cpuDevice({
    compile(kernel) {
      const simulation = compileForCpu(kernel);
      found.set(hashOf(kernel.code), storedText(simulation));
      return simulation;
    },
  });
  for (const [file, create] of Object.entries(lessons)) {
    const { calls } = await create(await init({ device, software: true }));
    if (!file.includes('/optimizers/')) continue;
    // The programs of a race are compiled when it begins.
    const { begin } = calls as unknown as Optimizers;
    for (const surface of Object.keys(SURFACES) as Surface[]) await begin(surface, [1, 1], 1);
  }
  return found;
}

/** They are made while this module loads: what runs it for a build loads nothing afterwards, as a program's late kernels. */
export const kernels = await lessonKernels();
