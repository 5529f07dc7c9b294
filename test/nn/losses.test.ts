import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import * as losses from '../../src/nn/losses.ts';
import { input } from '../../src/ops/leaves.ts';
import { reduceMean } from '../../src/ops/reduce.ts';
import { array, random, randomIntegers, type Array64 } from '../reference/array.ts';
import * as reference from '../reference/losses.ts';
import { oneHot } from '../reference/movement.ts';
import { evaluate } from '../helpers/evaluate.ts';

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

it('refuses targets of another shape', () => {
  const x = input('x', [4, 3]);
  expect(() => losses.meanSquaredError(x, input('t', [4]))).toThrow(
    'meanSquaredError: predictions [4, 3] and targets [4] must have the same shape',
  );
  expect(() => losses.binaryCrossEntropyWithLogits(x, input('t', [4, 1]))).toThrow(
    /must have the same shape/,
  );
});
