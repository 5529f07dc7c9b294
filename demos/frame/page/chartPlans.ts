import { figures, percent } from '../../shared/dom.ts';
import type { ChartPlan, SeriesPlan } from './progress.ts';

/** Probabilities this close to 1 share the top of the axis. */
const TOP = 0.002;

/** The value of each training step, and of the test set now and then: 'loss' and 'testLoss'. */
const trainingAndTest = (key: string): readonly SeriesPlan[] => [
  { key, name: 'training', colour: '--training', style: 'line' },
  {
    key: `test${key[0].toUpperCase()}${key.slice(1)}`,
    name: 'test',
    colour: '--test',
    style: 'dots',
  },
];

/** The charts of a classifier, whose `evaluate` gives `testLoss` and `testAccuracy`. */
export const classifierCharts = {
  loss: {
    title: 'Loss',
    series: trainingAndTest('loss'),
    format: (value) => figures(value),
    formatValue: (value) => value.toFixed(3),
    scale: { forward: (value) => Math.log10(Math.max(value, 1e-6)), backward: (place) => 10 ** place },
    ticks: [0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100],
    range: [1, 2.5],
    limits: [1e-4, 1e4],
  },
  // Equal distances for equal factors in the errors: from 90 to 95 % is as far as from 98 to 99 %.
  accuracy: {
    title: 'Accuracy',
    series: trainingAndTest('accuracy'),
    format: (value) => percent(value, value > 0.99 && value < 1 ? 1 : 0),
    formatValue: (value) => percent(value),
    scale: {
      forward: (value) => -Math.log10(1 + TOP - Math.min(value, 1)),
      backward: (place) => 1 + TOP - 10 ** -place,
    },
    ticks: [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995],
    range: [0.05, 0.9],
    limits: [0, 1],
  },
} satisfies Record<string, ChartPlan>;
