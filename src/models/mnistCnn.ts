import { ArgumentError } from '../errors.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import { dense } from '../nn/layers/dense.ts';
import type { Layer } from '../nn/layers/layer.ts';
import { maxPool2d } from '../nn/layers/pooling.ts';
import { dropout, flatten } from '../nn/layers/shaping.ts';
import { sequential } from '../nn/sequential.ts';
import type { Model } from '../nn/model.ts';
import { adam, rmsprop } from '../nn/optimizers.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import { MNIST_CNN_FACTS } from './mnistCnnFacts.ts';
import type { MnistCnnFacts, MnistCnnPreset } from './mnistCnnFacts.ts';

export type { MnistCnnPreset } from './mnistCnnFacts.ts';

/** A network for 28 × 28 grey images of ten classes, and how to train it. */
export interface MnistCnnRecipe extends MnistCnnFacts {
  readonly layers: () => Layer[];
  readonly optimizer: (options: { learningRate: number }) => Optimizer;
}

/** Each ends in ten logits, for the loss 'softmaxCrossEntropy'. */
export const MNIST_CNN_PRESETS: Readonly<Record<MnistCnnPreset, MnistCnnRecipe>> = {
  quick: {
    ...MNIST_CNN_FACTS.quick,
    layers: () => [
      conv2d({ filters: 8, kernelSize: 5, activation: 'relu' }),
      maxPool2d(),
      conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
      maxPool2d(),
      flatten(),
      dense({ units: 10 }),
    ],
    optimizer: adam,
  },
  keras: {
    ...MNIST_CNN_FACTS.keras,
    layers: () => [
      conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      maxPool2d(),
      conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
      maxPool2d(),
      flatten(),
      dropout(0.5),
      dense({ units: 10 }),
    ],
    optimizer: adam,
  },
  tfjs: {
    ...MNIST_CNN_FACTS.tfjs,
    layers: () => [
      conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
      maxPool2d(),
      conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      maxPool2d(),
      conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      flatten(),
      dense({ units: 64, activation: 'relu' }),
      dense({ units: 10 }),
    ],
    optimizer: rmsprop,
  },
};

/**
 * One of the presets as a model without optimizer: [28, 28, 1] → 10 logits.
 *
 * @param options.seed of the weights, the shuffling and the dropout; default 0
 * @throws ArgumentError if there is no such preset
 */
export function mnistCnn(preset: MnistCnnPreset = 'quick', { seed = 0 }: { seed?: number } = {}): Model {
  if (!Object.hasOwn(MNIST_CNN_PRESETS, preset)) {
    const names = Object.keys(MNIST_CNN_PRESETS).join(', ');
    throw new ArgumentError(`mnistCnn: there is no preset '${String(preset)}'; choose one of ${names}`);
  }
  const layers = MNIST_CNN_PRESETS[preset].layers();
  return sequential(layers, { inputShape: [28, 28, 1], name: `mnist-cnn-${preset}`, seed });
}
