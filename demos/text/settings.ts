import {
  by,
  hidden,
  learningRate,
  numbers,
  options,
  range,
  seed,
  settings as declare,
  speed,
} from '../frame/settings.ts';

/** Characters of the beginning that an address keeps. */
const LONGEST = 200;

export const settings = declare({
  temperature: range({
    label: 'Temperature',
    acts: 'now',
    min: 0,
    max: 2,
    step: 0.05,
    initial: 0.8,
    limits: [0, 10],
    show: (value) => value.toFixed(2),
  }),
  topK: numbers({
    label: 'Draw from the likeliest',
    acts: 'now',
    initial: 0,
    values: [1, 3, 10, 0],
    segments: true,
    show: (value) => (value === 0 ? 'all' : String(value)),
  }),
  network: options({
    label: 'Network',
    acts: 'afresh',
    initial: 'tiny',
    values: ['tiny', 'small'],
    labels: { tiny: '2 blocks of 64', small: '4 blocks of 128' },
    notes: {
      tiny: 'It sees 32 characters at once.',
      small: 'It sees 64 characters at once, and a step takes longer.',
    },
  }),
  rate: learningRate({
    min: 1e-4,
    max: 0.02,
    limits: [0, 1],
    initial: by('network', { tiny: 0.002, small: 0.001 }),
  }),
  seed: seed(),
  speed: speed(),
  /** The head whose map is large, counted through all blocks. */
  head: hidden.number({ initial: 0, min: 0, max: 15, acts: 'now' }),
  /** What the text begins with. */
  beginning: hidden.text('ROMEO:\nWhat light', (text) => text.length <= LONGEST),
  /** The name of a text of the reader's own; it is not in the address, and lasts as long as the page. */
  own: hidden.text('', (text) => /^[\da-z]*$/.test(text), 'afresh'),
  data: hidden.choice(['published', 'synthetic'], 'published', 'load'),
});
