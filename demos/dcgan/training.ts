import { Gan } from '../../src/index.ts';
import type { GanNetworks, Gpu } from '../../src/index.ts';
import { dcganTraining } from '../../src/models/dcgan.ts';
import type { ValuesOf } from '../frame/settings.ts';
import type { settings } from './settings.ts';

/** What trains the two networks. */
export function compile(
  gpu: Gpu,
  networks: GanNetworks,
  { preset, loss, smooth }: Pick<ValuesOf<typeof settings>, 'preset' | 'loss' | 'smooth'>,
): Promise<Gan> {
  const { name, generator, discriminator, seed, imageRange, prepare } = networks;
  const gan = new Gan({ name, generator, discriminator, seed, imageRange, prepare });
  return gan.compile({ gpu, ...dcganTraining(preset, { generatorLoss: loss, labelSmoothing: smooth }) });
}
