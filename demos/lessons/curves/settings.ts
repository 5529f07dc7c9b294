import { hidden } from '../../frame/settings.ts';
import { slider } from '../common/slider.ts';
import { NAMES } from './scenarios.ts';

const rate = (initial: number) =>
  slider({ label: 'Learning rate', min: 0.0001, max: 10, step: 0.1, scale: 'log', initial });

export const settings = {
  curve: hidden.choice(NAMES, 'overfit'),
  high: rate(3),
  low: rate(0.0001),
  still: slider({ label: 'Steps', min: 20, max: 600, step: 20, initial: 60 }),
  overfit: slider({ label: 'Training samples', min: 8, max: 512, step: 8, initial: 24 }),
  plateau: slider({
    label: 'Size of the first weights',
    min: 0.001,
    max: 1,
    step: 0.1,
    scale: 'log',
    initial: 0.003,
  }),
  dying: slider({ label: 'Slope below 0', min: 0, max: 0.3, step: 0.01, initial: 0 }),
  jumps: slider({ label: 'Batch size', min: 1, max: 512, step: 1, initial: 1 }),
  dropout: slider({ label: 'Dropout', min: 0, max: 0.8, step: 0.05, initial: 0.5 }),
};
