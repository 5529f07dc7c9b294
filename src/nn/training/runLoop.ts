import { Loop } from './loop.ts';
import type { LoopHooks } from './loop.ts';
import type { CallbackOptions, LoopOptions } from './loopOptions.ts';
import type { BatchSource } from './source.ts';
import type { Task } from './task.ts';
import type { RunHistory } from './values.ts';
import type { Run } from './wholeRun.ts';

/**
 * The training loop: compiles the steps, replays them over the batches of a source, reports what they record, and at the
 * end of each epoch validates and asks the callbacks. Frees what it has created, however it ends.
 *
 * @param run of which this is all, or what is left after the loss of a GPU
 * @throws NumericError if a recorded value, a weight, a gradient or an update becomes NaN or infinite: that step is not
 *   made, nor any after it; weights, clock and progress are those from before it
 * @throws InterruptedError if what is trained is destroyed or compiled again meanwhile
 * @throws DeviceLostError if the GPU is lost
 */
export async function runLoop(
  task: Task,
  source: BatchSource,
  options: LoopOptions & CallbackOptions & { readonly batchSize: number },
  run: Run,
  hooks: LoopHooks = {},
): Promise<RunHistory> {
  const loop = new Loop(task, source, options, run, hooks);
  let history: RunHistory;
  try {
    history = await loop.run();
  } catch (error) {
    // The error that ended the training is reported, not a later one.
    await loop.leave().catch(() => {});
    await loop.destroy().catch(() => {});
    throw error;
  }
  await loop.destroy();
  return history;
}
