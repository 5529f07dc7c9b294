import { hidden, options } from '../../frame/settings.ts';
import { slider } from '../common/slider.ts';
import { NAMES, RANGE, SURFACES } from './surfaces.ts';
import type { Surface } from './surfaces.ts';

const surfaces = Object.keys(SURFACES) as Surface[];
const [min, max] = RANGE;

export const settings = {
  surface: options({
    label: 'Surface',
    acts: 'page',
    segments: true,
    values: surfaces,
    labels: Object.fromEntries(surfaces.map((name) => [name, SURFACES[name].title])),
    initial: 'valley',
  }),
  x: slider({ label: 'Start x', min, max, step: 0.02, initial: -1.7 }),
  y: slider({ label: 'Start y', min, max, step: 0.02, initial: 1.2 }),
  /** The optimizer whose steps are shown in numbers. */
  racer: hidden.choice(NAMES, 'adam'),
  factor: slider({ label: 'All rates ×', min: 0.1, max: 10, step: 0.1, scale: 'log', initial: 1 }),
};
