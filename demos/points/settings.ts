import {
  learningRate,
  numbers,
  options,
  range,
  seed,
  settings as declare,
  speed,
} from '../frame/settings.ts';
import { SHAPES } from '../shared/planePoints.ts';

export const settings = declare({
  shape: options({
    label: 'Points',
    acts: 'data',
    initial: 'moons',
    values: SHAPES,
    labels: {
      moons: 'two moons',
      rings: 'a ring around a disc',
      spirals: 'two spirals',
      squares: 'four squares',
    },
  }),
  noise: range({ label: 'Noise', acts: 'data', min: 0, max: 0.3, step: 0.01, initial: 0.06 }),
  layers: numbers({ label: 'Hidden layers', acts: 'anew', initial: 2, values: [1, 2, 3], segments: true }),
  units: numbers({ label: 'Neurons in each', acts: 'anew', initial: 8, values: [2, 4, 8], segments: true }),
  activation: options({
    label: 'Activation',
    acts: 'anew',
    initial: 'tanh',
    values: ['tanh', 'relu', 'sigmoid'],
    segments: true,
  }),
  rate: learningRate({
    min: 1e-4,
    max: 1,
    initial: 0.02,
  }),
  seed: { ...seed(), acts: 'afresh' as const }, // of the points, too
  speed: speed(),
  adds: options({
    label: 'New points',
    acts: 'page',
    initial: 'blue',
    values: ['blue', 'orange'],
    segments: true,
  }),
});
