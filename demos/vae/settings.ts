import { digitSettings } from '../frame/digits/digitSettings.ts';
import { hidden, learningRate, numbers, range, seed, settings as declare, speed } from '../frame/settings.ts';
import { YOURS } from './protocol.ts';

/** The longest code: an address may have no number of it beyond. */
const MOST = 32;
const axis = (initial: number) => hidden.number({ initial, min: 1, max: MOST, acts: 'now' });
const place = (initial: number) => hidden.number({ initial, min: 0, max: YOURS, acts: 'now' });

export const settings = declare({
  latent: numbers({
    label: 'Numbers in a code',
    acts: 'anew',
    initial: 2,
    values: [2, 16, MOST],
    segments: true,
  }),
  beta: range({
    label: 'β, the weight of the KL',
    hint: 'The larger it is, the less the codes may say. With 0 nothing holds them near the prior.',
    acts: 'rebuild',
    min: 0,
    max: 8,
    step: 0.5,
    initial: 1,
    limits: [0, 100],
    show: (value) => String(value),
  }),
  rate: learningRate({ min: 1e-4, max: 0.01, initial: 0.001 }),
  batch: numbers({
    label: 'Batch size',
    acts: 'restart',
    initial: 128,
    values: [16, 32, 64, 128, 256, 512],
    limits: [1, 4096],
  }),
  seed: seed(),
  speed: speed(),
  /** The numbers of a code that the sheet and the map show, from 1 on. */
  right: axis(1),
  up: axis(2),
  /** The ten test images that are shown. */
  set: hidden.number({ initial: 0, min: 0, max: 999, acts: 'now' }),
  /** Where the walk starts and ends. */
  a: place(3),
  b: place(8),
  ...digitSettings,
});
