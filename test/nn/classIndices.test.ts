import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import type { Values } from '../../src/data/arrays.ts';
import { ArgumentError } from '../../src/errors.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { concatenate } from '../../src/nn/layers/merging.ts';
import { flatten } from '../../src/nn/layers/shaping.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { ModelCompileOptions } from '../../src/nn/model.ts';
import type { Evaluation } from '../../src/nn/training/evaluateOptions.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { weightsOf } from './modelFixtures.ts';

/** Integers of every type, and whole floats. */
const TYPES: Record<string, (labels: number[]) => Values> = {
  u8: (labels) => Uint8Array.from(labels),
  clamped: (labels) => Uint8ClampedArray.from(labels),
  i8: (labels) => Int8Array.from(labels),
  u16: (labels) => Uint16Array.from(labels),
  i32: (labels) => Int32Array.from(labels),
  u32: (labels) => Uint32Array.from(labels),
  i64: (labels) => BigInt64Array.from(labels, BigInt),
  f32: (labels) => Float32Array.from(labels),
  f64: (labels) => Float64Array.from(labels),
  plain: (labels) => labels,
};

const numbers = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(7 * i));

/** A model of positions [2, 3] with four classes each, or of samples with four classes. */
async function compiled(inputShape: number[], loss: ModelCompileOptions['loss'], softmax: boolean) {
  const activation = softmax ? 'softmax' : undefined;
  const layer =
    inputShape.length > 1
      ? conv2d({ filters: 4, kernelSize: 1, activation })
      : dense({ units: 4, activation });
  return sequential([layer], { inputShape, seed: 5 }).compile({
    gpu: await testGpu(),
    optimizer: 'sgd',
    loss,
    metrics: ['accuracy', 'topKCategoricalAccuracy', 'confusionMatrix'],
  });
}

const LOSSES: [ModelCompileOptions['loss'], boolean][] = [
  ['softmaxCrossEntropy', false],
  ['sparseSoftmaxCrossEntropy', false],
  ['categoricalCrossentropy', true],
  ['sparseCategoricalCrossentropy', true],
];

describe.each(LOSSES)('class indices for %s', (loss, softmax) => {
  it.each([
    { what: 'samples', input: [5], shapes: [[], [1]] },
    { what: 'positions', input: [2, 3, 5], shapes: [[2, 3], [2, 3, 1]] }, // prettier-ignore
  ])('of $what come in every shape and type, and mean the same', async ({ input, shapes }) => {
    const per = input.length > 1 ? 6 : 1;
    const labels = Array.from({ length: 7 * per }, (_, i) => (i * 5) % 4);
    const x = numbers(7 * input.reduce((a, b) => a * b, 1));
    const one = await compiled(input, loss, softmax);
    const found: [string, Evaluation][] = [];
    for (const targetShape of shapes) {
      for (const [type, make] of Object.entries(TYPES)) {
        const data = dataset({ x, y: make(labels), inputShape: input, targetShape });
        found.push([`${type} [${targetShape.join()}]`, await one.evaluate(data)]);
      }
    }
    const [[, first]] = found;
    expect(found).toEqual(found.map(([what]) => [what, first]));
    expect(first.confusionMatrix.flat().reduce((a, b) => a + b, 0)).toBe(labels.length);
    if (!String(loss).startsWith('sparse')) {
      const hot = Float32Array.from({ length: 4 * labels.length }, (_, i) =>
        Number(labels[i >> 2] === i % 4),
      );
      const targetShape = [...input.slice(0, -1), 4];
      const dense = await one.evaluate(dataset({ x, y: hot, inputShape: input, targetShape }));
      expect(first.loss).toBeCloseTo(dense.loss, 5);
      expect({ ...first, loss: 0 }).toEqual({ ...dense, loss: 0 });
    }
    one.destroy();
  });

  it('train, and are checked in every form', async () => {
    const input = [2, 3, 5];
    const x = numbers(7 * 30);
    const weights: number[][] = [];
    for (const [type, make] of Object.entries(TYPES)) {
      if (!['u8', 'i64', 'f32'].includes(type)) continue;
      const one = await compiled(input, loss, softmax);
      const labels = Array.from({ length: 42 }, (_, i) => i % 4);
      const data = (y: number[]) =>
        dataset({ name: 'marks', x, y: make(y), inputShape: input, targetShape: [2, 3] });
      const before = (await one.evaluate(data(labels))).loss;
      await one.fit(data(labels), { epochs: 4, batchSize: 7, shuffle: false });
      expect((await one.evaluate(data(labels))).loss).toBeLessThan(before);
      weights.push(await weightsOf(one));
      const bad = labels.with(25, 4); // sample 4
      const refusal = /label 4 of sample 4 of data set 'marks' is none of the 4 classes/;
      await expect(one.fit(data(bad))).rejects.toThrow(ArgumentError);
      await expect(one.evaluate(data(bad))).rejects.toThrow(refusal);
      if (type === 'f32')
        await expect(one.fit(data(labels.with(25, 1.5)))).rejects.toThrow(/label 1.5 of sample 4/);
      one.destroy();
    }
    expect(weights[1]).toEqual(weights[0]);
    expect(weights[2]).toEqual(weights[0]);
  });
});

describe('indices for an embedding', () => {
  const words = [0, 3, 2, 1, 4, 4];
  const make = async () =>
    sequential([embedding({ inputDim: 5, outputDim: 2 }), flatten(), dense({ units: 3 })], {
      inputShape: [2],
      seed: 3,
    }).compile({ gpu: await testGpu(), optimizer: 'sgd', loss: 'softmaxCrossEntropy' });

  it('come in every type, to predict, to evaluate and to train', async () => {
    const one = await make();
    const expected = await one.predict(Float32Array.from(words));
    const [, ...others] = [expected, expected.subarray(0, 3), expected.subarray(3, 6), expected.subarray(6)];
    expect(others[0]).not.toEqual(others[1]);
    const losses: number[] = [];
    for (const type of Object.values(TYPES)) {
      expect(await one.predict(type(words))).toEqual(expected);
      const twin = await make();
      const data = dataset({ x: type(words), y: [0, 1, 2], inputShape: [2] });
      losses.push((await twin.fit(data, { epochs: 2, batchSize: 3 })).epochs[1].loss);
      twin.destroy();
    }
    expect(new Set(losses).size).toBe(1);
    one.destroy();
  });

  it('that do not exist are told by fit, evaluate and predict', async () => {
    const one = await make();
    for (const [wrong, text] of [
      [5, 'index 5 in sample 1'],
      [-1, 'index -1 in sample 1'],
      [2.5, 'index 2.5 in sample 1'],
    ] as const) {
      const x = words.with(2, wrong);
      const data = dataset({ x, y: [0, 1, 2], inputShape: [2] });
      for (const use of [() => one.fit(data), () => one.evaluate(data), () => one.predict(x)]) {
        const using = Promise.resolve(use());
        await expect(using).rejects.toThrow(ArgumentError);
        await expect(using).rejects.toThrow(`${text} of data set`);
      }
    }
    await expect(one.predict(Uint8Array.of(1, 200))).rejects.toThrow(/none of the 5 rows .* inputDim larger/);
    one.destroy();
  });

  it('stand beside bytes that are scaled; bytes that are to be both are refused', async () => {
    const [word, pixel] = [modelInput({ shape: [1] }), modelInput({ shape: [1] })];
    const looked = flatten().apply(embedding({ inputDim: 9, outputDim: 1 }).apply(word));
    const outputs = dense({ units: 1, kernelInitializer: 'ones' }).apply(
      concatenate().apply([looked, pixel]),
    );
    const options = { gpu: await testGpu(), optimizer: 'sgd', loss: 'meanSquaredError' } as const;
    const both = await model({ inputs: [word, pixel], outputs }).compile(options);
    const bytes = await both.predict([Uint8Array.of(7, 8), Uint8Array.of(51, 255)]);
    expect(bytes).toBeAllClose(await both.predict([[7, 8], Float32Array.of(51 / 255, 1)]));
    both.destroy();

    const mixed = concatenate().apply([
      flatten().apply(embedding({ inputDim: 9, outputDim: 1 }).apply(word)),
      word,
    ]);
    const twice = await model({ inputs: word, outputs: dense({ units: 1 }).apply(mixed) }).compile(options);
    await twice.predict([7, 8]);
    await expect(twice.predict(Uint8Array.of(7, 8))).rejects.toThrow(
      /indices in one place and numbers in another/,
    );
    twice.destroy();
  });
});
