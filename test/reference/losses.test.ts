import { describe, expect, it } from 'vitest';
import { finiteDifference } from '../helpers/close.ts';
import { array, map, random, randomIntegers } from './array.ts';
import type { Array64 } from './array.ts';
import {
  accuracy,
  binaryAccuracy,
  binaryCrossEntropy,
  binaryCrossentropy,
  categoricalCrossentropy,
  correct,
  cosineSimilarity,
  hinge,
  huber,
  kullbackLeiblerDivergence,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  softmaxCrossEntropy,
  sparseSoftmaxCrossEntropy,
} from './losses.ts';
import type { Loss } from './losses.ts';
import { oneHot } from './movement.ts';
import { softmax } from './softmax.ts';

const tight = { rtol: 1e-7, atol: 1e-8 };
const logits = random(1, [6, 4], -3, 3);
const labels = randomIntegers(2, [6], 4);
const distributions = softmax(random(3, [6, 4]));
const targets = random(4, [6, 4], 0, 1);
const probabilities = softmax(random(5, [6, 4]));
const signs = map(randomIntegers(6, [6, 4], 2), (value) => 2 * value - 1);

describe('losses', () => {
  it.each([
    ['softmax cross-entropy', softmaxCrossEntropy, distributions],
    ['softmax cross-entropy of labels that do not sum to 1', softmaxCrossEntropy, targets],
    ['sparse softmax cross-entropy', sparseSoftmaxCrossEntropy, labels],
    ['mean squared error', meanSquaredError, targets],
    ['binary cross-entropy', binaryCrossEntropy, targets],
    ['mean absolute error', meanAbsoluteError, targets],
    ['Huber', huber, targets],
    ['Huber with a delta', (x, t) => huber(x, t, 0.3), targets],
    ['log cosh', logCosh, targets],
    ['hinge', hinge, signs],
    ['cosine similarity', cosineSimilarity, targets],
    ['squared logarithmic error', meanSquaredLogarithmicError, targets, probabilities],
    ['binary cross-entropy of probabilities', binaryCrossentropy, targets, probabilities],
    ['smoothed binary cross-entropy', (p, t) => binaryCrossentropy(p, t, 0.2), targets, probabilities],
    ['categorical cross-entropy', categoricalCrossentropy, distributions, targets],
    ['smoothed cross-entropy', (p, t) => categoricalCrossentropy(p, t, 0.2), distributions, targets],
    ['Kullback–Leibler divergence', kullbackLeiblerDivergence, distributions, probabilities],
  ] as [string, (x: Array64, t: Array64) => Loss, Array64, Array64?][])(
    '%s has the gradient of finite differences',
    (_, loss, expected, at = logits) => {
      const { mean, gradient, perSample } = loss(at, expected);
      expect(gradient).toBeAllClose(
        finiteDifference((probe) => loss(probe, expected).mean, at),
        tight,
      );
      expect(perSample.shape).toEqual([6]);
      expect(perSample.data.reduce((sum, value) => sum + value) / 6).toBeCloseTo(mean, 14);
    },
  );

  it('work by hand', () => {
    expect(sparseSoftmaxCrossEntropy(array([1, 4], [2, 2, 2, 2]), array([1], [3])).mean).toBeCloseTo(
      Math.log(4),
      14,
    );
    expect(meanSquaredError(array([2, 2], [1, 2, 3, 4]), array([2, 2], [1, 0, 0, 0])).perSample.data).toEqual(
      Float64Array.of(2, 12.5),
    );
    expect(binaryCrossEntropy(array([1, 1], [0]), array([1, 1], [1])).mean).toBeCloseTo(Math.log(2), 14);
    const [x, t] = [array([1, 2], [3, -0.5]), array([1, 2], [1, 0])];
    expect(meanAbsoluteError(x, t).mean).toBe(1.25);
    expect(huber(x, t).mean).toBe((1.5 + 0.125) / 2);
    expect(hinge(x, t).mean).toBe((0 + 0.5) / 2);
    expect(hinge(x, array([1, 2], [1, -1])).mean).toBe(0.25);
    expect(logCosh(x, t).mean).toBeCloseTo((Math.log(Math.cosh(2)) + Math.log(Math.cosh(0.5))) / 2, 14);
    expect(cosineSimilarity(array([1, 2], [3, 4]), array([1, 2], [0, 2])).mean).toBeCloseTo(-0.8, 14);
    const e = Math.E - 1;
    expect(meanSquaredLogarithmicError(array([1, 2], [e, e]), array([1, 2], [0, e])).mean).toBeCloseTo(
      0.5,
      6,
    );
    const [half, quarter] = [array([1, 2], [0.5, 0.5]), array([1, 2], [0.25, 0.75])];
    expect(kullbackLeiblerDivergence(half, quarter).mean).toBeCloseTo(
      0.25 * Math.log(0.5) + 0.75 * Math.log(1.5),
      14,
    );
    expect(categoricalCrossentropy(quarter, array([1, 2], [1, 0])).mean).toBeCloseTo(Math.log(4), 14);
    expect(binaryCrossentropy(quarter, array([1, 2], [1, 1])).mean).toBeCloseTo(-Math.log(0.1875) / 2, 14);
  });

  it('agree on dense and sparse labels', () => {
    expect(sparseSoftmaxCrossEntropy(logits, labels)).toEqual(softmaxCrossEntropy(logits, oneHot(labels, 4)));
    expect(sparseSoftmaxCrossEntropy(logits, labels).gradient).toBeAllClose(
      map(softmax(logits), (y, i) => (y - oneHot(labels, 4).data[i]) / 6),
      tight,
    );
  });

  it('stay finite at logits of ±1e4', () => {
    const extreme = array([1, 2], [1e4, -1e4]);
    expect(sparseSoftmaxCrossEntropy(extreme, array([1], [1])).mean).toBe(2e4);
    expect(binaryCrossEntropy(extreme, array([1, 2], [0, 0]))).toEqual({
      perSample: array([1], [5e3]),
      mean: 5e3,
      gradient: array([1, 2], [0.5, 0]),
    });
  });
});

describe('accuracy', () => {
  it('counts the largest logit at the label, the first at ties', () => {
    const scores = array([4, 3], [1, 2, 3, 5, 5, 0, 0, 9, 1, 4, 4, 4]);
    expect(correct(scores, array([4], [2, 1, 1, 0])).data).toEqual(Float64Array.of(1, 0, 1, 1));
    expect(accuracy(scores, array([4], [2, 1, 1, 0]))).toBe(0.75);
    expect(accuracy(scores, oneHot(array([4], [2, 0, 0, 1]), 3))).toBe(0.5);
    expect(binaryAccuracy(array([4, 1], [-1, 2, 0, 3]), array([4, 1], [0, 1, 0, 0]))).toBe(0.75);
  });
});
