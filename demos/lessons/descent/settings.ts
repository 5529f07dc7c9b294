import { slider } from '../common/slider.ts';

/** Of the weight: its first steps from 3 in full. */
export const DIGITS = 6;

export const settings = {
  w: slider({ label: 'Weight w', min: 0, max: 4, step: 0.05, initial: 3, digits: DIGITS }),
  rate: slider({ label: 'Learning rate', min: 0.001, max: 0.05, step: 0.01, scale: 'log', initial: 0.005 }),
};
