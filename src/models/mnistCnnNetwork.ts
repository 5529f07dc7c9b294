import { ArgumentError } from '../errors.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import { dense } from '../nn/layers/dense.ts';
import type { Layer } from '../nn/layers/layer.ts';
import { maxPool2d } from '../nn/layers/pooling.ts';
import { dropout, flatten } from '../nn/layers/shaping.ts';
import type { NetworkOptions } from '../nn/network.ts';
import { chained } from '../nn/sequence.ts';
import type { MnistCnnPreset } from './mnistCnnFacts.ts';

/** The layers of the presets. Each ends in ten logits. */
export const MNIST_CNN_LAYERS: Readonly<Record<MnistCnnPreset, () => Layer[]>> = {
  quick: () => [
    conv2d({ filters: 8, kernelSize: 5, activation: 'relu' }),
    maxPool2d(),
    conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
    maxPool2d(),
    flatten(),
    dense({ units: 10 }),
  ],
  keras: () => [
    conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    maxPool2d(),
    conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
    maxPool2d(),
    flatten(),
    dropout(0.5),
    dense({ units: 10 }),
  ],
  tfjs: () => [
    conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
    maxPool2d(),
    conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    maxPool2d(),
    conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    flatten(),
    dense({ units: 64, activation: 'relu' }),
    dense({ units: 10 }),
  ],
  mlp: () => [
    flatten(),
    dense({ units: 128, activation: 'relu' }),
    dense({ units: 64, activation: 'relu' }),
    dense({ units: 10 }),
  ],
};

/**
 * One of the presets, [28, 28, 1] → 10 logits: for `new Network`, which only computes, or `model`, which trains.
 *
 * @param options.seed of the weights, the shuffling and the dropout; default 0
 * @throws ArgumentError if there is no such preset
 */
export function mnistCnnNetwork(
  preset: MnistCnnPreset = 'quick',
  { seed = 0 }: { seed?: number } = {},
): NetworkOptions {
  if (!Object.hasOwn(MNIST_CNN_LAYERS, preset)) {
    const names = Object.keys(MNIST_CNN_LAYERS).join(', ');
    throw new ArgumentError(`mnistCnn: there is no preset '${String(preset)}'; choose one of ${names}`);
  }
  const layers = MNIST_CNN_LAYERS[preset]();
  return chained(layers, { inputShape: [28, 28, 1], name: `mnist-cnn-${preset}`, seed });
}
