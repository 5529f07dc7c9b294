import { describe, expect, it } from 'vitest';
import { finiteDifference } from '../helpers/close.ts';
import { array, full, inner, map, random, zeros } from './array.ts';
import { normalize, normalizeGrad, normalizeWith, runningUpdate } from './normalization.ts';
import { argmax, moments, reduce, reduceGrad, type Reduction } from './reduce.ts';
import {
  glu,
  gluGrad,
  logSoftmax,
  logSoftmaxGrad,
  softmax,
  softmaxGrad,
  sparsemax,
  sparsemaxGrad,
} from './softmax.ts';

const tight = { rtol: 1e-7, atol: 1e-8 };

describe('reduce', () => {
  const x = array([2, 3], [1, 2, 3, 6, 5, 4]);

  it('works by hand', () => {
    expect(reduce('sum', x)).toEqual(array([], [21]));
    expect(reduce('sum', x, { axes: [0] })).toEqual(array([3], [7, 7, 7]));
    expect(reduce('mean', x, { axes: [-1], keepDims: true })).toEqual(array([2, 1], [2, 5]));
    expect(reduce('max', x, { axes: [1] })).toEqual(array([2], [3, 6]));
    expect(reduce('min', x, { axes: [0, 1], keepDims: true })).toEqual(array([1, 1], [1]));
    expect(reduce('prod', x, { axes: [0] })).toEqual(array([3], [6, 10, 12]));
    expect(reduce('sum', x, { axes: [] })).toEqual(x);
    expect(reduce('sum', zeros([0, 2]), { axes: [0] })).toEqual(zeros([2]));
    expect(moments(x, { axes: [1] })).toEqual({
      mean: array([2], [2, 5]),
      variance: array([2], [2 / 3, 2 / 3]),
    });
  });

  it('takes the first of equal maxima', () => {
    expect(argmax(array([2, 3], [1, 7, 7, -1, -1, -1]))).toEqual(array([2], [1, 0]));
    expect(argmax(x, 0, true)).toEqual(array([1, 3], [1, 1, 1]));
  });

  it.each(['sum', 'mean', 'max', 'min', 'prod'] as Reduction[])(
    '%s has the gradient of finite differences',
    (name) => {
      for (const options of [{}, { axes: [1] }, { axes: [0, -1], keepDims: true }]) {
        const input = random(1, [3, 2, 4], -2, 2);
        const dy = random(2, reduce(name, input, options).shape);
        expect(reduceGrad(name, input, dy, options)).toBeAllClose(
          finiteDifference((probe) => inner(reduce(name, probe, options), dy), input),
          tight,
        );
      }
    },
  );

  it('shares the gradient among ties, and is right for products with a zero', () => {
    const one = array([], [1]);
    expect(reduceGrad('max', array([4], [1, 3, 3, 0]), one)).toEqual(array([4], [0, 0.5, 0.5, 0]));
    expect(reduceGrad('prod', array([3], [2, 0, 3]), one)).toEqual(array([3], [0, 6, 0]));
  });
});

describe('softmax', () => {
  const x = random(3, [2, 5, 3], -2, 2);
  const dy = random(4, x.shape);

  it('works by hand', () => {
    const y = softmax(array([1, 3], [Math.log(1), Math.log(2), Math.log(5)]));
    expect(y).toBeAllClose(array([1, 3], [0.125, 0.25, 0.625]), tight);
  });

  it('sums to 1, its logarithm is log-softmax, and a constant added to x changes nothing', () => {
    for (const axis of [0, 1, -1]) {
      expect(
        reduce('sum', softmax(x, axis), { axes: [axis] }).data.every((sum) => Math.abs(sum - 1) < 1e-14),
      ).toBe(true);
      expect(map(softmax(x, axis), Math.log)).toBeAllClose(logSoftmax(x, axis), tight);
      expect(
        softmax(
          map(x, (value) => value + 1e4),
          axis,
        ),
      ).toBeAllClose(softmax(x, axis), tight);
    }
  });

  it('stays finite at ±1e4', () => {
    const extreme = array([1, 3], [1e4, -1e4, 0]);
    expect(softmax(extreme)).toEqual(array([1, 3], [1, 0, 0]));
    expect(logSoftmax(extreme)).toEqual(array([1, 3], [0, -2e4, -1e4]));
  });

  it('has beside it the point of the simplex that is nearest', () => {
    expect(sparsemax(array([1, 3], [0.5, 0.25, -1]))).toBeAllClose(array([1, 3], [0.625, 0.375, 0]), tight);
    for (const axis of [0, 1, -1]) {
      const y = sparsemax(x, axis);
      expect(reduce('sum', y, { axes: [axis] }).data.every((sum) => Math.abs(sum - 1) < 1e-14)).toBe(true);
      expect(sparsemaxGrad(y, dy, axis)).toBeAllClose(
        finiteDifference((probe) => inner(sparsemax(probe, axis), dy), x),
        tight,
      );
    }
  });

  it('has the gradients of finite differences', () => {
    const halves = random(9, [2, 4, 3], -2, 2);
    const behind = random(10, [2, 2, 3]);
    expect(gluGrad(halves, behind, 1)).toBeAllClose(
      finiteDifference((probe) => inner(glu(probe, 1), behind), halves),
      tight,
    );
    for (const axis of [0, 1, -1]) {
      expect(softmaxGrad(softmax(x, axis), dy, axis)).toBeAllClose(
        finiteDifference((probe) => inner(softmax(probe, axis), dy), x),
        tight,
      );
      expect(logSoftmaxGrad(logSoftmax(x, axis), dy, axis)).toBeAllClose(
        finiteDifference((probe) => inner(logSoftmax(probe, axis), dy), x),
        tight,
      );
    }
  });
});

describe('normalization', () => {
  const x = random(5, [3, 2, 2, 4], -1, 3);
  const gamma = random(6, [4], 0.5, 2);
  const beta = random(7, [4]);
  const dy = random(8, x.shape);

  it('gives mean beta and, but for epsilon, deviation gamma', () => {
    const { mean, variance } = moments(normalize(x, gamma, beta, [0, 1, 2], 1e-12), { axes: [0, 1, 2] });
    expect(mean).toBeAllClose(beta, tight);
    expect(map(variance, Math.sqrt)).toBeAllClose(gamma, tight);
  });

  it.each([
    ['batch', [0, 1, 2]],
    ['layer', [-1]],
  ])('%s has the gradients of finite differences', (_, axes) => {
    const { dx, dgamma, dbeta } = normalizeGrad(x, gamma, dy, axes);
    const f = (a: typeof x, g: typeof x, b: typeof x) => inner(normalize(a, g, b, axes), dy);
    expect(dx).toBeAllClose(
      finiteDifference((probe) => f(probe, gamma, beta), x),
      tight,
    );
    expect(dgamma).toBeAllClose(
      finiteDifference((probe) => f(x, probe, beta), gamma),
      tight,
    );
    expect(dbeta).toBeAllClose(
      finiteDifference((probe) => f(x, gamma, probe), beta),
      tight,
    );
  });

  it('with the statistics of the batch is inference', () => {
    const { mean, variance } = moments(x, { axes: [0, 1, 2] });
    expect(normalizeWith(x, mean, variance, gamma, beta)).toBeAllClose(
      normalize(x, gamma, beta, [0, 1, 2]),
      tight,
    );
    expect(runningUpdate(full([1], 2), full([1], 4), 0.75)).toEqual(full([1], 2.5));
  });
});
