import { options } from '../../frame/settings.ts';
import { slider } from '../common/slider.ts';
import { FUNCTIONS, NAMES } from './functions.ts';

export const settings = {
  f: options({
    label: 'Function',
    acts: 'page',
    values: NAMES,
    labels: Object.fromEntries(NAMES.map((name) => [name, FUNCTIONS[name].title])),
    initial: 'relu',
  }),
  x: slider({ label: 'Input x', min: -5, max: 5, step: 0.05, initial: 1.5 }),
};
