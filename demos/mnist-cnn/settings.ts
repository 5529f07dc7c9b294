import { MNIST_CNN_PRESETS } from '../../src/models/mnistCnn.ts';
import type { MnistCnnPreset, MnistCnnRecipe } from '../../src/models/mnistCnn.ts';
import { choice, number, UrlState } from '../shared/urlState.ts';
import type { DataSettings, TrainingSettings } from './protocol.ts';

const whole = true;
const PRESETS = Object.keys(MNIST_CNN_PRESETS) as MnistCnnPreset[];
const images = number({ min: 1, max: 60_000, whole });

/** Everything of this page that a link shares. */
export const state = new UrlState({
  preset: choice(PRESETS, 'quick'),
  /** Without one the network's own is used. */
  rate: number({ min: 0, max: 1 }),
  batch: number({ min: 1, max: 4096, whole }),
  seed: number({ min: 0, max: 2 ** 32 - 1, whole }, 0),
  /** The test image looked at. */
  image: number({ min: 0, max: 60_000, whole }, 0),
  data: choice(['mnist', 'synthetic'], 'mnist'),
  /** Use at most so many images: for slow adapters and for tests. */
  train: images as ReturnType<typeof number>,
  test: images as ReturnType<typeof number>,
  /** Begin without waiting for the button. */
  play: choice(['0', '1'], '0'),
});

export function recipe(): MnistCnnRecipe {
  return MNIST_CNN_PRESETS[state.values.preset];
}

export function trainingSettings(): TrainingSettings {
  const { preset, rate, batch, seed } = state.values;
  const { learningRate, batchSize } = recipe();
  return { preset, learningRate: rate ?? learningRate, batchSize: batch ?? batchSize, seed };
}

export function dataSettings(): DataSettings {
  const { data: name, train, test } = state.values;
  return { name, train, test };
}
