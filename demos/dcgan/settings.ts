import { DCGAN_FACTS } from '../../src/models/dcganFacts.ts';
import type { DcganFacts, DcganPreset } from '../../src/models/dcganFacts.ts';
import {
  by,
  hidden,
  learningRate,
  numbers,
  options,
  range,
  seed,
  settings as declare,
} from '../frame/settings.ts';
import { digitSettings } from '../frame/digits/digitSettings.ts';
import { SAMPLES } from './protocol.ts';

const PRESETS = ['small', 'keras', 'tf', 'pytorch'] as const satisfies readonly DcganPreset[];
const each = <T>(of: (facts: DcganFacts, preset: DcganPreset) => T) =>
  Object.fromEntries(PRESETS.map((preset) => [preset, of(DCGAN_FACTS[preset], preset)])) as Record<
    DcganPreset,
    T
  >;
const weights = ({ parameters: [generator, discriminator] }: DcganFacts) =>
  (generator + discriminator).toLocaleString('en-US');
const rate = {
  min: 1e-5,
  max: 0.01,
  limits: [0, 1],
  initial: by(
    'preset',
    each(({ learningRate }) => learningRate),
  ),
} as const;

/** Four numbers of samples, counted from 1: 1-8-57-64. */
const isCorners = (text: string) => {
  const samples = text.split('-').map(Number);
  return samples.length === 4 && samples.every((n) => Number.isInteger(n) && n >= 1 && n <= SAMPLES);
};
const share = { initial: 0.5, min: 0, max: 1, fractions: true } as const;

export const settings = declare({
  part: options({
    label: 'Who learns',
    acts: 'now',
    initial: 'both',
    values: ['both', 'generator', 'discriminator'],
    segments: true,
  }),
  pace: options({
    label: 'Pace',
    acts: 'now',
    initial: 'full',
    values: ['full', 'step', 'stage'],
    labels: { full: 'full speed', step: 'slow', stage: 'stages' },
    notes: { step: 'Two steps per second', stage: 'Half a second for each stage of a step' },
    segments: true,
  }),
  preset: options({
    label: 'Networks',
    acts: 'anew',
    initial: 'small',
    values: PRESETS,
    labels: each((facts, preset) => `${preset}, ${weights(facts)} weights`),
    notes: each(({ description }, preset) =>
      preset === 'small' ? description : `${description}. It needs a GPU.`,
    ),
  }),
  grate: learningRate({ label: 'Generator’s learning rate', ...rate }),
  drate: learningRate({ label: 'Discriminator’s learning rate', ...rate }),
  loss: options({
    label: 'Generator’s loss',
    acts: 'anew',
    initial: 'nonSaturating',
    values: ['nonSaturating', 'minimax'],
    labels: { nonSaturating: 'non-saturating, −log D(G(z))', minimax: 'minimax, log(1 − D(G(z)))' },
  }),
  smooth: range({
    label: 'Label smoothing',
    acts: 'anew',
    min: 0,
    max: 0.4,
    step: 0.05,
    limits: [0, 0.4],
    initial: 0,
    show: (value) => (value === 0 ? 'none' : `real is ${Number((1 - value).toFixed(2))}`),
  }),
  batch: numbers({
    label: 'Batch size',
    acts: 'restart',
    values: [16, 32, 64, 128, 256, 512],
    limits: [2, 1024],
    softwareMost: 32,
    initial: by(
      'preset',
      each(({ batchSize }) => batchSize),
    ),
  }),
  seed: seed(),
  /** The latent vectors that the grid shows. */
  noise: hidden.number({ initial: 0, min: 0, max: 9999, acts: 'now' }),
  /** The latent walk: samples in the corners, and the place between them. */
  corners: hidden.text(`1-8-${SAMPLES - 7}-${SAMPLES}`, isCorners),
  x: hidden.number(share),
  y: hidden.number(share),
  ...digitSettings,
  test: hidden.number({ initial: SAMPLES, min: SAMPLES, max: 10_000, acts: 'load' }),
});
