import { MNIST_CNN_PRESETS, mnistCnn } from '../../models/mnistCnn.ts';
import type { MnistCnnPreset } from '../../models/mnistCnn.ts';
import type { Model } from '../../nn/model.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { exampleDigits, loadData } from './data.ts';
import { trainClassifier } from './imageClassifier.ts';

/** `npm run train -- mnist-cnn` */
export const mnistCnnCommand: ModelCommand = {
  title: 'a convolutional network that reads handwritten digits',
  presets: MNIST_CNN_PRESETS,
  defaultPreset: 'quick',
  run,
};

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, interrupt } = context;
  const model = await build(context);
  try {
    const [data] = await Promise.all([
      loadData(terminal, { name: settings.dataset, data: options.data, signal: interrupt.signal }),
      model.prepare(exampleDigits(), { batchSize: settings.batchSize }), // while they load
    ]);
    return await trainClassifier(context, model, data, () => build(context));
  } finally {
    model.destroy();
  }
}

async function build({ gpu, settings }: TrainContext): Promise<Model> {
  const { seed, learningRate, precision } = settings;
  const preset = settings.preset as MnistCnnPreset;
  const optimizer = MNIST_CNN_PRESETS[preset].optimizer({ learningRate });
  const model = mnistCnn(preset, { seed });
  return model.compile({ optimizer, loss: 'softmaxCrossEntropy', metrics: ['accuracy'], gpu, precision });
}
