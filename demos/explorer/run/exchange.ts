import type { Program } from '../../../src/index.ts';

/**
 * Puts an edited text in the place of a kernel. Before that it runs in the simulator, on the numbers and at the size that it
 * is about to run with, with a limit for loops: one that does not end at that size alone would hang the GPU.
 *
 * @returns in a sentence what was tried, and whether the numbers are those of the original
 * @throws KernelError where the text does not compile, has a race, or does not end
 */
export async function exchange(program: Program, kernel: string, source: string): Promise<string> {
  const index = indexOf(program, kernel);
  const { tryEdit } = await import('../../frame/graph/worker/trial.ts');
  const tried = tryEdit(await program.inspect(index), source);
  await program.replace(index, source);
  return tried;
}

/** The dispatch of a kernel; of an optimizer the update, and not its trial before. */
const indexOf = ({ build }: Program, kernel: string) =>
  build.dispatches.findLastIndex((dispatch) => dispatch.kernel.name === kernel);
