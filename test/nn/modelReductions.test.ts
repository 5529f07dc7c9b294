import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { reshape as reshapeLayer } from '../../src/nn/layers/shaping.ts';
import { Layer } from '../../src/nn/layers/layer.ts';
import * as losses from '../../src/nn/losses.ts';
import * as metrics from '../../src/nn/metrics.ts';
import type { ModelCompileOptions } from '../../src/nn/model.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { model, modelInput, sequential } from '../../src/index.ts';
import { constant } from '../../src/ops/core/leaves.ts';
import { stopGradient } from '../../src/ops/movement/movement.ts';
import { greater, multiply } from '../../src/ops/elementwise/elementwise.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { array, random, randomIntegers } from '../reference/array.ts';
import * as twins from '../reference/losses.ts';
import { dice as twinDice, reduced } from '../reference/moreLosses.ts';
import type { Reduced } from '../reference/moreLosses.ts';

const [N, T] = [11, 3];

/** Masks the steps whose outputs are below their mean over all steps: what counts depends on the sample alone. */
class AboveMean extends Layer {
  override readonly type = 'aboveMean';
  protected override compute(x: Tensor): Tensor {
    return multiply(x, constant(Float32Array.of(1)));
  }
  protected override outputMask([x]: readonly Tensor[]): Tensor {
    const first = reduceMean(x, { axes: [2] });
    const mean = reduceMean(first, { axes: [1], keepDims: true });
    return stopGradient(greater(first, mean));
  }
}

const x = Float32Array.from(random(1, [N * 2], -1, 1).data);
const y = Float32Array.from(random(2, [N * T * 2], -1, 1).data);
const weights = Float32Array.from(randomIntegers(3, [N], 4).data);
const stepWeights = Float32Array.from(randomIntegers(4, [N * T], 3).data);
const data = (own: Partial<{ weights: Float32Array | number[][] }> = {}): Dataset =>
  dataset({ x, y, inputShape: [2], targetShape: [T, 2], ...own });

async function compiled(options: Partial<ModelCompileOptions>, mask = false) {
  const layers = [
    dense({ units: T * 2, activation: 'tanh' }),
    reshapeLayer([T, 2]),
    ...(mask ? [new AboveMean()] : []),
  ];
  return sequential(layers, { inputShape: [2], seed: 3 }).compile({
    gpu: await testGpu(),
    optimizer: sgd({ learningRate: 0 }),
    loss: 'meanSquaredError',
    ...options,
  });
}

/** Squared errors of each step, and which count. */
function errorsOf(predictions: Float32Array) {
  const [p, t] = [predictions, y].map((own) => array([N * T, 2], own));
  const first = Float64Array.from(
    { length: N * T },
    (_, i) => (predictions[2 * i] + predictions[2 * i + 1]) / 2,
  );
  const mask = first.map((value, i) => {
    const own = first.subarray(i - (i % T), i - (i % T) + T);
    return Number(value > own.reduce((a, b) => a + b) / T);
  });
  return { errors: twins.meanSquaredError(p, t).perSample.data, mask };
}

const part = (values: ArrayLike<number>, from: number, to: number) =>
  Array.from(values).slice(from * T, to * T);

/** The loss of samples `from` to `to`. */
function expected(
  errors: ArrayLike<number>,
  { reduction, ...own }: Reduced,
  from: number,
  to: number,
): number {
  return reduced(part(errors, from, to), {
    reduction,
    ...(own.weights && { weights: part(own.weights, from, to) }),
    ...(own.mask && { mask: part(own.mask, from, to) }),
  });
}

const perStep = Float32Array.from({ length: N * T }, (_, i) => weights[Math.floor(i / T)]);

describe.each([false, true])('the loss of a model, masked %s', (isMasked) => {
  it.each(['mean', 'meanWithSampleWeight', 'sum'] as const)(
    'reduced by %s is Keras’s in steps, epochs and evaluations',
    async (reduction) => {
      for (const [given, each] of [
        [undefined, undefined],
        [weights, perStep],
        [stepWeights, stepWeights],
      ]) {
        const samples = data(given && { weights: given });
        const model = await compiled({ loss: losses.meanSquaredError({ reduction }) }, isMasked);
        const { errors, mask } = errorsOf(await model.predict(samples));
        expect(mask.includes(0) && mask.includes(1)).toBe(true);
        const options = { reduction, ...(each && { weights: each }), ...(isMasked && { mask }) };
        const { steps, epochs } = await model.fit(samples, { batchSize: 4, epochs: 1, shuffle: false });
        const batches = [[0, 4], [4, 8], [8, 11]]; // prettier-ignore
        const own = batches.map(([from, to]) => expected(errors, options, from, to));
        expect(steps.map(({ loss }) => loss)).toBeAllClose(own);
        // Keras's loss tracker: the mean of the batches' losses, weighted by their samples
        const tracked = own.reduce((sum, loss, i) => sum + loss * (batches[i][1] - batches[i][0]), 0) / N;
        expect(epochs[0].loss).toBeCloseTo(tracked, 4);
        for (const batchSize of [4, 11]) {
          const { loss } = await model.evaluate(samples, { batchSize });
          const all = batchSize === 11 || reduction !== 'sum' ? expected(errors, options, 0, N) : tracked;
          expect(loss).toBeCloseTo(all, 4);
        }
        model.destroy();
      }
    },
  );
});

it('trains by the gradient of what counts: of masked steps, of weighed ones, of a sum at a lower rate', async () => {
  const trained = async (
    loss: losses.LossFunction,
    learningRate: number,
    mask: boolean,
    own?: Float32Array,
  ) => {
    const network = await compiled({ loss, optimizer: sgd({ learningRate }) }, mask);
    const before = await network.predict(data());
    await network.fit(data(own && { weights: own }), { batchSize: N, steps: 1 });
    const after = await network.predict(data());
    network.destroy();
    return { before, after };
  };
  const { before, after } = await trained(losses.meanSquaredError(), 0.5, true);
  const { mask } = errorsOf(before);
  const own = Float32Array.from(mask);
  const weighed = await trained(
    losses.meanSquaredError({ reduction: 'meanWithSampleWeight' }),
    0.5,
    false,
    own,
  );
  const count = mask.reduce((a, b) => a + b, 0);
  const sum = await trained(losses.meanSquaredError({ reduction: 'sum' }), 0.5 / count, true);
  expect(Math.max(...before.map((value, i) => Math.abs(value - after[i])))).toBeGreaterThan(0.05);
  expect(weighed.after).toBeAllClose(after);
  expect(sum.after).toBeAllClose(after);
});

describe('metrics of a model', () => {
  it('leave out masked steps, and weigh samples where they are asked to', async () => {
    const model = await compiled(
      {
        metrics: ['mae', metrics.rootMeanSquaredError()],
        weightedMetrics: ['mae', 'mse', metrics.r2Score({ name: 'r2' })],
      },
      true,
    );
    const samples = data({ weights });
    const predictions = await model.predict(samples);
    const { errors, mask } = errorsOf(predictions);
    const absolute = twins.meanAbsoluteError(array([N * T, 2], predictions), array([N * T, 2], y)).perSample
      .data;
    const own = { reduction: 'meanWithSampleWeight', weights: perStep, mask } as const;
    for (const batchSize of [1, 4, 11]) {
      const found = await model.evaluate(samples, { batchSize });
      expect(Object.keys(found)).toEqual(['loss', 'mae', 'rootMeanSquaredError', 'weightedMae', 'mse', 'r2']);
      expect(found.mae).toBeCloseTo(expected(absolute, { mask }, 0, N), 5);
      expect(found.rootMeanSquaredError).toBeCloseTo(Math.sqrt(expected(errors, { mask }, 0, N)), 5);
      expect(found.weightedMae).toBeCloseTo(expected(absolute, own, 0, N), 5);
      expect(found.mse).toBeCloseTo(expected(errors, own, 0, N), 5);
    }
    const { epochs } = await model.fit(samples, { batchSize: 4, epochs: 1, validationData: samples });
    expect(epochs[0].weightedMae).toBeCloseTo(expected(absolute, own, 0, N), 5);
    expect(epochs[0].validationMse).toBeCloseTo(expected(errors, own, 0, N), 5);
    const { metrics: values, loss } = await model.evaluator().inspect(samples);
    expect(Object.keys(values)).toEqual(['mae', 'weightedMae', 'mse']);
    const ofSample = (n: number, given: Reduced) => expected(absolute, given, n, n + 1);
    expect(values.mae).toBeAllClose(Array.from({ length: N }, (_, n) => ofSample(n, { mask })));
    expect(loss).toBeAllClose(
      Array.from(
        { length: N },
        (_, n) => expected(errors, { reduction: 'sum', weights: perStep, mask }, n, n + 1) / T,
      ),
    );
    model.destroy();
  });

  it('are weighed by the names of outputs, too', async () => {
    const input = modelInput({ shape: [2] });
    const outputs = ['first', 'second'].map((name) => dense({ units: 1, name }).apply(input));
    const made = model({ inputs: input, outputs });
    const gpu = await testGpu();
    const options = { gpu, optimizer: sgd({ learningRate: 0 }), loss: 'mse' } as const;
    await made.compile({
      ...options,
      metrics: { first: 'mae' },
      weightedMetrics: { first: 'mae', second: ['mae', 'mse'] },
    });
    const [a, b] = [y.slice(0, N), y.slice(N, 2 * N)];
    const set = dataset({ x, y: [a, b], inputShape: [2], targetShape: [[1], [1]], weights });
    const { loss: _, firstLoss: __, secondLoss: ___, ...found } = await made.evaluate(set);
    expect(Object.keys(found)).toEqual(['firstMae', 'firstWeightedMae', 'secondMae', 'secondMse']);
    const [, second] = await made.predictAll(set);
    const total = weights.reduce((sum, own) => sum + own, 0);
    const error = second.reduce((sum, value, n) => sum + weights[n] * Math.abs(value - b[n]), 0);
    expect(found.secondMae).toBeCloseTo(error / total, 5);
    await expect(made.compile({ ...options, weightedMetrics: ['mae'] })).rejects.toThrow(
      'give the metrics by output, for example weightedMetrics: { first: [...] }',
    );
    await expect(made.compile({ ...options, weightedMetrics: { third: 'mae' } })).rejects.toThrow(
      'weightedMetrics is for an output "third"',
    );
    made.destroy();
  });

  it('may be many', async () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      losses.huber({ delta: 0.1 * (i + 1), name: `huber${i}` }),
    );
    const model = await compiled({ metrics: many });
    const { epochs } = await model.fit(data(), { batchSize: 4, epochs: 1, shuffle: false });
    const found = await model.evaluate(data(), { batchSize: 3 });
    const predictions = array([N * T, 2], await model.predict(data()));
    many.forEach((_, i) => {
      const value = twins.huber(predictions, array([N * T, 2], y), 0.1 * (i + 1)).mean;
      expect(found[`huber${i}`]).toBeCloseTo(value, 5);
      expect(epochs[0][`huber${i}`]).toBeCloseTo(value, 5);
    });
    model.destroy();
  });

  it('with lists are given by evaluate, and left out of steps', async () => {
    const hot = Float32Array.from({ length: N * 6 }, (_, i) => Number(Math.floor(i / 6) % 6 === i % 6));
    const model = await sequential([dense({ units: 6, activation: 'softmax' })], { inputShape: [2] }).compile(
      {
        gpu: await testGpu(),
        optimizer: 'sgd',
        loss: losses.categoricalCrossentropy({ labelSmoothing: 0.1 }),
        metrics: ['f1Score', metrics.f1Score({ average: 'macro', name: 'macro' })],
      },
    );
    const set = dataset({ x, y: hot, inputShape: [2], targetShape: [6] });
    const { f1Score, macro } = await model.evaluate(set);
    const each = f1Score as unknown as number[];
    expect(each.length).toBe(6);
    expect(macro).toBeCloseTo(each.reduce((a, b) => a + b) / 6, 6);
    const { epochs } = await model.fit(set, { epochs: 1 });
    expect(Object.keys(epochs[0])).not.toContain('f1Score');
    expect(epochs[0].macro).toBeGreaterThanOrEqual(0);
    model.destroy();
  });
});

it('several outputs have reductions, masks and weights of their own', async () => {
  const input = modelInput({ shape: [2] });
  const steps = () => reshapeLayer([T, 2]).apply(dense({ units: T * 2 }).apply(input));
  const whole = dense({ units: 6, activation: 'sigmoid', name: 'whole' }).apply(input);
  const outputs = [new AboveMean().apply(steps()), steps(), whole];
  const side = Float32Array.from({ length: N * 6 }, (_, i) => Number(y[i] > 0));
  const set = dataset({ x, y: [y, y, side], inputShape: [2], targetShape: [[T, 2], [T, 2], [6]], weights });
  const own = await model({ inputs: input, outputs, seed: 4 }).compile({
    gpu: await testGpu(),
    optimizer: sgd({ learningRate: 0 }),
    loss: ['mse', losses.meanSquaredError({ reduction: 'meanWithSampleWeight' }), losses.dice()],
    lossWeights: [1, 2, 0.5],
  });
  const [first, second, third] = Object.values(await own.predictAll(set));
  const { mask } = errorsOf(first);
  const dice = twinDice(array([N, 6], third), array([N, 6], side)).perSample.data[0];
  const wanted = [
    expected(errorsOf(first).errors, { weights: perStep, mask }, 0, N),
    expected(errorsOf(second).errors, { reduction: 'meanWithSampleWeight', weights: perStep }, 0, N),
    (dice * weights.reduce((a, b) => a + b)) / N,
  ];
  const total = wanted[0] + 2 * wanted[1] + 0.5 * wanted[2];
  for (const batchSize of [3, N]) {
    const { loss, ...found } = await own.evaluate(set, { batchSize });
    expect(Object.values(found)).toBeAllClose(wanted);
    expect(loss).toBeCloseTo(total, 4);
  }
  // of samples alone: the loss of all together is none of theirs
  const each = await own.evaluator().inspect(set, { batchSize: 4 });
  const part = (values: Float32Array, n: number) => array([1, 6], values.subarray(6 * n, 6 * n + 6));
  expect(each.metrics.wholeLoss).toBeAllClose(
    Array.from(weights, (weight, n) => weight * twinDice(part(third, n), part(side, n)).perSample.data[0]),
  );
  const { steps: told } = await own.fit(set, { batchSize: N, epochs: 1, shuffle: false });
  expect(told[0].loss).toBeCloseTo(total, 4);
  own.destroy();
});

describe('weights of steps', () => {
  it('are given as rows, too', () => {
    const rows = Array.from({ length: N }, (_, n) => [...stepWeights.subarray(n * T, (n + 1) * T)]);
    expect(data({ weights: rows }).weights).toEqual(data({ weights: stepWeights }).weights);
  });
  it('have to be as many as there are', () => {
    expect(() => data({ weights: new Float32Array(N * 2) })).toThrow(
      'one weight for each of the 11 samples, or one for each of their 3 steps, got 22',
    );
  });
});
