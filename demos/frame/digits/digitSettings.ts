import { hidden } from '../settings.ts';

const images = { initial: undefined, min: 1, max: 60_000, acts: 'load' } as const;

/** Which digits a page works on: the settings of its address. */
export const digitSettings = {
  data: hidden.choice(['mnist', 'synthetic'], 'mnist', 'load'),
  /** Use at most so many images: for slow adapters and for tests. */
  train: hidden.number(images),
  test: hidden.number({ ...images, softwareMost: 1000 }),
};

export interface DigitValues {
  readonly data: 'mnist' | 'synthetic';
  readonly train?: number;
  readonly test?: number;
}
