import type { MnistCnnPreset } from '../../src/models/mnistCnn.ts';
import type { DataSettings } from '../shared/loadDigits.ts';
import { choice, number, UrlState } from '../shared/urlState.ts';
import type { Recipes, TrainingSettings } from './protocol.ts';

const whole = true;
export const PRESETS = ['quick', 'keras', 'tfjs'] as const satisfies readonly MnistCnnPreset[];
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

let recipes: Recipes;

/** The worker knows the networks; the page need not load the engine for it. */
export function setRecipes(known: Recipes): void {
  recipes = known;
}

export function recipe(preset: MnistCnnPreset = state.values.preset): Recipes[MnistCnnPreset] {
  return recipes[preset];
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
