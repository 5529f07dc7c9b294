import { describe, expect, it } from 'vitest';
import { dataset, take } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import type { ClassWeight } from '../../src/nn/training/classWeights.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { array } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as reference from '../reference/losses.ts';
import { clusters, compiledTiny, weightsOf } from './modelFixtures.ts';

const data = clusters(30);
const own = Float32Array.from({ length: 30 }, (_, i) => (i % 4) / 2);
const weighted: Dataset = { ...data, weights: { data: own, shape: [] } };
const labels = array([30], data.y.data);
const byClass = (weights: number[]) => Array.from(data.y.data, (label) => weights[label]);

/** Σ wᵢ lᵢ / N, Keras's sum_over_batch_size. */
const mean = (losses: ArrayLike<number>, weights: ArrayLike<number>) =>
  Array.from(losses, (loss, i) => loss * weights[i]).reduce((a, b) => a + b, 0) / losses.length;

const fixed = () => compiledTiny({ optimizer: sgd({ learningRate: 0 }) });

/** The loss of an epoch in one batch. */
async function lossOf(
  samples: Dataset,
  classWeight?: ClassWeight,
): Promise<{ loss: number; outputs: Array64 }> {
  const model = await fixed();
  const { epochs } = await model.fit(samples, { batchSize: 30, classWeight });
  const outputs = array([30, 3], await model.predict(samples));
  model.destroy();
  return { loss: epochs[0].loss, outputs };
}

describe('the loss is the mean of weight times loss', () => {
  it('with weights of samples, of classes, and of both', async () => {
    const classes = [1, 4, 0.5];
    const { loss, outputs } = await lossOf(weighted);
    const { perSample } = reference.sparseSoftmaxCrossEntropy(outputs, labels);
    expect(loss).toBeCloseTo(mean(perSample.data, own), 6);
    const ofClasses = await lossOf(data, { 1: 4, 2: 0.5 });
    expect(ofClasses.loss).toBeCloseTo(mean(perSample.data, byClass(classes)), 6);
    const both = await lossOf(weighted, { 1: 4, 2: 0.5 });
    const product = byClass(classes).map((weight, i) => weight * own[i]);
    expect(both.loss).toBeCloseTo(mean(perSample.data, product), 6);
  });

  it('in evaluation by the samples’ weights; metrics are not weighted', async () => {
    const model = await fixed();
    const outputs = array([30, 3], await model.predict(data));
    const { perSample } = reference.sparseSoftmaxCrossEntropy(outputs, labels);
    const { loss, accuracy } = await model.evaluate(weighted, { batchSize: 7 });
    expect(loss).toBeCloseTo(mean(perSample.data, own), 6);
    expect(accuracy).toBeCloseTo(reference.accuracy(outputs, labels), 12);
    const { steps } = await model.fit(weighted, { batchSize: 30, classWeight: { 0: 9 } });
    expect(steps[0].accuracy).toBeCloseTo(accuracy, 12);
    const part = await model.evaluate(take(weighted, 10, 20));
    expect(part.loss).toBeCloseTo(mean(perSample.data.slice(10, 20), own.slice(10, 20)), 6);
    model.destroy();
  });

  it('and so is its gradient: a sample of weight 0 is not there, one of weight 2 is there twice', async () => {
    const x = Float32Array.of(1, 2, 3, -1, 0.5, 1);
    const y = Float32Array.of(1, -1, 2);
    const train = async (rows: number[], weights?: number[]) => {
      const set = dataset({
        x: Float32Array.from(rows.flatMap((row) => [x[2 * row], x[2 * row + 1]])),
        y: Float32Array.from(rows, (row) => y[row]),
        inputShape: [2],
        targetShape: [1],
        ...(weights && { weights: Float32Array.from(weights) }),
      });
      const model = await sequential([dense({ units: 1 })], { inputShape: [2] }).compile({
        gpu: await testGpu(),
        optimizer: sgd({ learningRate: 0.1 }),
        loss: 'meanSquaredError',
      });
      await model.fit(set, { steps: 3, batchSize: 3 });
      const values = await weightsOf(model);
      model.destroy();
      return values;
    };
    expect(await train([0, 1, 2], [2, 0, 1])).toBeAllClose(await train([0, 0, 2]), { rtol: 1e-5 });
  });

  it('by one-hot classes, and by the sides of a single output', async () => {
    const hot = Float32Array.from({ length: 90 }, (_, i) => Number(data.y.data[Math.floor(i / 3)] === i % 3));
    const oneHot = dataset({ x: data.x.data, y: hot, inputShape: [2], targetShape: [3] });
    const { loss, outputs } = await lossOf(oneHot, { 0: 3 });
    const { perSample } = reference.sparseSoftmaxCrossEntropy(outputs, labels);
    expect(loss).toBeCloseTo(mean(perSample.data, byClass([3, 1, 1])), 6);

    const side = Float32Array.from(data.y.data, (label) => Math.min(label, 1));
    for (const targetShape of [[], [1]]) {
      const set = dataset({ x: data.x.data, y: side, inputShape: [2], targetShape });
      const model = await sequential([dense({ units: 1 })], { inputShape: [2] }).compile({
        gpu: await testGpu(),
        optimizer: sgd({ learningRate: 0 }),
        loss: 'binaryCrossEntropyWithLogits',
      });
      const { epochs } = await model.fit(set, { batchSize: 30, classWeight: { 0: 5 } });
      const logits = array([30, 1], await model.predict(set));
      const expected = reference.binaryCrossEntropy(logits, array([30, 1], side));
      const weights = Array.from(side, (label) => (label === 0 ? 5 : 1));
      expect(epochs[0].loss).toBeCloseTo(mean(expected.perSample.data, weights), 6);
      model.destroy();
    }
  });
});

describe('refuse', () => {
  const weigh = (weights: unknown) => () =>
    dataset({ name: 'w', x: data.x.data, y: data.y.data, inputShape: [2], weights: weights as Float32Array });
  it.each([
    [
      'a negative weight',
      weigh(own.map((w, i) => (i === 7 ? -1 : w))),
      /'w': weights\[7\] is -1; .* at least 0/,
    ],
    ['NaN', weigh(own.map((w, i) => (i === 3 ? NaN : w))), /weights\[3\] is NaN/],
    ['too few', weigh(own.slice(1)), /one weight for each of the 30 samples, got 29/],
    ['no array', weigh('heavy'), /'w': weights is String, not an array of numbers/],
  ])('%s', (_, action, text) => expect(action).toThrow(text));

  it.each<[string, Dataset, unknown, RegExp]>([
    [
      'a class that does not exist',
      data,
      { 3: 2 },
      /tiny: classWeight names class 3, .* there are 3, .* 0 to 2/,
    ],
    ['a class by another name', data, { zero: 2 }, /classWeight names class zero, which does not exist/],
    ['a negative class weight', data, { 1: -2 }, /classWeight of class 1 is -2; weights must be finite/],
    [
      'class weights of targets that are no classes',
      dataset({ name: 'r', x: data.x.data, y: own, inputShape: [2] }),
      { 1: 2 },
      /tiny: classWeight needs targets that are classes.* those of data set 'r' are not. Give the samples weights/,
    ],
  ])('%s', async (_, set, classWeight, text) => {
    const model = await compiledTiny({ metrics: [] });
    await expect(model.fit(set, { classWeight: classWeight as ClassWeight })).rejects.toThrow(text);
    model.destroy();
  });
});
