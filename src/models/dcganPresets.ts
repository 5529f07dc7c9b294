import { ArgumentError } from '../errors.ts';
import type { GanOptions } from '../nn/gan/networks.ts';
import type { GanLossOptions } from '../nn/gan/step.ts';
import { resize2d } from '../ops/resize/resize2d.ts';
import { DCGAN_FACTS } from './dcganFacts.ts';
import type { DcganFacts, DcganPreset } from './dcganFacts.ts';
import { KERAS, PYTORCH, TF } from './dcganNetworks.ts';
import { dcganPair, SMALL } from './dcganSmall.ts';
import type { DcganPair } from './dcganSmall.ts';

/** Two networks for 28 × 28 grey images, and how to train them. */
export interface DcganRecipe extends DcganPair, DcganFacts {
  readonly losses: GanLossOptions;
  readonly beta1: number;
}

/**
 * The presets. `small` is for software adapters; the others are the field's examples. That of PyTorch works on 64 × 64
 * images: MNIST's 28 × 28 are resized on the GPU (bilinear), as the example's own loader resizes them.
 */
export const DCGAN_PRESETS: Readonly<Record<DcganPreset, DcganRecipe>> = {
  small: { ...DCGAN_FACTS.small, ...SMALL, losses: {}, beta1: 0.5 },
  keras: { ...DCGAN_FACTS.keras, ...KERAS, imageRange: [0, 1], losses: { labelNoise: 0.05 }, beta1: 0.9 },
  tf: { ...DCGAN_FACTS.tf, ...TF, imageRange: [-1, 1], losses: {}, beta1: 0.9 },
  pytorch: {
    ...DCGAN_FACTS.pytorch,
    ...PYTORCH,
    imageRange: [-1, 1],
    prepare: (images) => resize2d(images, [64, 64], { interpolation: 'bilinear' }),
    losses: {},
    beta1: 0.5,
  },
};

/** @throws ArgumentError if there is no such preset */
export function recipeOf(preset: DcganPreset): DcganRecipe {
  if (Object.hasOwn(DCGAN_PRESETS, preset)) return DCGAN_PRESETS[preset];
  const names = Object.keys(DCGAN_PRESETS).join(', ');
  throw new ArgumentError(`dcgan: there is no preset '${String(preset)}'; choose one of ${names}`);
}

/**
 * The two networks of a preset, for `new GanNetworks`, which only computes, or `new Gan`, which trains them.
 *
 * @param options.seed of the weights, the shuffling, the latent vectors and the dropout; default 0
 * @throws ArgumentError if there is no such preset
 */
export const dcganNetworks = (preset: DcganPreset = 'small', options?: { seed?: number }): GanOptions =>
  dcganPair(preset, recipeOf(preset), options);
