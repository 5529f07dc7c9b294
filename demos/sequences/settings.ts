import {
  hidden,
  learningRate,
  numbers,
  options,
  seed,
  settings as declare,
  speed,
} from '../frame/settings.ts';

export const settings = declare({
  cell: options({
    label: 'Cell',
    acts: 'anew',
    initial: 'lstm',
    values: ['lstm', 'gru'],
    labels: { lstm: 'LSTM', gru: 'GRU' },
    segments: true,
  }),
  back: numbers({
    label: 'Months that it sees',
    acts: 'anew',
    initial: 12,
    values: [1, 3, 12],
    segments: true,
  }),
  target: options({
    label: 'What it forecasts',
    acts: 'anew',
    initial: 'value',
    values: ['value', 'change'],
    labels: { value: 'the number of passengers', change: 'its change over a year' },
    notes: { change: 'The change of the logarithm, which is added to that of a year ago.' },
  }),
  units: numbers({ label: 'Units', acts: 'anew', initial: 16, values: [4, 8, 16], segments: true }),
  rate: learningRate({ min: 1e-4, max: 0.1, limits: [0, 1], initial: 0.01 }),
  seed: seed(),
  speed: speed(),
  /** The forecast that is looked at: its month, from 0 on. */
  month: hidden.number({ initial: 126, min: 0, max: 143, acts: 'now' }),
  /** The unit and the step of its window that are looked at, from 1 on; 0 is the last step. */
  unit: hidden.number({ initial: 12, min: 1, max: 16 }),
  at: hidden.number({ initial: 0, min: 0, max: 12 }),
  data: hidden.choice(['published', 'synthetic'], 'published', 'load'),
});
