import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { serve } from '../frame/worker/worker.ts';
import { digitsFor, firstDigits } from '../frame/digits/loadDigits.ts';
import { Autoencoders } from './autoencoders.ts';
import type { Calls, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

serve<typeof settings, MnistSet, Autoencoders, Calls, Tells>({
  load: digitsFor,
  first: firstDigits,
  create: (context) => Autoencoders.create(context),
  trained: ({ bottleneck, denoise }) =>
    bottleneck === 64 && !denoise
      ? new URL('./trained/bottleneck-64.safetensors', import.meta.url)
      : undefined,
  calls: {
    draw: (autoencoders, pixels) => autoencoders.draw(pixels),
    decode: (autoencoders, scores) => autoencoders.decode(scores),
    nearest: (autoencoders, place) => autoencoders.nearest(place),
  },
  latest: ['draw', 'decode', 'nearest'],
});
