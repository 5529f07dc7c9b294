import type { Layer } from '../nn/layers/layer.ts';
import { model } from '../nn/model.ts';
import type { Model } from '../nn/model.ts';
import { adam, rmsprop } from '../nn/optimizers.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import { MNIST_CNN_FACTS } from './mnistCnnFacts.ts';
import type { MnistCnnFacts, MnistCnnPreset } from './mnistCnnFacts.ts';
import { MNIST_CNN_LAYERS, mnistCnnNetwork } from './mnistCnnNetwork.ts';

export type { MnistCnnPreset } from './mnistCnnFacts.ts';

/** A network for 28 × 28 grey images of ten classes, and how to train it. */
export interface MnistCnnRecipe extends MnistCnnFacts {
  readonly layers: () => Layer[];
  readonly optimizer: (options: { learningRate: number }) => Optimizer;
}

/** Each ends in ten logits, for the loss 'softmaxCrossEntropy'. */
export const MNIST_CNN_PRESETS: Readonly<Record<MnistCnnPreset, MnistCnnRecipe>> = {
  quick: { ...MNIST_CNN_FACTS.quick, layers: MNIST_CNN_LAYERS.quick, optimizer: adam },
  keras: { ...MNIST_CNN_FACTS.keras, layers: MNIST_CNN_LAYERS.keras, optimizer: adam },
  tfjs: { ...MNIST_CNN_FACTS.tfjs, layers: MNIST_CNN_LAYERS.tfjs, optimizer: rmsprop },
  mlp: { ...MNIST_CNN_FACTS.mlp, layers: MNIST_CNN_LAYERS.mlp, optimizer: adam },
};

/**
 * One of the presets as a model without optimizer: [28, 28, 1] → 10 logits.
 *
 * @param options.seed of the weights, the shuffling and the dropout; default 0
 * @throws ArgumentError if there is no such preset
 */
export const mnistCnn = (preset?: MnistCnnPreset, options?: { seed?: number }): Model =>
  model(mnistCnnNetwork(preset, options));
