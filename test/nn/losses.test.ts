import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import * as losses from '../../src/nn/losses.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { sigmoid } from '../../src/ops/elementwise/elementwise.ts';
import { reshape } from '../../src/ops/movement/movement.ts';
import { softmax as softmaxOf } from '../../src/ops/softmax/softmax.ts';
import { loadNames, lossOf } from '../../src/nn/registry.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { array, map, random, randomIntegers, type Array64 } from '../reference/array.ts';
import * as reference from '../reference/losses.ts';
import { oneHot } from '../reference/movement.ts';
import { softmax } from '../reference/softmax.ts';
import { evaluate } from '../helpers/evaluate.ts';

await loadNames();

/** Loss per sample and the gradient of the mean loss, on the GPU. */
async function run(
  loss: losses.LossFunction,
  prediction: Array64,
  target: Array64,
  dtype: 'f32' | 'i32',
  software: boolean,
): Promise<Array64[]> {
  return evaluate(
    (x, t) => {
      const perSample = loss(x, t);
      return [perSample, gradients(reduceMean(perSample), [x])[0]!];
    },
    [prediction, target],
    { dtypes: ['f32', dtype], software },
  );
}

describe.each([true, false])('software %s', (software) => {
  it.each([
    [1, 1],
    [3, 5],
    [16, 64],
  ])('meanSquaredError [%i, %i]', async (N, C) => {
    const [x, t] = [random(1, [N, C], -3, 3), random(2, [N, C], -3, 3)];
    const [loss, gradient] = await run(losses.meanSquaredError, x, t, 'f32', software);
    const expected = reference.meanSquaredError(x, t);
    expect(loss).toBeAllClose(expected.perSample);
    expect(gradient).toBeAllClose(expected.gradient);
  });

  it.each([
    [1, 1],
    [3, 5],
    [16, 64],
  ])('binaryCrossEntropyWithLogits [%i, %i]', async (N, C) => {
    const [x, t] = [random(3, [N, C], -6, 6), random(4, [N, C], 0, 1)];
    const [loss, gradient] = await run(losses.binaryCrossEntropyWithLogits, x, t, 'f32', software);
    const expected = reference.binaryCrossEntropy(x, t);
    expect(loss).toBeAllClose(expected.perSample);
    expect(gradient).toBeAllClose(expected.gradient);
  });

  it('softmaxCrossEntropy takes class indices and distributions', async () => {
    const [N, C] = [12, 10];
    const x = random(5, [N, C], -3, 3);
    const labels = randomIntegers(6, [N], C);
    const expected = reference.sparseSoftmaxCrossEntropy(x, labels);
    for (const results of [
      await run(losses.softmaxCrossEntropy, x, labels, 'i32', software),
      await run(losses.softmaxCrossEntropy, x, oneHot(labels, C), 'f32', software),
      await run(losses.sparseSoftmaxCrossEntropy, x, labels, 'i32', software),
    ]) {
      expect(results[0]).toBeAllClose(expected.perSample);
      expect(results[1]).toBeAllClose(expected.gradient);
    }
  });
});

/** Each loss, its float64 twin, and where to draw predictions and targets from. */
interface Case {
  loss: losses.LossFunction;
  twin: (x: Array64, t: Array64) => reference.Loss;
  x?: (shape: number[]) => Array64;
  t?: (shape: number[]) => Array64;
}
const probabilities = (seed: number) => (shape: number[]) => softmax(random(seed, shape, -2, 2));
const shares = (seed: number) => (shape: number[]) => random(seed, shape, 0.02, 0.98);
const positive = (seed: number) => (shape: number[]) => random(seed, shape, 0.1, 5);
const labels01 = (shape: number[]) => randomIntegers(23, shape, 2);
const signs = (shape: number[]) => map(labels01(shape), (value) => 2 * value - 1);

const cases: Record<string, Case> = {
  meanAbsoluteError: { loss: losses.meanAbsoluteError, twin: reference.meanAbsoluteError },
  meanSquaredLogarithmicError: {
    loss: losses.meanSquaredLogarithmicError,
    twin: reference.meanSquaredLogarithmicError,
    x: positive(21),
    t: positive(22),
  },
  huber: { loss: losses.huber, twin: reference.huber },
  'huber, delta 0.3': {
    loss: (x, t) => losses.huber(x, t, { delta: 0.3 }),
    twin: (x, t) => reference.huber(x, t, 0.3),
  },
  logCosh: { loss: losses.logCosh, twin: reference.logCosh },
  'hinge of ±1': { loss: losses.hinge, twin: reference.hinge, t: signs },
  'hinge of 0 and 1': { loss: losses.hinge, twin: reference.hinge, t: labels01 },
  cosineSimilarity: { loss: losses.cosineSimilarity, twin: reference.cosineSimilarity },
  binaryCrossentropy: {
    loss: losses.binaryCrossentropy,
    twin: reference.binaryCrossentropy,
    x: shares(24),
    t: shares(25),
  },
  'binaryCrossentropy, smoothed': {
    loss: (x, t) => losses.binaryCrossentropy(x, t, { labelSmoothing: 0.2 }),
    twin: (x, t) => reference.binaryCrossentropy(x, t, 0.2),
    x: shares(24),
    t: labels01,
  },
  'binaryCrossentropy of logits': {
    loss: (x, t) => losses.binaryCrossentropy(x, t, { fromLogits: true }),
    twin: reference.binaryCrossEntropy,
    t: shares(25),
  },
  categoricalCrossentropy: {
    loss: losses.categoricalCrossentropy,
    twin: reference.categoricalCrossentropy,
    x: shares(26), // divided by its sum
    t: probabilities(27),
  },
  'categoricalCrossentropy, smoothed': {
    loss: (x, t) => losses.categoricalCrossentropy(x, t, { labelSmoothing: 0.1 }),
    twin: (x, t) => reference.categoricalCrossentropy(x, t, 0.1),
    x: probabilities(26),
    t: probabilities(27),
  },
  'categoricalCrossentropy of logits': {
    loss: (x, t) => losses.categoricalCrossentropy(x, t, { fromLogits: true }),
    twin: reference.softmaxCrossEntropy,
    t: probabilities(27),
  },
  kullbackLeiblerDivergence: {
    loss: losses.kullbackLeiblerDivergence,
    twin: reference.kullbackLeiblerDivergence,
    x: probabilities(28),
    t: probabilities(29),
  },
};

describe.each(Object.entries(cases))('%s', (_, { loss, twin, x, t }) => {
  it.each([
    [true, 1, 1],
    [false, 3, 5],
    [true, 16, 64],
  ])('software %s, [%i, %i]: values and gradient of the float64 twin', async (software, N, C) => {
    const prediction = x?.([N, C]) ?? random(30, [N, C], -3, 3);
    const target = t?.([N, C]) ?? random(31, [N, C], -3, 3);
    const [values, gradient] = await run(loss, prediction, target, 'f32', software);
    const expected = twin(prediction, target);
    expect(values).toBeAllClose(expected.perSample, { rtol: 1e-5, atol: 1e-6 });
    expect(gradient).toBeAllClose(expected.gradient, { rtol: 1e-5, atol: 1e-6 });
  });
});

describe('class indices', () => {
  const [N, C] = [9, 6];
  const labels = randomIntegers(32, [N], C);
  const p = shares(33)([N, C]);
  it.each([losses.sparseCategoricalCrossentropy, losses.categoricalCrossentropy])(
    'against probabilities: $name',
    async (loss) => {
      for (const smoothing of [0, 0.3]) {
        const smoothed: losses.LossFunction = (x, t) => loss(x, t, { labelSmoothing: smoothing });
        const [values, gradient] = await run(smoothed, p, labels, 'i32', true);
        const expected = reference.categoricalCrossentropy(p, oneHot(labels, C), smoothing);
        expect(values).toBeAllClose(expected.perSample);
        expect(gradient).toBeAllClose(expected.gradient);
      }
    },
  );

  it('against logits', async () => {
    const fromLogits: losses.LossFunction = (x, t) =>
      losses.sparseCategoricalCrossentropy(x, t, { fromLogits: true });
    const x = random(34, [N, C], -3, 3);
    const [values, gradient] = await run(fromLogits, x, labels, 'i32', true);
    const expected = reference.sparseSoftmaxCrossEntropy(x, labels);
    expect(values).toBeAllClose(expected.perSample);
    expect(gradient).toBeAllClose(expected.gradient);
  });

  it('[N] stand for numbers [N, 1]', async () => {
    const x = random(35, [N, 1], -3, 3);
    const sides = randomIntegers(36, [N], 2);
    const numbers = array([N, 1], sides.data);
    const [binary] = await run(losses.binaryCrossEntropyWithLogits, x, sides, 'i32', true);
    expect(binary).toBeAllClose(reference.binaryCrossEntropy(x, numbers).perSample);
    const [hinged] = await run(losses.hinge, x, sides, 'i32', true);
    expect(hinged).toBeAllClose(reference.hinge(x, numbers).perSample);
  });
});

describe('cross-entropies of activations are computed from what these are applied to', () => {
  const x = array([6, 1], [1e4, -1e4, 200, -200, 3, -0.5]);
  const t = array([6, 1], [0, 1, 1, 1, 0.3, 0]);
  it('sigmoid', async () => {
    for (const loss of [losses.binaryCrossentropy, losses.binaryCrossEntropyWithLogits]) {
      const through: losses.LossFunction = (z, target) =>
        loss === losses.binaryCrossentropy ? loss(reshape(sigmoid(z), [6, 1]), target) : loss(z, target);
      const [values, gradient] = await run(through, x, t, 'f32', true);
      const expected = reference.binaryCrossEntropy(x, t);
      expect(values).toBeAllClose(expected.perSample);
      expect(gradient).toBeAllClose(expected.gradient);
    }
  });
  it('softmax', async () => {
    const logits = array([2, 3], [1e4, -1e4, 0, 1, 2, 3]);
    const labels = array([2], [1, 0]);
    const through: losses.LossFunction = (z, target) =>
      losses.sparseCategoricalCrossentropy(softmaxOf(z), target);
    const [values, gradient] = await run(through, logits, labels, 'i32', true);
    const expected = reference.sparseSoftmaxCrossEntropy(logits, labels);
    expect(values).toBeAllClose(expected.perSample);
    expect(gradient).toBeAllClose(expected.gradient);
  });
});

describe('extreme inputs', () => {
  const extremes = [1e4, -1e4, 0, 1, 1e-40, -1e-40, 1e-8, 1 - 2 ** -24, 5e3, -1];
  const pairs = extremes.flatMap((a) => extremes.map((b) => [a, b]));
  const x = array(
    [pairs.length, 1],
    pairs.map(([a]) => a),
  );
  const t = array(
    [pairs.length, 1],
    pairs.map(([, b]) => b),
  );
  const unit = ([a, b]: number[]) => a >= 0 && a <= 1 && b >= 0 && b <= 1;
  const [p, q] = [0, 1].map((side) => {
    const values = pairs.filter(unit).map((pair) => pair[side]);
    return array([values.length, 1], values);
  });

  it.each(Object.entries(cases))('%s stays finite', async (name, { loss }) => {
    const isCrossentropy = /crossentropy|Divergence/.test(name) && !name.includes('logits');
    const inputs: [Array64, Array64] = isCrossentropy ? [p, q] : [x, t];
    for (const result of await run(loss, ...inputs, 'f32', true)) {
      expect(result.data.findIndex((value) => !Number.isFinite(value))).toBe(-1);
    }
  });

  it('log cosh keeps its digits near 0 and far away', async () => {
    const e = array([8, 1], [1e-4, -1e-3, 0.1, 0.249, 0.251, 12, 1e4, -1e4]);
    const zero = array([8, 1], new Float64Array(8));
    const [values, gradient] = await run(losses.logCosh, e, zero, 'f32', true);
    const expected = reference.logCosh(e, zero);
    expect(values).toBeAllClose(expected.perSample, { rtol: 4e-6, atol: 0 });
    expect(gradient).toBeAllClose(expected.gradient, { rtol: 1e-5, atol: 1e-8 });
  });

  it('probabilities of 0 and 1 cost at most −log 1e-7', async () => {
    const certain = array([4, 1], [0, 1, 0, 1]);
    const truth = array([4, 1], [1, 0, 0, 1]);
    const [values, gradient] = await run(losses.binaryCrossentropy, certain, truth, 'f32', true);
    const worst = -Math.log(1e-7);
    expect(values).toBeAllClose([worst, worst, 0, 0], { rtol: 1e-6 });
    expect(gradient).toBeAllClose(reference.binaryCrossentropy(certain, truth).gradient);
    const distributions = array([2, 2], [1, 0, 0, 1]);
    const other = array([2, 2], [0, 1, 0, 1]);
    const [cross] = await run(losses.categoricalCrossentropy, distributions, other, 'f32', true);
    expect(cross).toBeAllClose([worst, 0], { rtol: 1e-6 });
  });
});

it('binary cross-entropy is finite and exact for logits of ±1e4 and ±88', async () => {
  const x = array([8, 1], [1e4, -1e4, 1e4, -1e4, 88, -88, 0, 1e-30]);
  const t = array([8, 1], [1, 0, 0, 1, 0, 1, 0.5, 1]);
  const [loss, gradient] = await run(losses.binaryCrossEntropyWithLogits, x, t, 'f32', true);
  const expected = reference.binaryCrossEntropy(x, t);
  expect(loss).toBeAllClose(expected.perSample, { rtol: 1e-6, atol: 1e-5 });
  expect(gradient).toBeAllClose(expected.gradient, { rtol: 1e-6, atol: 1e-5 });
});

it('averages over all dimensions but the first', async () => {
  const x = random(7, [2, 3, 4]);
  const t = random(8, [2, 3, 4]);
  const flat = (a: Array64) => array([2, 12], a.data);
  const [loss] = await run(losses.meanSquaredError, x, t, 'f32', true);
  expect(loss).toBeAllClose(reference.meanSquaredError(flat(x), flat(t)).perSample);

  const labels = randomIntegers(9, [2, 3], 4);
  const [perSample, gradient] = await run(losses.softmaxCrossEntropy, x, labels, 'i32', true);
  const expected = reference.sparseSoftmaxCrossEntropy(array([6, 4], x.data), array([6], labels.data));
  const means = [0, 3].map((i) => expected.perSample.data.slice(i, i + 3).reduce((a, b) => a + b, 0) / 3);
  expect(perSample).toBeAllClose(array([2], means));
  expect(gradient).toBeAllClose(array([2, 3, 4], expected.gradient.data));
});

it('refuses options out of range and targets of another kind', () => {
  const [x, labels] = [input('x', [4, 3]), input('labels', [4], 'i32')];
  expect(() => losses.huber(x, x, { delta: 0 })).toThrow('huber: delta is 0; it must be a number above 0');
  for (const loss of [losses.binaryCrossentropy, losses.categoricalCrossentropy]) {
    expect(() => loss(x, x, { labelSmoothing: 1 })).toThrow(
      /rossentropy: labelSmoothing is 1; it must be at least 0 and below 1/,
    );
  }
  expect(() => losses.sparseCategoricalCrossentropy(x, x)).toThrow(
    'predictions [4, 3] need class indices of shape [4], got [4, 3]; for distributions use categoricalCrossentropy',
  );
  expect(() => losses.categoricalCrossentropy(x, input('t', [4, 2]))).toThrow(
    'categoricalCrossentropy: predictions [4, 3] need distributions of shape [4, 3], got [4, 2]',
  );
  expect(() => losses.categoricalCrossentropy(input('p', [4]), labels)).toThrow(
    /need a last dimension to work along, \[N, \.\.\., classes\], but have \[4\]/,
  );
  expect(() => losses.hinge(x, labels)).toThrow(/hinge: predictions \[4, 3\] and targets \[4\] must have/);
});

it('refuses targets of another shape', () => {
  const x = input('x', [4, 3]);
  expect(() => losses.meanSquaredError(x, input('t', [4]))).toThrow(
    'meanSquaredError: predictions [4, 3] and targets [4] must have the same shape',
  );
  expect(() => losses.binaryCrossEntropyWithLogits(x, input('t', [4, 2]))).toThrow(
    /must have the same shape/,
  );
});

describe('NaN and Infinity', () => {
  const x = map(random(1, [4, 3], 0.1, 0.8), (value, i) => (i === 4 ? NaN : value));
  const t = softmax(random(2, [4, 3]));
  const labels = array([4], [0, 2, 1, 0]);
  const given: [string, losses.LossFunction, Array64, 'f32' | 'i32'][] = [
    ...(
      [
        'meanSquaredError', 'meanAbsoluteError', 'meanSquaredLogarithmicError', 'huber', 'hinge', 'logCosh', 'cosineSimilarity',
        'kullbackLeiblerDivergence', 'binaryCrossentropy', 'binaryCrossEntropyWithLogits', 'categoricalCrossentropy',
        'softmaxCrossEntropy',
      ] as const
    ).map((name) => [name, lossOf(name), t, 'f32'] as [string, losses.LossFunction, Array64, 'f32']),
    ['sparseCategoricalCrossentropy', losses.sparseCategoricalCrossentropy, labels, 'i32'],
    ['sparseSoftmaxCrossEntropy', losses.sparseSoftmaxCrossEntropy, labels, 'i32'],
  ]; // prettier-ignore

  it.each(given)(
    '%s is NaN for the sample with a NaN, value and gradient, and for no other',
    async (_, loss, target, dtype) => {
      const found = await evaluate(
        (prediction, truth) => {
          const perSample = loss(prediction, truth);
          return [perSample, gradients(reduceSum(perSample), [prediction])[0]!];
        },
        [x, target],
        { dtypes: ['f32', dtype] },
      );
      expect([...found[0].data].map(Number.isNaN)).toEqual([false, true, false, false]);
      expect(found[1].data[4]).toBeNaN();
      expect([...found[1].data].every((value, i) => Math.floor(i / 3) === 1 || Number.isFinite(value))).toBe(
        true,
      );
    },
  );

  it('binary cross-entropy of logits of ±Infinity and ±1e4', async () => {
    const logits = array([6, 1], [Infinity, -Infinity, Infinity, -Infinity, 1e4, -1e4]);
    const truth = array([6, 1], [1, 0, 0, 1, 0, 1]);
    const [loss, gradient] = await run(losses.binaryCrossEntropyWithLogits, logits, truth, 'f32', true);
    expect([...loss.data]).toEqual([0, 0, Infinity, Infinity, 1e4, 1e4]);
    expect(
      [...map(gradient, (value) => 6 * value).data].map(Math.fround).map((v) => Math.round(v * 1e5) / 1e5),
    ).toEqual([0, 0, 1, -1, 1, -1]);
  });
});
