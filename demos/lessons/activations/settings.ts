import { hidden } from '../../frame/settings.ts';
import { slider } from '../common/slider.ts';
import { NAMES } from './functions.ts';

export const settings = {
  f: hidden.choice(NAMES, 'relu'),
  x: slider({ label: 'Input x', min: -5, max: 5, step: 0.05, initial: 1.5 }),
};
