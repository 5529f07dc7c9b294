import type { AutoencoderVersion } from '../../src/models/autoencoderVersions.ts';
import type { DataSettings } from '../shared/loadDigits.ts';
import { choice, number, UrlState } from '../shared/urlState.ts';
import type { Field } from '../shared/urlState.ts';
import type { Pace, Recipe, TrainingSettings } from './protocol.ts';

const whole = true;
/** The versions, with what they are called on the page and the variable of their colour. */
export const VERSIONS = [
  { name: 'linearMse', title: 'linear + MSE', output: 'linear', loss: 'MSE', colour: '--linear-mse' },
  { name: 'sigmoidMse', title: 'sigmoid + MSE', output: 'sigmoid', loss: 'MSE', colour: '--sigmoid-mse' },
  { name: 'sigmoidBce', title: 'sigmoid + BCE', output: 'sigmoid', loss: 'BCE', colour: '--sigmoid-bce' },
] as const satisfies readonly { name: AutoencoderVersion; [key: string]: string }[];

export const BOTTLENECKS = [2, 16, 32, 64] as const;
export const PACES = ['full', '5', '1'] as const satisfies readonly Pace[];
/** Standard deviation of the noise that the switch adds. */
export const NOISE = 0.5;

const images = number({ min: 1, max: 60_000, whole });
const place = (initial: number) => number({ min: 0, max: 9, whole }, initial);
const bottleneck: Field<(typeof BOTTLENECKS)[number]> = {
  initial: 64,
  parse: (text) => BOTTLENECKS.find((size) => String(size) === text),
  format: String,
};

/** Everything of this page that a link shares. */
export const state = new UrlState({
  bottleneck,
  denoise: choice(['0', '1'], '0'),
  /** Without one the recipe's is used. */
  rate: number({ min: 0, max: 100 }),
  batch: number({ min: 1, max: 4096, whole }),
  seed: number({ min: 0, max: 2 ** 32 - 1, whole }, 0),
  pace: choice(PACES, 'full'),
  /** Whose codes are explored. */
  version: choice(
    VERSIONS.map(({ name }) => name),
    'sigmoidBce',
  ),
  /** Which digits are shown. */
  set: number({ min: 0, max: 999, whole }, 0),
  /** Between which two of them. */
  a: place(3),
  b: place(8),
  data: choice(['mnist', 'synthetic'], 'mnist'),
  /** Use at most so many images: for slow adapters and for tests. */
  train: images as ReturnType<typeof number>,
  test: images as ReturnType<typeof number>,
  /** Begin without waiting for the button. */
  play: choice(['0', '1'], '0'),
});

let recipe: Recipe;

/** The worker knows the networks; the page need not load the engine for it. */
export function setRecipe(known: Recipe): void {
  recipe = known;
}

export const recipeOf = (): Recipe => recipe;

export function trainingSettings(): TrainingSettings {
  const { rate, batch, seed, bottleneck: size, denoise } = state.values;
  return {
    bottleneck: size,
    noise: denoise === '1' ? NOISE : 0,
    learningRate: rate ?? recipe.learningRate,
    batchSize: batch ?? recipe.batchSize,
    seed,
  };
}

export function dataSettings(): DataSettings {
  const { data: name, train, test } = state.values;
  return { name, train, test };
}
