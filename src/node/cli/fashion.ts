import { FASHION_PRESETS, fashionCnn, fashionOptimizer } from '../../models/fashionCnn.ts';
import type { Model } from '../../nn/model.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { loadData } from './data.ts';
import { trainClassifier } from './imageClassifier.ts';
import { lastStep } from './stepCount.ts';

/** `npm run train -- fashion` */
export const fashionCommand: ModelCommand = {
  title: 'a convolutional network that tells clothes apart',
  presets: FASHION_PRESETS,
  defaultPreset: 'cnn',
  datasets: ['fashion-mnist', 'mnist'],
  run,
};

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, interrupt } = context;
  const { signal } = interrupt;
  const data = await loadData(terminal, { name: settings.dataset, data: options.data, signal });
  const model = await build(context, data.train.size);
  try {
    return await trainClassifier(context, model, data, () => build(context, data.train.size));
  } finally {
    model.destroy();
  }
}

async function build({ gpu, settings }: TrainContext, samples: number): Promise<Model> {
  const { seed, learningRate } = settings;
  const steps = lastStep({ epoch: 0, step: 0, place: 0 }, settings, samples);
  const optimizer = fashionOptimizer({ learningRate, steps });
  return fashionCnn({ seed }).compile({
    optimizer,
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
    gpu,
    precision: settings.precision,
  });
}
