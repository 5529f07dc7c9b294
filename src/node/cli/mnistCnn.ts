import { MNIST_CNN_PRESETS, mnistCnn } from '../../models/mnistCnn.ts';
import type { MnistCnnPreset } from '../../models/mnistCnn.ts';
import type { Model } from '../../nn/model.ts';
import { reportClassification } from './classification.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData, exampleDigits, loadData } from './data.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { profileTraining } from './profileTraining.ts';

/** `npm run train -- mnist-cnn` */
export const mnistCnnCommand: ModelCommand = {
  title: 'a convolutional network that reads handwritten digits',
  presets: MNIST_CNN_PRESETS,
  defaultPreset: 'quick',
  run,
};

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, checkpoint } = context;
  const { signal } = context.interrupt;
  const model = await build(context);
  try {
    const { batchSize } = settings;
    const [data] = await Promise.all([
      loadData(terminal, { name: settings.dataset, data: options.data, signal }),
      model.prepare(exampleDigits(), { batchSize }), // while they load
    ]);
    checkSameData(checkpoint, data);
    terminal.line();
    terminal.line(model.summary());
    terminal.line();
    resumeModel(context, model);
    if (options.profile) await profileTraining(context, await build(context), data.train);

    signal.throwIfAborted();
    const fit = await fitModel(context, model, data);
    if (fit.interrupted) return undefined;
    terminal.line();
    const inspection = await model.evaluator().inspect(data.test, { signal });
    const { accuracy, loss } = reportClassification(terminal, data.test, inspection);
    terminal.line();
    await finishRun(context, fit, { accuracy, loss });
    return resultOf(context, model, data.train, fit, { testAccuracy: accuracy, testLoss: loss });
  } finally {
    model.destroy();
  }
}

async function build({ gpu, settings }: TrainContext): Promise<Model> {
  const { seed, learningRate } = settings;
  const preset = settings.preset as MnistCnnPreset;
  const optimizer = MNIST_CNN_PRESETS[preset].optimizer({ learningRate });
  const model = mnistCnn(preset, { seed });
  return model.compile({ optimizer, loss: 'softmaxCrossEntropy', metrics: ['accuracy'], gpu });
}
