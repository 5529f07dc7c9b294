import { adam, model } from '../../src/index.ts';
import type { Gpu, Model } from '../../src/index.ts';
import { vaeObjective } from '../../src/models/vae.ts';
import type { Vae } from '../../src/models/vae.ts';

/** What trains the network. */
export const compile = (
  gpu: Gpu,
  { options }: Vae,
  { rate: learningRate, beta }: { rate: number; beta: number },
): Promise<Model> =>
  model(options).compile({ gpu, optimizer: adam({ learningRate }), ...vaeObjective({ beta }) });
