import { slider } from '../common/slider.ts';

export const settings = {
  w: slider({ label: 'Weight w', min: 0, max: 4, step: 0.05, initial: 3 }),
  rate: slider({ label: 'Learning rate', min: 0.001, max: 0.05, step: 0.01, scale: 'log', initial: 0.005 }),
};
