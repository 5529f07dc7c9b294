import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { serve } from '../frame/worker/worker.ts';
import { digitsFor, firstDigits } from '../frame/digits/loadDigits.ts';
import { Digits } from './digits.ts';
import type { Calls, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

serve<typeof settings, MnistSet, Digits, Calls, Tells>({
  load: digitsFor,
  first: firstDigits,
  create: (context) => Digits.create(context),
  trained: ({ preset }) =>
    preset === 'quick' ? new URL('./trained/quick.safetensors', import.meta.url) : undefined,
  calls: {
    look: (digits, input) => digits.show(input),
    grid: (digits, chosen) => digits.showGrid(chosen),
    gradients: (digits, target) => digits.gradients(target),
    explain: (digits, map) => digits.explain(map),
  },
  latest: ['look', 'gradients'],
});
