import { ArgumentError } from '../errors.ts';
import type { GanOptions } from '../nn/gan/networks.ts';
import type { GanLossOptions } from '../nn/gan/step.ts';
import { Network } from '../nn/network.ts';
import { chained } from '../nn/sequence.ts';
import { resize2d } from '../ops/resize/resize2d.ts';
import type { Tensor } from '../ops/core/op.ts';
import { DCGAN_FACTS } from './dcganFacts.ts';
import type { DcganFacts, DcganPreset } from './dcganFacts.ts';
import { KERAS, PYTORCH, SMALL, TF } from './dcganNetworks.ts';
import type { DcganNetworks } from './dcganNetworks.ts';

/** Two networks for 28 × 28 grey images, and how to train them. */
export interface DcganRecipe extends DcganNetworks, DcganFacts {
  /** Black and white as the generator's last activation reaches them. */
  readonly imageRange: readonly [low: number, high: number];
  /** Brings 28 × 28 images to the networks' size. */
  readonly prepare?: (images: Tensor) => Tensor;
  readonly losses: GanLossOptions;
  readonly beta1: number;
}

/**
 * The presets. `small` is for software adapters; the others are the field's examples. That of PyTorch works on 64 × 64
 * images: MNIST's 28 × 28 are resized on the GPU (bilinear), as the example's own loader resizes them.
 */
export const DCGAN_PRESETS: Readonly<Record<DcganPreset, DcganRecipe>> = {
  small: { ...DCGAN_FACTS.small, ...SMALL, imageRange: [-1, 1], losses: {}, beta1: 0.5 },
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
export function dcganNetworks(
  preset: DcganPreset = 'small',
  { seed = 0 }: { seed?: number } = {},
): GanOptions {
  const { latentSize, imageShape, imageRange, prepare, ...recipe } = recipeOf(preset);
  // Seeds of their own, or both would begin with the same random numbers.
  const generator = { inputShape: [latentSize], name: 'generator', seed: 2 * seed };
  const discriminator = { inputShape: imageShape, name: 'discriminator', seed: 2 * seed + 1 };
  return {
    name: `dcgan-${preset}`,
    generator: new Network(chained(recipe.generator(), generator)),
    discriminator: new Network(chained(recipe.discriminator(), discriminator)),
    seed,
    imageRange,
    prepare,
  };
}
