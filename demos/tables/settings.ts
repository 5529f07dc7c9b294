import { hidden, learningRate, options, seed, settings as declare, speed, whole } from '../frame/settings.ts';
import { ALL, areFeatures } from './features.ts';

export const settings = declare({
  hidden: options({
    label: 'Hidden layers',
    acts: 'anew',
    initial: '16-8',
    values: ['16-8', '8', 'none'],
    labels: {
      '16-8': '16 neurons, then 8',
      '8': '8 neurons',
      none: 'none: a single neuron',
    },
    notes: { none: 'This is logistic regression.' },
  }),
  rate: learningRate({ min: 1e-4, max: 0.1, limits: [0, 1], initial: 0.003 }),
  split: whole({
    label: 'Split',
    acts: 'data',
    initial: 0,
    min: 0,
    max: 2 ** 32 - 1,
  }),
  seed: seed(),
  speed: speed(),
  /** Which columns the network gets: `all`, or their numbers from 1 on, with commas. */
  features: hidden.text(ALL, areFeatures, 'anew'),
  /** From this probability on a row is called malignant. */
  threshold: hidden.number({ initial: 0.5, min: 0, max: 1, fractions: true }),
  data: hidden.choice(['published', 'synthetic'], 'published', 'load'),
});
