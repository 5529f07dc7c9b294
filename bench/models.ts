import { adam, dataset, dense, losses, sequential } from '../src/index.ts';
import type { Gpu, Program } from '../src/index.ts';
import { dcgan, dcganTraining } from '../src/models/dcgan.ts';
import { gpt } from '../src/models/gpt.ts';
import { mnistCnn } from '../src/models/mnistCnn.ts';
import { AUTOENCODER, batch, batchSizeOf, GPT, MODELS, texts } from './peers/problem.ts';
import type { ModelName } from './peers/problem.ts';

export const isModel = (name: string): name is ModelName => MODELS.some((model) => model === name);

/** Has a look at the compiled training step of a model, as `fit` runs it; no step is made. */
export async function lookAtStep(
  gpu: Gpu,
  name: ModelName,
  look: (program: Program) => void | Promise<void>,
): Promise<void> {
  const options = { steps: 0, batchSize: batchSizeOf(name), onReady: look };
  const { pixels, labels } = batch();
  const images = dataset({ x: pixels, y: labels, inputShape: [28, 28, 1] });
  if (name === 'dcgan') {
    const gan = await dcgan('small').compile({ gpu, ...dcganTraining('small') });
    await gan.fit(images, options);
    return gan.destroy();
  }
  if (name === 'autoencoder') {
    const units = AUTOENCODER.slice(1);
    const layers = units.map((count, i) => dense({ units: count, activation: i < 3 ? 'relu' : 'linear' }));
    const model = sequential(layers, { inputShape: [AUTOENCODER[0]] });
    await model.compile({ gpu, optimizer: adam(), loss: losses.binaryCrossEntropyWithLogits });
    const shapes = { inputShape: [AUTOENCODER[0]], targetShape: [AUTOENCODER[0]] };
    await model.fit(dataset({ x: pixels, y: pixels, ...shapes }), options);
    return model.destroy();
  }
  if (name === 'gpt') {
    const { characters, following } = texts();
    const model = gpt('tiny', GPT.characters);
    await model.compile({ gpu, optimizer: adam(), loss: 'softmaxCrossEntropy' });
    const shapes = { inputShape: [GPT.context], targetShape: [GPT.context] };
    await model.fit(dataset({ x: characters, y: following, ...shapes }), options);
    return model.destroy();
  }
  const model = mnistCnn(name);
  await model.compile({ gpu, optimizer: adam(), loss: 'softmaxCrossEntropy', metrics: ['accuracy'] });
  await model.fit(images, options);
  return model.destroy();
}
