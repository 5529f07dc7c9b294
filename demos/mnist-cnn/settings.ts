import { MNIST_CNN_FACTS } from '../../src/models/mnistCnnFacts.ts';
import type { MnistCnnFacts, MnistCnnPreset } from '../../src/models/mnistCnnFacts.ts';
import {
  by,
  hidden,
  learningRate,
  numbers,
  options,
  seed,
  settings as declare,
  speed,
} from '../frame/settings.ts';
import { digitSettings } from '../frame/digits/digitSettings.ts';

const PRESETS = ['quick', 'keras', 'tfjs'] as const satisfies readonly MnistCnnPreset[];
const each = <T>(of: (facts: MnistCnnFacts, preset: MnistCnnPreset) => T) =>
  Object.fromEntries(PRESETS.map((preset) => [preset, of(MNIST_CNN_FACTS[preset], preset)])) as Record<
    MnistCnnPreset,
    T
  >;

export const settings = declare({
  preset: options({
    label: 'Network',
    acts: 'anew',
    initial: 'quick',
    values: PRESETS,
    labels: each(({ parameters }, preset) => `${preset}, ${parameters.toLocaleString('en-US')} weights`),
    notes: each(({ description }) => description),
  }),
  rate: learningRate({
    min: 1e-5,
    max: 0.1,
    limits: [0, 1],
    initial: by(
      'preset',
      each(({ learningRate }) => learningRate),
    ),
  }),
  batch: numbers({
    label: 'Batch size',
    acts: 'restart',
    values: [16, 32, 64, 128, 256, 320, 512, 1024],
    limits: [1, 4096],
    initial: by(
      'preset',
      each(({ batchSize }) => batchSize),
    ),
  }),
  seed: seed(),
  speed: speed(),
  /** The test image that is the network's input. */
  image: hidden.number({ initial: 0, min: 0, max: 9999 }),
  ...digitSettings,
});
