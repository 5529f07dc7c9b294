import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { serve } from '../frame/worker/worker.ts';
import { digitsFor, firstDigits } from '../frame/digits/loadDigits.ts';
import { Pair } from './pair.ts';
import type { Calls, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

serve<typeof settings, MnistSet, Pair, Calls, Tells>({
  load: digitsFor,
  first: firstDigits,
  create: (context) => Pair.create(context),
  trained: ({ preset }) =>
    preset === 'small' ? new URL('./trained/small.safetensors', import.meta.url) : undefined,
  calls: {
    watch: (pair, index) => pair.watch(index),
    picture: (pair, what) => pair.picture(what),
    past: (pair, step) => pair.showPast(step),
    walk: (pair, place) => pair.walk(place),
  },
  latest: ['past', 'walk'],
});
