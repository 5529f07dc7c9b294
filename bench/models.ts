import { adam, dataset, dense, losses, sequential } from '../src/index.ts';
import type { Gpu, Program } from '../src/index.ts';
import { dcgan, dcganTraining } from '../src/models/dcgan.ts';
import { mnistCnn } from '../src/models/mnistCnn.ts';

/** The trainings that are measured, all of them at this batch size. */
export const MODELS = ['quick', 'keras', 'autoencoder', 'dcgan'] as const;
export type ModelName = (typeof MODELS)[number];
export const BATCH = 64;

export const isModel = (name: string): name is ModelName => MODELS.some((model) => model === name);

/** Pixels of one batch, without a picture in them: 28 × 28 each, 0 … 1. */
export const pixels = () => Float32Array.from({ length: BATCH * 784 }, (_, i) => ((i * 7919) % 256) / 255);
export const labels = () => Uint8Array.from({ length: BATCH }, (_, i) => i % 10);

export const digitsSet = () => dataset({ name: 'noise', x: pixels(), y: labels(), inputShape: [28, 28, 1] });

export function autoencoder() {
  const layers = [128, 64, 128].map((units) => dense({ units, activation: 'relu' }));
  const model = sequential([...layers, dense({ units: 784 })], { inputShape: [784] });
  const data = dataset({ name: 'noise', x: pixels(), y: pixels(), inputShape: [784], targetShape: [784] });
  return { model, data, loss: losses.binaryCrossEntropyWithLogits };
}

export function classifier(preset: 'quick' | 'keras') {
  return { model: mnistCnn(preset), data: digitsSet(), loss: losses.softmaxCrossEntropy };
}

/** Has a look at the compiled training step of a model, as `fit` runs it; no step is made. */
export async function lookAtStep(
  gpu: Gpu,
  name: ModelName,
  look: (program: Program) => void | Promise<void>,
): Promise<void> {
  if (name === 'dcgan') {
    const gan = await dcgan('small').compile({ gpu, ...dcganTraining('small') });
    await gan.fit(digitsSet(), { steps: 0, batchSize: BATCH, onReady: look });
    return gan.destroy();
  }
  const { model, data, loss } = name === 'autoencoder' ? autoencoder() : classifier(name);
  await model.compile({
    gpu,
    optimizer: adam(),
    loss,
    ...(name !== 'autoencoder' && { metrics: ['accuracy'] }),
  });
  await model.fit(data, { steps: 0, batchSize: BATCH, onReady: look });
  model.destroy();
}
