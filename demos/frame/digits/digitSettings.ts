import { hidden, numbers } from '../settings.ts';
import type { ValuesOf } from '../settings.ts';
import { bytesOf, DIGIT_FILES } from './digitFiles.ts';

const { train, rest } = DIGIT_FILES;
const megabytes = Math.round(bytesOf('rest') / 1e6);

const thousands = (value: number) => value.toLocaleString('en-US');

/** Which digits a page works on. */
export const digitSettings = {
  train: numbers({
    label: 'Training images',
    hint: `${thousands(rest.to)} need another ${megabytes} MB of data.`,
    acts: 'data',
    initial: train.to,
    values: [train.to, rest.to],
    limits: [1, rest.to],
    show: thousands,
  }),
  data: hidden.choice(['mnist', 'synthetic'], 'mnist', 'load'),
  /** Use at most so many test images: for slow adapters and for tests. */
  test: hidden.number({ initial: undefined, min: 1, max: 10_000, acts: 'load', softwareMost: 1000 }),
};

export type DigitValues = ValuesOf<typeof digitSettings>;
