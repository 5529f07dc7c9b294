import { init } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import { cpuDevice } from '../../src/simulator/index.ts';
import type { Evaluate } from '../../src/simulator/index.ts';
import type { Lab } from '../lessons/common/lab.ts';
import type { Kernels as Optimizers } from '../lessons/optimizers/kernels.ts';
import { SURFACES } from '../lessons/optimizers/surfaces.ts';
import type { Surface } from '../lessons/optimizers/surfaces.ts';

/** All lessons. */
const lessons = import.meta.glob<(gpu: Gpu) => Promise<Lab>>('../lessons/*/kernels.ts', {
  eager: true,
  import: 'create',
});

/** The JavaScript of every kernel that a lesson may run on the CPU, as cpuDevice() asks for it. */
export async function lessonKernels(): Promise<string[]> {
  const texts = new Set<string>();
  const evaluate: Evaluate = (text) => {
    texts.add(text);
    return new Function('A', text) as ReturnType<Evaluate>;
  };
  for (const [file, create] of Object.entries(lessons)) {
    const gpu = await init({ device: cpuDevice({ evaluate }), software: true });
    const { calls } = await create(gpu);
    if (!file.includes('/optimizers/')) continue;
    // A race is compiled when it begins.
    const { begin } = calls as unknown as Optimizers;
    for (const surface of Object.keys(SURFACES) as Surface[]) await begin(surface, [1, 1], 1);
  }
  return [...texts];
}
