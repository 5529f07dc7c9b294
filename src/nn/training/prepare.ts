import type { Dataset } from '../../data/dataset.ts';
import type { OptionTable } from '../../options.ts';
import type { Compiled } from './compiled.ts';
import { FitTask } from './fitTask.ts';
import type { FitOptions } from './fit.ts';
import { checkBatchSize } from './run.ts';
import { openSource } from './source.ts';
import { sourceOf } from './sourceOf.ts';
import { StepPrograms } from './programs.ts';

/** Options of `Model.prepare`: what `fit` will be given. */
export type PrepareOptions = Pick<
  FitOptions,
  'batchSize' | 'classWeight' | 'augment' | 'shuffle' | 'onCompile'
>;

export const prepareOptions: OptionTable<PrepareOptions> = {
  batchSize: true,
  classWeight: true,
  augment: true,
  shuffle: true,
  onCompile: true,
};

/** Compiles the training step, whose kernels stay compiled, and frees the rest; see `Model.prepare`. */
export async function prepareFit(compiled: Compiled, data: Dataset, options: PrepareOptions): Promise<void> {
  const { gpu, network, state } = compiled;
  const { batchSize = 64 } = options;
  checkBatchSize(network.name, batchSize);
  const { trainedOn } = state;
  const source = await openSource(compiled, network.name, () =>
    sourceOf(gpu.device, data, { ...options, batchSize }),
  );
  const programs = new StepPrograms(new FitTask(compiled, options), source, options);
  try {
    await state.lifetime.race(programs.use('', batchSize));
  } finally {
    state.trainedOn = trainedOn; // these data were only an example
    await state.lifetime.race(programs.destroy()).finally(() => source.destroy());
  }
}
