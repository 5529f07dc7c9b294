import {
  hidden,
  learningRate,
  numbers,
  options,
  seed,
  settings as declare,
  speed,
} from '../frame/settings.ts';
import { WAYS } from './protocol.ts';

export const settings = declare({
  toy: options({
    label: 'Data',
    acts: 'afresh',
    initial: 'moons',
    values: ['moons', 'spirals', 'drawn'],
    labels: { moons: 'two moons', spirals: 'two spirals', drawn: 'your drawing' },
  }),
  couplings: numbers({
    label: 'Couplings',
    acts: 'anew',
    initial: 8,
    values: [2, 4, 8, 12],
    segments: true,
    limits: [1, 16],
  }),
  way: options({
    label: 'Points and grid',
    hint: 'Points of the data are bent to noise, or points of noise to data.',
    acts: 'now',
    initial: 'data',
    values: WAYS,
    labels: { data: 'of the data', noise: 'of noise' },
    segments: true,
  }),
  rate: learningRate({ min: 1e-4, max: 0.02, initial: 0.002 }),
  batch: numbers({
    label: 'Batch size',
    acts: 'restart',
    initial: 256,
    values: [64, 128, 256, 512],
    limits: [1, 4096],
  }),
  seed: { ...seed(), acts: 'afresh' as const },
  speed: speed(),
  /** Counts the reader's drawings: each is other data. */
  drawing: hidden.number({ initial: 0, min: 0, max: 1e6, acts: 'data' }),
});
