import {
  by,
  hidden,
  learningRate,
  numbers,
  range,
  seed,
  settings as declare,
  speed,
} from '../frame/settings.ts';
import { percent } from '../shared/dom.ts';
import { frequenciesOf } from './protocol.ts';

/** The largest modulus: an address may have no number of it or above. */
const MOST = 59;
const chosen = (initial: number) => hidden.number({ initial, min: 0, max: MOST - 1, acts: 'now' });

export const settings = declare({
  prime: numbers({
    label: 'Modulus p',
    acts: 'afresh',
    initial: 43,
    values: [23, 31, 43, MOST],
    segments: true,
  }),
  learned: range({
    label: 'Pairs to learn',
    acts: 'afresh',
    min: 0.3,
    max: 0.9,
    step: 0.05,
    initial: 0.6,
    limits: [0.05, 0.95],
    show: (value) => percent(value, 0),
  }),
  decay: range({
    label: 'Weight decay',
    acts: 'rebuild',
    min: 0,
    max: 2,
    step: 0.1,
    initial: 1,
    limits: [0, 10],
    hint: 'Each step makes the weights smaller by this times the learning rate. With 0 the network never understands.',
  }),
  rate: learningRate({ min: 1e-4, max: 0.03, initial: 0.003 }),
  circle: range({
    label: 'Circle shown',
    acts: 'now',
    min: 0,
    max: frequenciesOf(MOST),
    step: 1,
    initial: by('prime', { 23: 0, 31: 0, 43: 0, [MOST]: 0 }), // another modulus has other frequencies
    limits: [0, frequenciesOf(MOST)],
    most: ({ prime }) => frequenciesOf(prime),
    show: (value) => (value === 0 ? 'the strongest' : `frequency ${value}`),
  }),
  seed: { ...seed(), acts: 'afresh' as const },
  speed: speed(),
  /** The chosen pair. */
  a: chosen(17),
  b: chosen(38),
});
