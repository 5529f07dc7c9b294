import { expect, it } from 'vitest';
import { dataset, shuffle, splitValidation } from '../../src/data/dataset.ts';
import { syntheticDigits } from '../../src/data/digits.ts';
import { streamed } from '../../src/data/stream.ts';
import { ArgumentError } from '../../src/errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import { Gan } from '../../src/nn/gan/gan.ts';
import { initializers } from '../../src/nn/initializers.ts';
import { leakyRelu } from '../../src/nn/layers/activations.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { conv2dTranspose } from '../../src/nn/layers/conv2dTranspose.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { maxPool2d } from '../../src/nn/layers/pooling.ts';
import * as losses from '../../src/nn/losses.ts';
import * as metrics from '../../src/nn/metrics.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { train } from '../../src/nn/training/train.ts';
import { Variable } from '../../src/ops/core/leaves.ts';
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

const network = () => sequential([dense({ units: 1 })], { inputShape: [1] });

it.each<[string, () => unknown, string | RegExp]>([
  ['numbers as networks', () => new Gan(any({ generator: 1, discriminator: 2 })), 'gan: the generator is 1; make it with sequential('],
  ['a range as number', () => new Gan({ generator: network(), discriminator: network(), imageRange: any(5) }), 'gan: imageRange is 5; give black, then white'],
  ['no function to prepare', () => new Gan({ generator: network(), discriminator: network(), prepare: any(5) }), 'gan: prepare is 5; it must be a function'],
  ['memory as bytes', () => decodeSafetensors(any(new ArrayBuffer(20))), 'safetensors file: its bytes are a value of the class ArrayBuffer; pass a Uint8Array'],
  ['no bytes', () => decodeSafetensors(any(null), 'a.safetensors'), 'a.safetensors: its bytes are null'],
  ['no tensors', () => encodeSafetensors(any(null)), 'encodeSafetensors: tensors is null; give a record by name'],
  ['no metadata', () => encodeSafetensors({}, any(null)), 'encodeSafetensors: metadata is null'],
  ['no tensor', () => encodeSafetensors({ a: any(null) }), "encodeSafetensors: tensor 'a' has dtype undefined and data of undefined"],
  ['no shape', () => encodeSafetensors({ a: any({ dtype: 'F32', data: new Float32Array(1) }) }), "tensor 'a' has shape undefined"],
  ['no place', () => dense({ units: 1 }).apply(any(null)), /dense: is applied to null; apply it to what modelInput/],
  ['a list without a place', () => dense({ units: 1 }).apply(any([undefined, 5])), /dense: is applied to undefined; apply/],
  ['a tensor as place', () => dense({ units: 1, name: 'own' }).apply(any(ops.input('x', [1, 1]))), /own: is applied to an object with node/],
  ['no input of a model', () => network().apply(any(null)), /dense: is applied to null/],
  ['no batch', () => network().call(any(null)), /dense: input 1 is null, not a tensor/],
  ['a metric that is called', () => metrics.meanAbsoluteError(any({ name: 'm' }), any(undefined)), /meanAbsoluteError: its predictions are an object with name, not a tensor.*pass it itself/],
  ['accuracy that is called', () => metrics.accuracy(any(undefined), any(undefined)), /accuracy: its predictions are undefined/],
  ['a similarity that is called', () => losses.cosineSimilarity(any({}), any(undefined)), /cosineSimilarity: its predictions are/],
  ['targets that are none', () => losses.huber(ops.input('p', [2, 1]), any([1])), /huber: its targets are an array of 1, not a tensor|huber: its targets is an array of 1/],
  ['ones that are called', () => initializers.ones(any(undefined), [], any(undefined)), /initializers\.ones: was called with undefined, .*Pass it itself/],
  ['uniform that is called', () => initializers.glorotUniform(any({ seed: 1 }), [], any(undefined)), /initializers\.glorotUniform: was called with an object with seed/],
])('%s is refused', (_what, action, text) => {
  expect(action).toThrow(ArgumentError);
  expect(action).toThrow(text);
}); // prettier-ignore

it.each<[string, unknown, RegExp]>([
  ['nothing', () => undefined, /program: the function that builds the graph gave undefined; return the outputs by name/],
  ['no tensor', () => ({ a: undefined }), /program: the output "a" is undefined, not a tensor/],
  ['a number', () => ({ a: 5 }), /program: the output "a" is 5, not a tensor/],
  ['a tensor without a name', () => ops.fill([1], 1), /gave a tensor; give it a name: \{ y \}/],
  ['a promise', async () => ({}), /gave a promise; .* without async/],
  ['no function', undefined, /program: gpu\.compile takes a function .* but was given undefined/],
])('gpu.compile of %s is refused', async (_what, define, text) => {
  const gpu = await testGpu();
  await expect(gpu.compile(any(define))).rejects.toThrow(ArgumentError);
  await expect(gpu.compile(any(define))).rejects.toThrow(text);
}); // prettier-ignore

it('minimize says what is wrong with loss, variables and optimizer; a program knows no names of objects', async () => {
  const gpu = await testGpu();
  const weight = new Variable({ name: 'w', shape: [1], initialize: (values) => values.fill(1) });
  const loss = () => ops.reduceSum(ops.read(weight));
  for (const [own, variables, optimizer, text] of [
    [() => 5, [weight], adam(), /minimize: the loss is 5, not a tensor/],
    [loss, [], adam(), /minimize: there are no variables to change/],
    [loss, undefined, adam(), /minimize: its variables are undefined; pass a list of the Variables/],
    [loss, [ops.read(weight)], adam(), /its variables are an array of 1, with an object with node/],
    [loss, [weight], 'adam', /minimize: the optimizer is "adam"; make one, such as adam\(\)/],
    [loss, [weight], {}, /minimize: the optimizer is an object with nothing in it/],
  ] as const) {
    const compiling = gpu.compile((g) => {
      g.minimize(any(own()), any(variables), any(optimizer));
      return {};
    });
    await expect(compiling).rejects.toThrow(ArgumentError);
    await expect(compiling).rejects.toThrow(text);
  }
  expect(() => gpu.minimizer([weight], any({}))).toThrow(/minimizer: the optimizer is/);
  const x = ops.input('x', [1]);
  const program = await gpu.compile(() => ({ y: ops.add(x, 1) }));
  for (const name of ['__proto__', 'toString', undefined]) {
    await expect(program.read(any(name))).rejects.toThrow(/program: no output is named ".*"; there are y/);
  }
  expect(() => program.write(any(null), new Float32Array(1))).toThrow(/what is to be written is null, not a tensor/);
  expect(() => program.write(x, any(null))).toThrow(/input x takes f32 values in a Float32Array; got null/);
  program.destroy();
}); // prettier-ignore

it.each<[string, object, RegExp]>([
  ['loss', { loss: () => undefined }, /tiny: output "dense_1" .*: its loss gives undefined; it must return a tensor/],
  ['loss', { loss: () => 3 }, /its loss gives 3; it must return a tensor/],
  ['loss', { loss: async (p: never) => p }, /its loss gives a promise; .* without async/],
  ['metric', { metrics: [{ name: 'own', compute: () => undefined }] }, /metric "own" gives undefined; it must return/],
  ['metric', { metrics: [{ name: 'own', compute: () => 5 }] }, /metric "own" gives 5/],
  ['optimizer', { optimizer: {} }, /The optimizer is an object with nothing in it, which is none; choose one of sgd/],
])('a %s that gives no tensor is told when the model is compiled', async (_what, options, text) => {
  const given = { gpu: await testGpu(), optimizer: 'sgd', loss: 'softmaxCrossEntropy', ...options } as const;
  await expect(tinyModel().compile(given)).rejects.toThrow(ArgumentError);
  await expect(tinyModel().compile(given)).rejects.toThrow(text);
}); // prettier-ignore

it.each<[string, unknown, RegExp]>([
  ['whose next gives nothing', { next: () => undefined }, /stream 'own': next\(\) of its iterator gave undefined; it must give/],
  ['without next', {}, /stream 'own': the iterator of its batches is an object with nothing in it, without a method next/],
  ['that is none', undefined, /stream 'own': the iterator of its batches is undefined/],
])('an iterator %s is told', async (_what, iterator, text) => {
  const model = await compiledTiny();
  for (const symbol of [Symbol.iterator, Symbol.asyncIterator]) {
    const stream = streamed(any(() => ({ [symbol]: () => iterator })), { name: 'own', inputShape: [2] });
    for (const use of [() => model.fit(stream), () => model.evaluate(stream)]) {
      const using = Promise.resolve(use());
      await expect(using).rejects.toThrow(ArgumentError);
      await expect(using).rejects.toThrow(text);
    }
  }
  model.destroy();
}); // prettier-ignore
