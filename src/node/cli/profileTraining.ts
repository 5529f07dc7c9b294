import type { Dataset } from '../../data/dataset.ts';
import { AdapterError } from '../../errors.ts';
import type { Model } from '../../nn/model.ts';
import { formatProfile, profile } from '../../runtime/profile.ts';
import type { TrainContext } from './command.ts';

/**
 * Prints what a training step is made of: its graph, its memory and the time of each kernel.
 *
 * @param model a model of its own: profiling runs steps for real
 */
export async function profileTraining(context: TrainContext, model: Model, train: Dataset): Promise<void> {
  const { terminal, gpu, settings } = context;
  await model.fit(train, {
    steps: 0,
    batchSize: settings.batchSize,
    onReady: async (program) => {
      try {
        terminal.line(formatProfile(await profile(gpu.device, program)));
      } catch (error) {
        if (!(error instanceof AdapterError)) throw error;
        terminal.warn(error.message);
      }
      terminal.line();
    },
  });
}
