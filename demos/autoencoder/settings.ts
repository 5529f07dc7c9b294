import type { AutoencoderVersion } from '../../src/models/versionsNetwork.ts';
import {
  hidden,
  learningRate,
  numbers,
  seed,
  settings as declare,
  speed,
  toggle,
} from '../frame/settings.ts';
import { digitSettings } from '../frame/digits/digitSettings.ts';
import { YOURS } from './protocol.ts';

/** The versions, with their names on the page and the variables of their colours. */
export const VERSIONS = [
  { name: 'linearMse', title: 'linear + MSE', colour: '--linear-mse' },
  { name: 'sigmoidMse', title: 'sigmoid + MSE', colour: '--sigmoid-mse' },
  { name: 'sigmoidBce', title: 'sigmoid + BCE', colour: '--sigmoid-bce' },
] as const satisfies readonly { name: AutoencoderVersion; [key: string]: string }[];

export const titleOf = (version: AutoencoderVersion): string =>
  VERSIONS.find(({ name }) => name === version)!.title;

const place = (initial: number) => hidden.number({ initial, min: 0, max: YOURS, acts: 'now' });

export const settings = declare({
  bottleneck: numbers({
    label: 'Bottleneck',
    hint: 'How many numbers a code has.',
    acts: 'anew',
    initial: 64,
    values: [2, 16, 32, 64],
    segments: true,
  }),
  denoise: toggle({
    label: 'Denoising',
    hint: 'The inputs get noise; the targets stay clean.',
    acts: 'rebuild',
  }),
  /** Higher than usual for Adadelta: a few hundred steps already show how the versions differ. */
  rate: learningRate({
    min: 0.01,
    max: 10,
    initial: 4,
  }),
  batch: numbers({
    label: 'Batch size',
    acts: 'restart',
    initial: 128,
    values: [16, 32, 64, 128, 256, 512, 1024],
    limits: [1, 4096],
  }),
  seed: seed(),
  speed: speed(),
  /** The version whose codes are explored. */
  version: hidden.choice(
    VERSIONS.map(({ name }) => name),
    'sigmoidBce',
    'now',
  ),
  /** The ten test images that are shown. */
  set: hidden.number({ initial: 0, min: 0, max: 999, acts: 'now' }),
  /** The places of the two digits between which the walk goes. */
  a: place(3),
  b: place(8),
  ...digitSettings,
});
