import { ArgumentError } from '../errors.ts';
import { Gan } from '../nn/gan/gan.ts';
import type { GanCompileOptions } from '../nn/gan/gan.ts';
import type { GanLossOptions } from '../nn/gan/step.ts';
import { sequential } from '../nn/sequential.ts';
import { adam } from '../nn/optimizers.ts';
import { resize2d } from '../ops/resize/resize2d.ts';
import type { Tensor } from '../ops/core/op.ts';
import { DCGAN_FACTS } from './dcganFacts.ts';
import type { DcganFacts, DcganPreset } from './dcganFacts.ts';
import { KERAS, PYTORCH, SMALL, TF } from './dcganNetworks.ts';
import type { DcganNetworks } from './dcganNetworks.ts';

export type { DcganPreset } from './dcganFacts.ts';

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

/**
 * One of the presets as a GAN that is not compiled yet: `await dcgan('small').compile({ gpu, ...dcganTraining('small') })`.
 *
 * @param options.seed of the weights, the shuffling, the latent vectors and the dropout; default 0
 * @throws ArgumentError if there is no such preset
 */
export function dcgan(preset: DcganPreset = 'small', { seed = 0 }: { seed?: number } = {}): Gan {
  const recipe = recipeOf(preset);
  const { latentSize, imageShape, imageRange, prepare } = recipe;
  // Seeds of their own, or both would begin with the same random numbers.
  return new Gan({
    name: `dcgan-${preset}`,
    generator: sequential(recipe.generator(), {
      inputShape: [latentSize],
      name: 'generator',
      seed: 2 * seed,
    }),
    discriminator: sequential(recipe.discriminator(), {
      inputShape: imageShape,
      name: 'discriminator',
      seed: 2 * seed + 1,
    }),
    seed,
    imageRange,
    prepare,
  });
}

/**
 * Losses and optimizers of a preset, for `Gan.compile`.
 *
 * @param options.learningRate of both optimizers; default: the preset's
 * @throws ArgumentError if there is no such preset, or the rate is out of range
 */
export function dcganTraining(
  preset: DcganPreset,
  { learningRate, ...losses }: { learningRate?: number } & GanLossOptions = {},
): GanCompileOptions {
  const recipe = recipeOf(preset);
  const optimizer = () => adam({ learningRate: learningRate ?? recipe.learningRate, beta1: recipe.beta1 });
  return {
    ...recipe.losses,
    ...losses,
    generatorOptimizer: optimizer(),
    discriminatorOptimizer: optimizer(),
  };
}

function recipeOf(preset: DcganPreset): DcganRecipe {
  if (Object.hasOwn(DCGAN_PRESETS, preset)) return DCGAN_PRESETS[preset];
  const names = Object.keys(DCGAN_PRESETS).join(', ');
  throw new ArgumentError(`dcgan: there is no preset '${String(preset)}'; choose one of ${names}`);
}
