import type { Program } from '../src/runtime/program.ts';

const SAMPLES = 12;

/**
 * Milliseconds of one step of a program: the least over the samples, since everything else on the machine only adds.
 * Each sample runs at least `sampleMs` milliseconds, so that submitting and waiting do not count.
 */
export async function timeStep(program: Program, sampleMs: number): Promise<number> {
  const run = async (times: number) => {
    const start = performance.now();
    for (let i = 0; i < times; i++) await program.step();
    await program.finish();
    return (performance.now() - start) / times;
  };
  await run(2);
  const times = Math.max(1, Math.ceil(sampleMs / (await run(3))));
  let least = Infinity;
  for (let i = 0; i < SAMPLES; i++) least = Math.min(least, await run(times));
  return least;
}
