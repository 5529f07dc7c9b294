import type { GanPart } from '../../src/index.ts';
import type { DcganPreset } from '../../src/models/dcgan.ts';
import type { DataSettings } from '../shared/loadDigits.ts';
import { choice, number, UrlState } from '../shared/urlState.ts';
import type { Field } from '../shared/urlState.ts';
import { SAMPLES } from './protocol.ts';
import type { GanSettings, Pace, Place, Recipe, Recipes } from './protocol.ts';

const whole = true;
export const PRESETS = ['small', 'keras', 'tf', 'pytorch'] as const satisfies readonly DcganPreset[];
export const PARTS = ['both', 'generator', 'discriminator'] as const satisfies readonly GanPart[];
export const PACES = ['full', 'step', 'stage'] as const satisfies readonly Pace[];
export const MOST_SMOOTHING = 0.4;
const rate = number({ min: 0, max: 1 });

/** Four numbers of samples, as people count them: 1-8-57-64. */
const corners: Field<string> = {
  initial: `1-8-${SAMPLES - 7}-${SAMPLES}`,
  parse: (text) => {
    const numbers = text.split('-').map(Number);
    const fit = numbers.every((each) => Number.isInteger(each) && each >= 1 && each <= SAMPLES);
    return numbers.length === 4 && fit ? text : undefined;
  },
  format: (value) => value,
};

/** Everything of this page that a link shares. */
export const state = new UrlState({
  preset: choice(PRESETS, 'small'),
  /** Learning rates; without one the preset's own is used. */
  grate: rate,
  drate: rate,
  loss: choice(['nonSaturating', 'minimax'], 'nonSaturating'),
  smooth: number({ min: 0, max: MOST_SMOOTHING }, 0),
  batch: number({ min: 2, max: 1024, whole }),
  seed: number({ min: 0, max: 2 ** 32 - 1, whole }, 0),
  part: choice(PARTS, 'both'),
  pace: choice(PACES, 'full'),
  /** Which latent vectors the grid shows. */
  noise: number({ min: 0, max: 9999, whole }, 0),
  /** The latent walk: samples in the corners, and the place between them. */
  corners,
  x: number({ min: 0, max: 1 }, 0.5),
  y: number({ min: 0, max: 1 }, 0.5),
  data: choice(['mnist', 'synthetic'], 'mnist'),
  /** Use at most so many images: for slow adapters and for tests. */
  train: number({ min: SAMPLES, max: 60_000, whole }),
  /** Begin without waiting for the button. */
  play: choice(['0', '1'], '0'),
});

let recipes: Recipes;

/** The worker knows the networks; the page need not load the engine for it. */
export function setRecipes(known: Recipes): void {
  recipes = known;
}

export function recipe(preset: DcganPreset = state.values.preset): Recipe {
  return recipes[preset];
}

export function ganSettings(): GanSettings {
  const { preset, grate, drate, loss, smooth: smoothing, batch, seed } = state.values;
  const { learningRate, batchSize } = recipe();
  return {
    preset,
    generatorRate: grate ?? learningRate,
    discriminatorRate: drate ?? learningRate,
    loss,
    smoothing,
    batchSize: batch ?? batchSize,
    seed,
  };
}

export function dataSettings(): DataSettings {
  const { data: name, train } = state.values;
  return { name, train, test: SAMPLES };
}

export function place(): Place {
  const { corners: text, x, y } = state.values;
  return { corners: text.split('-').map((sample) => Number(sample) - 1), x, y };
}
