import { Gan } from '../nn/gan/gan.ts';
import type { GanCompileOptions } from '../nn/gan/gan.ts';
import type { GanLossOptions } from '../nn/gan/step.ts';
import { adam } from '../nn/optimizers.ts';
import type { DcganPreset } from './dcganFacts.ts';
import { dcganNetworks, recipeOf } from './dcganPresets.ts';

export type { DcganPreset } from './dcganFacts.ts';
export { DCGAN_PRESETS } from './dcganPresets.ts';
export type { DcganRecipe } from './dcganPresets.ts';

/**
 * One of the presets as a GAN that is not compiled yet: `await dcgan('small').compile({ gpu, ...dcganTraining('small') })`.
 *
 * @param options.seed of the weights, the shuffling, the latent vectors and the dropout; default 0
 * @throws ArgumentError if there is no such preset
 */
export const dcgan = (preset?: DcganPreset, options?: { seed?: number }): Gan =>
  new Gan(dcganNetworks(preset, options));

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
