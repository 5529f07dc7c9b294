import { expect, it } from 'vitest';
import { dataset, shuffle, splitValidation } from '../../src/data/dataset.ts';
import { syntheticDigits } from '../../src/data/digits.ts';
import { ArgumentError } from '../../src/errors.ts';
import { leakyRelu } from '../../src/nn/layers/activations.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { conv2dTranspose } from '../../src/nn/layers/conv2dTranspose.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { maxPool2d } from '../../src/nn/layers/pooling.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { train } from '../../src/nn/training/train.ts';
import * as ops from '../../src/ops/index.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { arc, compiledTinyGan } from './ganFixtures.ts';
import { clusters, compiledTiny, tinyModel } from './modelFixtures.ts';

/** What JavaScript lets through and TypeScript does not. */
const any = (value: unknown) => value as never;
const data = clusters(12);
const set = (options: object) => dataset({ x: [0, 1], y: [0, 1], inputShape: [1], ...options });

it.each<[string, () => unknown, string | RegExp]>([
  ['a seed by name', () => shuffle(data, any({ seed: 1 })), 'shuffle: seed is an object with seed; it must be a whole'],
  ['no seed', () => shuffle(data, NaN), 'shuffle: seed is NaN'],
  ['a seed below 0', () => shuffle(data, -1), 'shuffle: seed is -1'],
  ['a seed of letters', () => shuffle(data, any('a')), 'shuffle: seed is "a"'],
  ['a share as text', () => splitValidation(data, any('0.5')), 'splitValidation: a fraction of 0.5'],
  ['digits of no seed', () => syntheticDigits({ train: 10, test: 10, seed: NaN }), 'syntheticDigits: seed is NaN'],
  ['digits of seed −1', () => syntheticDigits({ train: 10, test: 10, seed: -1 }), 'syntheticDigits: seed is -1'],
  ['digits of a seed in a list', () => syntheticDigits({ train: 10, test: 10, seed: any([1]) }), 'seed is an array of 1'],
  ['classes as one text', () => set({ classNames: 'ab' }), `data set 'data': classNames is "ab"; give a list of texts`],
  ['numbers of classes', () => set({ classNames: [1, 2] }), 'classNames is an array of 2, with 1; give a list of texts'],
  ['a number as name', () => set({ name: 5 }), 'dataset: name is 5 and synthetic false; a name is a text'],
  ['a slope in a list', () => leakyRelu({ negativeSlope: any([]) }), 'leakyRelu: negativeSlope is an array of 0'],
  ['momentum in a list', () => batchNormalization({ momentum: any([]) }), 'momentum is an array of 0; it must be from 0'],
  ['an infinite epsilon', () => batchNormalization({ epsilon: 1e300 }), 'batchNormalization: epsilon is 1e+300'],
  ['no padding', () => conv2dTranspose({ filters: 1, kernelSize: 2, padding: any(null) }), "conv2dTranspose: padding 'null' is not known; use 'valid'"],
  ['some padding', () => conv2d({ filters: 1, kernelSize: 2, padding: any('some') }), "conv2d: padding 'some' is not known"],
  ['padding of two', () => maxPool2d({ padding: any([1, 1]) }), 'maxPool2d: padding [1, 1] is not known'],
])('%s is refused', (_what, action, text) => expect(action).toThrow(text)); // prettier-ignore

it.each([
  [null, /the learning rate must be a finite number of at least 0, not null/],
  ['0.1', /not "0\.1"/],
  [[0.1], /not an array of 1/],
  [-1, /not -1/],
])('%s is no learning rate, of models, minimizers and GANs', async (rate, text) => {
  const [model, gan] = [await compiledTiny(), await compiledTinyGan()];
  for (const owner of [model, model.compiled.minimizer, gan, gan.compiled.players.generator.minimizer]) {
    const before = owner.learningRate;
    const change = () => (owner.learningRate = any(rate));
    expect(change).toThrow(ArgumentError);
    if (owner === model) expect(change).toThrow(text);
    expect(owner.learningRate).toBe(before);
  }
  model.destroy();
  gan.destroy();
});

it.each<[object, RegExp]>([
  [
    { lossWeights: { dense_1: '2' } },
    /tiny: the loss weight of output "dense_1" is "2"; it must be a finite number/,
  ],
  [{ lossWeights: [[]] }, /the loss weight .* is an array of 0/],
  [{ checkLoss: 'no' }, /tiny: checkLoss is "no"; it must be true or false/],
  [{ inputScale: '2' }, /tiny: inputScale is "2"; it must be a finite number/],
  [{ inputOffset: NaN }, /tiny: inputOffset is NaN/],
])('compile(%j) is refused', async (options, text) => {
  const given = { gpu: await testGpu(), optimizer: 'sgd', loss: 'softmaxCrossEntropy', ...options } as const;
  await expect(tinyModel().compile(given)).rejects.toThrow(ArgumentError);
  await expect(tinyModel().compile(given)).rejects.toThrow(text);
});

it.each<[string, unknown, RegExp]>([
  ['shuffle', 'no', /: shuffle is "no"; it must be true or false/],
  ['resume', 'no', /: resume is "no"; it must be true or false/],
  ['keepSteps', 1, /: keepSteps is 1; it must be true or false/],
  ['signal', {}, /: signal is an object with nothing in it; pass the signal of an AbortController/],
  ['signal', new AbortController(), /: signal is a value of the class AbortController; pass its signal: \{ signal: controller\.signal/],
])('fit({ %s: %o }) is refused, by models, GANs and evaluations', async (option, value, text) => {
  const [model, gan] = [await compiledTiny(), await compiledTinyGan()];
  const options = { [option]: value } as object;
  for (const use of [
    async () => model.fit(data, options),
    async () => gan.fit(arc(20), options),
    ...(option === 'signal' ? [() => model.evaluate(data, options), () => model.predict(data, options)] : []),
  ]) {
    await expect(use()).rejects.toThrow(ArgumentError);
    await expect(use()).rejects.toThrow(text);
  }
  await model.fit(data, { epochs: 1 }); // nothing is left of it
  model.destroy();
  gan.destroy();
}); // prettier-ignore

it('weights of classes that are none, and a listener that is none, are refused', async () => {
  const model = await compiledTiny();
  await expect(model.fit(data, { classWeight: any(5) })).rejects.toThrow(/tiny: classWeight is 5; give weights by class/);
  await expect(model.fit(data, { classWeight: { 0: any('2') } })).rejects.toThrow(/classWeight of class 0 is "2"/);
  await expect(model.evaluate(data, { onProgress: any(5) })).rejects.toThrow(/tiny: onProgress is 5; it must be a function/);
  const gpu = await testGpu();
  await expect(gpu.compile(() => ({ x: ops.fill([1], 1) }), { seed: NaN })).rejects.toThrow(/program: seed is NaN/);
  const step = () => ({}) as never;
  expect(() => train(data, step, { gpu, inputScale: any('1') })).toThrow(/step: inputScale is "1"/);
  model.destroy();
  expect(() => sequential([dense({ units: 1 })], { inputShape: [1], seed: any('1') })).toThrow(/seed is "1"/);
}); // prettier-ignore
