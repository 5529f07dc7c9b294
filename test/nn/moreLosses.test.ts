import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import * as losses from '../../src/nn/losses.ts';
import { loadNames, lossNameOf, lossOf, metricOf } from '../../src/nn/registry.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { sigmoid } from '../../src/ops/elementwise/elementwise.ts';
import { transpose } from '../../src/ops/movement/movement.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { softmax as softmaxOf } from '../../src/ops/softmax/softmax.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { map, random, randomIntegers, type Array64 } from '../reference/array.ts';
import * as plain from '../reference/losses.ts';
import type { Loss } from '../reference/losses.ts';
import * as reference from '../reference/moreLosses.ts';
import { oneHot } from '../reference/movement.ts';
import { softmax } from '../reference/softmax.ts';

await loadNames();

/** Loss per sample and the gradient of the mean loss, on the GPU. */
const run = (
  loss: losses.LossFunction,
  prediction: Array64,
  target: Array64,
  { dtype = 'f32' as 'f32' | 'i32', software = true } = {},
): Promise<Array64[]> =>
  evaluate(
    (x, t) => {
      const perSample = loss(x, t);
      return [perSample, gradients(reduceMean(perSample), [x])[0]!];
    },
    [prediction, target],
    { dtypes: ['f32', dtype], software },
  );

interface Case {
  loss: losses.LossFunction;
  twin: (x: Array64, t: Array64) => Loss;
  x: (shape: number[]) => Array64;
  t: (shape: number[]) => Array64;
}
const scores = (shape: number[]) => random(1, shape, -3, 3);
const shares = (shape: number[]) => random(2, shape, 0.03, 0.97);
const positive = (shape: number[]) => random(3, shape, 0.1, 4);
const labels = (shape: number[]) => randomIntegers(4, shape, 2);
const signs = (shape: number[]) => map(labels(shape), (value) => 2 * value - 1);
const hot = ([n, c]: number[]) => oneHot(randomIntegers(5, [n], c), c);

const cases: Record<string, Case> = {
  meanAbsolutePercentageError: {
    loss: losses.meanAbsolutePercentageError,
    twin: reference.meanAbsolutePercentageError,
    x: scores,
    t: positive,
  },
  poisson: { loss: losses.poisson, twin: reference.poisson, x: positive, t: positive },
  'squaredHinge of ±1': { loss: losses.squaredHinge, twin: reference.squaredHinge, x: scores, t: signs },
  'squaredHinge of 0 and 1': {
    loss: losses.squaredHinge,
    twin: reference.squaredHinge,
    x: scores,
    t: labels,
  },
  categoricalHinge: { loss: losses.categoricalHinge, twin: reference.categoricalHinge, x: scores, t: hot },
  binaryFocalCrossentropy: {
    loss: losses.binaryFocalCrossentropy,
    twin: reference.binaryFocalCrossentropy,
    x: shares,
    t: labels,
  },
  'binaryFocalCrossentropy, balanced': {
    loss: losses.binaryFocalCrossentropy({
      applyClassBalancing: true,
      alpha: 0.3,
      gamma: 1.5,
      labelSmoothing: 0.1,
    }),
    twin: (x, t) =>
      reference.binaryFocalCrossentropy(x, t, { balanced: true, alpha: 0.3, gamma: 1.5, smoothing: 0.1 }),
    x: shares,
    t: labels,
  },
  categoricalFocalCrossentropy: {
    loss: losses.categoricalFocalCrossentropy,
    twin: reference.categoricalFocalCrossentropy,
    x: shares,
    t: hot,
  },
  'categoricalFocalCrossentropy, weighed': {
    loss: losses.categoricalFocalCrossentropy({ gamma: 1, alpha: 2, labelSmoothing: 0.2 }),
    twin: (x, t) => reference.categoricalFocalCrossentropy(x, t, { gamma: 1, alpha: 2, smoothing: 0.2 }),
    x: shares,
    t: hot,
  },
  dice: { loss: losses.dice, twin: reference.dice, x: shares, t: labels },
  tversky: {
    loss: losses.tversky({ alpha: 0.3, beta: 0.8 }),
    twin: (x, t) => reference.tversky(x, t, { alpha: 0.3, beta: 0.8 }),
    x: shares,
    t: labels,
  },
  'tversky of each sample': {
    loss: losses.tversky({ axis: 1 }),
    twin: (x, t) => reference.tversky(x, t, { each: true }),
    x: shares,
    t: labels,
  },
};

describe.each(Object.entries(cases))('%s', (_, { loss, twin, x, t }) => {
  it.each([
    [true, 1, 2],
    [false, 3, 5],
    [true, 16, 64],
  ])('software %s, [%i, %i]: values and gradient of the float64 twin', async (software, N, C) => {
    const [prediction, target] = [x([N, C]), t([N, C])];
    const [values, gradient] = await run(loss, prediction, target, { software });
    const expected = twin(prediction, target);
    expect(values).toBeAllClose(expected.perSample, { rtol: 2e-5, atol: 1e-6 });
    expect(gradient).toBeAllClose(expected.gradient, { rtol: 2e-5, atol: 2e-6 });
  });
});

describe('focal losses', () => {
  it('of logits, and through activations', async () => {
    const [z, t] = [scores([5, 4]), labels([5, 4])];
    const expected = reference.binaryFocalCrossentropy(
      map(z, (value) => 1 / (1 + Math.exp(-value))),
      t,
    ).perSample;
    const [ofLogits] = await run(losses.binaryFocalCrossentropy({ fromLogits: true }), z, t);
    expect(ofLogits).toBeAllClose(expected);
    const through: losses.LossFunction = (x, y) => losses.binaryFocalCrossentropy(sigmoid(x), y);
    expect((await run(through, z, t))[0]).toBeAllClose(expected);
    const classes = hot([5, 4]);
    const own = reference.categoricalFocalCrossentropy(softmax(z), classes).perSample;
    const indices = randomIntegers(5, [5], 4);
    const focal = losses.categoricalFocalCrossentropy({ fromLogits: true });
    expect((await run(focal, z, classes))[0]).toBeAllClose(own);
    expect((await run(focal, z, indices, { dtype: 'i32' }))[0]).toBeAllClose(own);
    const behind: losses.LossFunction = (x, y) => losses.categoricalFocalCrossentropy(softmaxOf(x), y);
    expect((await run(behind, z, classes))[0]).toBeAllClose(own);
  });

  it('with gamma 0 are cross-entropies', async () => {
    const [p, t] = [shares([4, 3]), hot([4, 3])];
    const binary = await run(losses.binaryFocalCrossentropy({ gamma: 0 }), p, t);
    expect(binary[0]).toBeAllClose(plain.binaryCrossentropy(p, t).perSample);
    expect(binary[1]).toBeAllClose(plain.binaryCrossentropy(p, t).gradient);
    const several = await run(losses.categoricalFocalCrossentropy({ gamma: 0, alpha: 1 }), p, t);
    expect(several[0]).toBeAllClose(plain.categoricalCrossentropy(p, t).perSample);
    expect(several[1]).toBeAllClose(plain.categoricalCrossentropy(p, t).gradient);
  });
});

it('generalized cross-entropy is that of the float64 twin', async () => {
  const [p, indices] = [shares([6, 4]), randomIntegers(5, [6], 4)];
  for (const q of [0.1, 0.5, 0.9]) {
    const own = losses.categoricalGeneralizedCrossEntropy({ q });
    const [values, gradient] = await run(own, p, indices, { dtype: 'i32' });
    const expected = reference.generalizedCrossEntropy(p, oneHot(indices, 4), q);
    expect(values).toBeAllClose(expected.perSample);
    expect(gradient).toBeAllClose(expected.gradient);
  }
  expect(() => losses.categoricalGeneralizedCrossEntropy({ q: 1 })).toThrow(/q is 1; it must be between/);
});

describe('axis', () => {
  const [p, t] = [shares([3, 4, 2]), random(7, [3, 4, 2], 0, 1)];
  it.each([
    ['categoricalCrossentropy', losses.categoricalCrossentropy],
    ['categoricalFocalCrossentropy', losses.categoricalFocalCrossentropy],
    ['cosineSimilarity', losses.cosineSimilarity],
    ['softmaxCrossEntropy', losses.softmaxCrossEntropy],
  ] as [string, losses.NamedLoss<losses.AxisOptions>][])(
    '%s along the first of two is that of the transposed',
    async (_, loss) => {
      const [first] = await run(loss({ axis: 1 }), p, t);
      const swapped: losses.LossFunction = (x, y) => loss(transpose(x, [0, 2, 1]), transpose(y, [0, 2, 1]));
      expect(first).toBeAllClose((await run(swapped, p, t))[0]);
    },
  );
  it('of class indices', async () => {
    const own = randomIntegers(8, [3, 2], 4);
    const [first] = await run(losses.sparseCategoricalCrossentropy({ axis: 1 }), p, own, { dtype: 'i32' });
    const swapped: losses.LossFunction = (x, y) =>
      losses.sparseCategoricalCrossentropy(transpose(x, [0, 2, 1]), y);
    expect(first).toBeAllClose((await run(swapped, p, own, { dtype: 'i32' }))[0]);
  });
  it('is none of the samples', () => {
    const x = input('x', [4, 3]);
    for (const loss of [losses.categoricalCrossentropy, losses.cosineSimilarity]) {
      expect(() => loss({ axis: 0 })(x, x)).toThrow(/axis 0 is that of the samples/);
      expect(() => loss({ axis: 2 })(x, x)).toThrow(/axis/);
    }
  });
});

describe('a loss with options', () => {
  it('is a function of its name, which says what it was given', () => {
    const own = losses.huber({ delta: 2, reduction: 'sum' });
    expect(own.name).toBe('huber');
    expect(lossNameOf(own)).toBe('huber (delta: 2, reduction: sum)');
    expect(lossNameOf(losses.huber())).toBe('huber');
    expect(lossNameOf('mse')).toBe('meanSquaredError');
    expect(metricOf(losses.huber({ delta: 2, name: 'flat' })).name).toBe('flat');
    expect(() => metricOf(own)).toThrow('metric "huber": is a mean over samples; leave out its reduction');
  });

  it('is what the loss gives with these options', async () => {
    const [x, t] = [scores([4, 3]), scores([4, 3])];
    const made = await run(losses.huber({ delta: 0.4 }), x, t);
    const given = await run((p, y) => losses.huber(p, y, { delta: 0.4 }), x, t);
    made.forEach((value, i) => expect(value).toBeAllClose(given[i], { rtol: 0, atol: 0 }));
  });

  it('has short names, also as a metric', () => {
    for (const [name, whole] of Object.entries({
      mse: losses.meanSquaredError,
      mae: losses.meanAbsoluteError,
      mape: losses.meanAbsolutePercentageError,
      msle: losses.meanSquaredLogarithmicError,
      bce: losses.binaryCrossentropy,
      kld: losses.kullbackLeiblerDivergence,
      klDivergence: losses.kullbackLeiblerDivergence,
      logcosh: losses.logCosh,
    })) {
      expect(lossOf(name as 'mse')).toBe(whole);
      expect(metricOf(name as 'mse')).toMatchObject({ name, better: 'lower' });
    }
    expect(metricOf('acc')).toMatchObject({ name: 'acc', better: 'higher' });
  });

  const p = input('p', [4, 3]);
  it.each([
    ['a reduction that there is not', () => losses.huber({ reduction: 'max' as never }), /huber: reduction is "max"; choose one of mean/],
    ['none', () => losses.huber({ reduction: 'none' as never }), /no reduction "none".*losses.huber\(prediction, target\)/],
    ['an option that there is not', () => losses.huber({ detla: 1 } as never), /huber: there is no option "detla"; did you mean "delta"/],
    ['a delta', () => losses.huber({ delta: -1 }), /huber: delta is -1/],
    ['a reduction where values are computed', () => losses.huber(p, p, { reduction: 'sum' } as never), /no option "reduction"/],
    ['gamma', () => losses.binaryFocalCrossentropy({ gamma: -1 }), /gamma is -1; it must be a finite number of at least 0/],
    ['alpha', () => losses.binaryFocalCrossentropy({ alpha: 2 }), /alpha is 2; it must be a number from 0 to 1/],
    ['alphas', () => losses.categoricalFocalCrossentropy({ alpha: [1, 2] })(p, p), /alpha has 2 numbers, but the predictions have 3 classes/],
    ['a Tversky factor', () => losses.tversky({ beta: NaN }), /tversky: beta is NaN/],
    ['an axis', () => losses.dice({ axis: 0.5 }), /dice: axis is 0.5/],
    ['a class to ignore', () => losses.sparseCategoricalCrossentropy({ ignoreClass: 0.5 }), /ignoreClass is 0.5/],
    ['ignored distributions', () => losses.softmaxCrossEntropy({ ignoreClass: 1 })(p, p), /ignoreClass is for class indices/],
    ['smoothing', () => losses.binaryCrossEntropyWithLogits({ labelSmoothing: 1 }), /labelSmoothing is 1/],
    ['Keras’s spelling', () => lossOf('binary_crossentropy' as never), /did you mean "binaryCrossentropy"/],
  ])('refuses %s', (_, action, text) => expect(action).toThrow(text)); // prettier-ignore
});
