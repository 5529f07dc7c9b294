import { expect, it } from 'vitest';
import { finiteDifference } from '../helpers/close.ts';
import { map, random, randomIntegers } from './array.ts';
import type { Array64 } from './array.ts';
import { oneHot } from './movement.ts';
import * as losses from './moreLosses.ts';
import type { Loss } from './losses.ts';
import { softmax } from './softmax.ts';

const scores = random(1, [6, 4], -3, 3);
const targets = random(4, [6, 4], 0.1, 1);
const shares = random(5, [6, 4], 0.05, 0.95);
const hot = oneHot(randomIntegers(2, [6], 4), 4);
const labels = randomIntegers(6, [6, 4], 2);
const signs = map(labels, (value) => 2 * value - 1);

it.each([
  ['absolute percentage error', losses.meanAbsolutePercentageError, targets, scores],
  ['Poisson', losses.poisson, targets, shares],
  ['squared hinge of ±1', losses.squaredHinge, signs, scores],
  ['squared hinge of 0 and 1', losses.squaredHinge, labels, scores],
  ['categorical hinge', losses.categoricalHinge, hot, scores],
  ['binary focal', losses.binaryFocalCrossentropy, targets, shares],
  [
    'binary focal, balanced',
    (p, t) =>
      losses.binaryFocalCrossentropy(p, t, { gamma: 1.5, alpha: 0.3, smoothing: 0.1, balanced: true }),
    labels,
    shares,
  ],
  ['categorical focal', losses.categoricalFocalCrossentropy, softmax(scores), shares],
  [
    'categorical focal with weights of classes',
    (p, t) =>
      losses.categoricalFocalCrossentropy(p, t, { gamma: 3, alpha: [1, 2, 0.5, 0.1], smoothing: 0.2 }),
    hot,
    shares,
  ],
  ['generalized cross-entropy', losses.generalizedCrossEntropy, hot, shares],
  ['Dice', losses.dice, labels, shares],
  ['Tversky', (p, t) => losses.tversky(p, t, { alpha: 0.3, beta: 0.8 }), targets, shares],
  ['Tversky of each sample', (p, t) => losses.tversky(p, t, { each: true }), targets, shares],
] as [string, (x: Array64, t: Array64) => Loss, Array64, Array64][])(
  '%s has the gradient of finite differences',
  (_, loss, expected, at) => {
    const numeric = finiteDifference((probe) => loss(probe, expected).mean, at);
    expect(loss(at, expected).gradient).toBeAllClose(numeric, { rtol: 1e-6, atol: 1e-7 });
  },
);

it('the Dice loss is that of Tversky with halves', () => {
  expect(losses.dice(shares, labels).perSample).toBeAllClose(losses.tversky(shares, labels).perSample, {
    rtol: 1e-6,
  });
});
