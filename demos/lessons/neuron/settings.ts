import { options } from '../../frame/settings.ts';
import { slider } from '../common/slider.ts';

const weight = (label: string, initial: number) => slider({ label, min: -8, max: 8, step: 0.1, initial });

export const settings = {
  task: options({
    label: 'Task',
    acts: 'page',
    segments: true,
    values: ['or', 'and', 'xor'],
    labels: { or: 'OR', and: 'AND', xor: 'XOR' },
    initial: 'or',
  }),
  kind: options({
    label: 'Network',
    acts: 'page',
    segments: true,
    values: ['one', 'two'],
    labels: { one: 'one neuron', two: 'two layers' },
    initial: 'one',
  }),
  w1: weight('Weight w₁', 2),
  w2: weight('Weight w₂', 2),
  b: weight('Bias b', -1),
  seed: slider({ label: 'Random start', min: 1, max: 20, step: 1, initial: 2 }),
};
