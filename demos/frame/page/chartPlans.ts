import { figures, percent } from '../../shared/dom.ts';
import type { ChartPlan, SeriesPlan } from './progress.ts';

/** Probabilities this close to 1 share the top of the axis. */
const TOP = 0.002;

/** The value of each training step, and of the test set from time to time: 'loss' and 'testLoss'. */
export const trainingAndTest = (key: string): readonly SeriesPlan[] => [
  { key, name: 'training', colour: '--training', style: 'line' },
  {
    key: `test${key[0].toUpperCase()}${key.slice(1)}`,
    name: 'test',
    colour: '--test',
    style: 'dots',
  },
];

/** An axis of losses: equal distances for equal factors. */
export const losses = {
  format: (value: number) => figures(value),
  formatValue: (value: number) => (value < 0.01 ? figures(value, 2) : value.toFixed(3)),
  scale: {
    forward: (value: number) => Math.log10(Math.max(value, 1e-6)),
    backward: (place: number) => 10 ** place,
  },
  ticks: [1e-6, 1e-5, 0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100],
  range: [1, 2.5],
  limits: [1e-6, 1e4],
} as const;

/** An axis of shares of 1. */
export const shares = {
  format: (value: number) => percent(value, 0),
  scale: { forward: (value: number) => value, backward: (place: number) => place },
  ticks: [0, 0.25, 0.5, 0.75, 1],
  range: [0, 1],
  limits: [0, 1.02],
} as const;

/** The charts of a classifier, whose `evaluate` gives `testLoss` and `testAccuracy`. */
export const classifierCharts = {
  loss: {
    title: 'Loss',
    series: trainingAndTest('loss'),
    ...losses,
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

const minus = (text: string) => text.replace('-', '−');

/** The charts of a generator and a discriminator, by the values of the steps of `gan.fit`. */
export const ganCharts = {
  loss: {
    title: 'Loss',
    series: [
      { key: 'discriminatorLoss', name: 'discriminator', colour: '--discriminator', style: 'line' },
      { key: 'generatorLoss', name: 'generator', colour: '--generator', style: 'line' },
    ],
    format: (value) => minus(figures(value)),
    formatValue: (value) => minus(value.toFixed(2)),
    // Nearly linear around 0, logarithmic far from it: losses of a lost game are large.
    scale: { forward: Math.asinh, backward: Math.sinh },
    ticks: [-16, -8, -4, -2, -1, 0, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 32, 64],
    range: [0, 2],
    limits: [-100, 100],
  },
  accuracy: {
    ...shares,
    title: 'Discriminator’s accuracy',
    series: [
      { key: 'realAccuracy', name: 'real', colour: '--training', style: 'line' },
      { key: 'fakeAccuracy', name: 'generated', colour: '--generator', style: 'line' },
    ],
  },
} satisfies Record<string, ChartPlan>;
