import type { Dataset } from '../../data/dataset.ts';
import type { Compiled } from './compiled.ts';
import { FitTask } from './fitTask.ts';
import type { PrepareOptions } from './fit.ts';
import { checkBatchSize } from './run.ts';
import { openSource } from './source.ts';
import { sourceOf } from './sourceOf.ts';
import type { SourceOfOptions } from './sourceOf.ts';
import { StepPrograms } from './programs.ts';
import type { Task } from './task.ts';

/** Compiles the training step, whose kernels stay compiled, and frees the rest; see `Model.prepare`. */
export async function prepareFit(compiled: Compiled, data: Dataset, options: PrepareOptions): Promise<void> {
  const { state } = compiled;
  const { trainedOn } = state;
  try {
    await prepareStep(new FitTask(compiled, options), '', data, options);
  } finally {
    state.trainedOn = trainedOn; // these data were only an example
  }
}

type SourceChoice = Pick<SourceOfOptions, 'targets'>;

/** Compiles a part of a task's step for data like the example, and frees what is not a kernel. */
export async function prepareStep(
  task: Task,
  part: string,
  data: Dataset,
  { batchSize = 64, ...options }: Pick<PrepareOptions, 'batchSize' | 'shuffle' | 'onCompile'> & SourceChoice,
): Promise<void> {
  const { name, gpu, state } = task;
  checkBatchSize(name, batchSize);
  const source = await openSource(task, name, () => sourceOf(gpu.device, data, { ...options, batchSize }));
  const programs = new StepPrograms(task, source, options);
  try {
    await state.lifetime.race(programs.use(part, batchSize));
  } finally {
    await state.lifetime.race(programs.destroy()).finally(() => source.destroy());
  }
}
