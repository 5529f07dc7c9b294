import { describe, expect, it } from 'vitest';
import { finiteDifference } from '../helpers/close.ts';
import { array, map, random, randomIntegers } from './array.ts';
import {
  accuracy,
  binaryAccuracy,
  binaryCrossEntropy,
  correct,
  meanSquaredError,
  softmaxCrossEntropy,
  sparseSoftmaxCrossEntropy,
} from './losses.ts';
import { oneHot } from './movement.ts';
import { softmax } from './softmax.ts';

const tight = { rtol: 1e-7, atol: 1e-8 };
const logits = random(1, [6, 4], -3, 3);
const labels = randomIntegers(2, [6], 4);
const distributions = softmax(random(3, [6, 4]));
const targets = random(4, [6, 4], 0, 1);

describe('losses', () => {
  it.each([
    ['softmax cross-entropy', softmaxCrossEntropy, distributions],
    ['softmax cross-entropy of labels that do not sum to 1', softmaxCrossEntropy, targets],
    ['sparse softmax cross-entropy', sparseSoftmaxCrossEntropy, labels],
    ['mean squared error', meanSquaredError, targets],
    ['binary cross-entropy', binaryCrossEntropy, targets],
  ] as const)('%s has the gradient of finite differences', (_, loss, expected) => {
    const { mean, gradient, perSample } = loss(logits, expected);
    expect(gradient).toBeAllClose(
      finiteDifference((probe) => loss(probe, expected).mean, logits),
      tight,
    );
    expect(perSample.shape).toEqual([6]);
    expect(perSample.data.reduce((sum, value) => sum + value) / 6).toBeCloseTo(mean, 14);
  });

  it('work by hand', () => {
    expect(sparseSoftmaxCrossEntropy(array([1, 4], [2, 2, 2, 2]), array([1], [3])).mean).toBeCloseTo(
      Math.log(4),
      14,
    );
    expect(meanSquaredError(array([2, 2], [1, 2, 3, 4]), array([2, 2], [1, 0, 0, 0])).perSample.data).toEqual(
      Float64Array.of(2, 12.5),
    );
    expect(binaryCrossEntropy(array([1, 1], [0]), array([1, 1], [1])).mean).toBeCloseTo(Math.log(2), 14);
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
