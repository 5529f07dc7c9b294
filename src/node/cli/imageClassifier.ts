import type { Model } from '../../nn/model.ts';
import { reportClassification } from './classification.ts';
import type { TrainContext, TrainResult } from './command.ts';
import { checkSameData } from './data.ts';
import type { TrainingData } from './data.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { profileTraining } from './profileTraining.ts';

/**
 * Trains a compiled classifier of images and reports how it does on the test images.
 *
 * @param again makes another compiled model of the same kind, to be profiled
 * @returns undefined if the user interrupted
 */
export async function trainClassifier(
  context: TrainContext,
  model: Model,
  data: TrainingData,
  again: () => Promise<Model>,
): Promise<TrainResult | undefined> {
  const { terminal, options } = context;
  const { signal } = context.interrupt;
  checkSameData(context, data);
  terminal.line();
  terminal.line(model.summary());
  terminal.line();
  resumeModel(context, model);
  if (options.profile) await profileTraining(context, await again(), data.train);

  signal.throwIfAborted();
  const fit = await fitModel(context, model, data);
  if (fit.interrupted) return undefined;
  terminal.line();
  const inspection = await model.evaluator().inspect(data.test, { signal });
  const { accuracy, loss } = reportClassification(terminal, data.test, inspection);
  terminal.line();
  await finishRun(context, fit, { accuracy, loss });
  return resultOf(context, model, data.train, fit, { testAccuracy: accuracy, testLoss: loss });
}
