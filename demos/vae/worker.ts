import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { digitsFor, firstDigits } from '../frame/digits/loadDigits.ts';
import { serve } from '../frame/worker/worker.ts';
import { VaeTrainee } from './network.ts';
import type { Calls, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

serve<typeof settings, MnistSet, VaeTrainee, Calls, Tells>({
  load: digitsFor,
  first: firstDigits,
  create: (context) => VaeTrainee.create(context),
  trained: ({ latent, beta }) =>
    latent === 2 && beta === 1 ? new URL('./trained/latent-2.safetensors', import.meta.url) : undefined,
  calls: {
    draw: (network, pixels) => network.draw(pixels),
    again: (network) => network.again(),
    choose: (network, place) => network.choose(place),
    nearest: (network, place) => network.nearest(place),
  },
  latest: ['draw', 'choose', 'nearest'],
});
