import { describe, expect, it } from 'vitest';
import { dataset, selfTargets } from '../../src/data/dataset.ts';
import type { Values } from '../../src/data/arrays.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { streamed } from '../../src/data/stream.ts';
import { ArgumentError } from '../../src/errors.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import type { LayerTensor } from '../../src/nn/layers/layer.ts';
import { leakyRelu } from '../../src/nn/layers/activations.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { add, average, concatenate, maximum } from '../../src/nn/layers/merging.ts';
import { globalMaxPool2d } from '../../src/nn/layers/globalPooling.ts';
import { averagePool2d, maxPool2d } from '../../src/nn/layers/pooling.ts';
import { flatten } from '../../src/nn/layers/shaping.ts';
import { upSampling2d } from '../../src/nn/layers/upSampling.ts';
import { model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { LossSpec } from '../../src/nn/objective.ts';
import * as losses from '../../src/nn/losses.ts';
import { train } from '../../src/nn/training/train.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { Variable } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import * as ops from '../../src/ops/index.ts';
import { usesOf } from '../../src/nn/uses.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';

/** Two images of 2 × 2 indices, and others. */
const words = [0, 3, 2, 1, 4, 4, 1, 3];
const others = [2, 1, 0, 4, 3, 0, 2, 1];

/** A row of a table of 5 for each value of what `path` makes of two inputs. */
async function lookedUp(path: (a: LayerTensor, b: LayerTensor) => LayerTensor) {
  const inputs = [modelInput({ shape: [2, 2, 1] }), modelInput({ shape: [2, 2, 1] })];
  const outputs = flatten().apply(embedding({ inputDim: 5, outputDim: 2 }).apply(path(inputs[0], inputs[1])));
  return model({ inputs, outputs, seed: 4 }).compile({ gpu: await testGpu() });
}

describe('indices on their way to a table', () => {
  it.each<[string, (a: LayerTensor, b: LayerTensor) => LayerTensor]>([
    ['concatenate', (a, b) => concatenate().apply([a, b])],
    ['upSampling2d', (a, b) => concatenate().apply([upSampling2d().apply(a), upSampling2d().apply(b)])],
    ['maxPool2d', (a, b) => maxPool2d().apply(concatenate().apply([a, b]))],
    ['globalMaxPool2d', (a, b) => globalMaxPool2d().apply(concatenate().apply([a, b]))],
  ])('may be moved, in any type, and are checked: %s', async (_name, path) => {
    const one = await lookedUp(path);
    const expected = await one.predict([Float32Array.from(words), Float32Array.from(others)]);
    for (const kind of [Uint8Array, Int32Array]) {
      expect(await one.predict([kind.from(words), kind.from(others)])).toEqual(expected);
      await expect(one.predict([kind.from(words), kind.from(others.with(5, 7))])).rejects.toThrow(
        /index 7 in sample 1 .* \(input 1\) is none of the 5 rows/,
      );
    }
    one.destroy();
  });

  it.each<[string, (a: LayerTensor, b: LayerTensor) => LayerTensor]>([
    [
      'relu',
      (a, b) =>
        concatenate().apply([
          leakyRelu({ negativeSlope: 0 }).apply(a),
          leakyRelu({ negativeSlope: 0 }).apply(b),
        ]),
    ],
    ['add', (a, b) => add().apply([a, b])],
    ['maximum', (a, b) => maximum().apply([a, b])],
    ['average', (a, b) => average().apply([a, b])],
    ['bilinear', (a, b) => upSampling2d({ interpolation: 'bilinear' }).apply(concatenate().apply([a, b]))],
    ['averagePool2d', (a, b) => averagePool2d().apply(concatenate().apply([a, b]))],
  ])('are not calculated of bytes, which are scaled before: %s', async (_name, path) => {
    const one = await lookedUp(path);
    const half = Int32Array.from(words, (value) => value >> 1);
    await one.predict([half, half]);
    const bytes = one.predict([Uint8Array.from(half), Uint8Array.from(half)]);
    await expect(bytes).rejects.toThrow(ArgumentError);
    await expect(bytes).rejects.toThrow(
      /input 0 of data set .* holds bytes, and .*gather looks up an index .* Pass an Int32Array/,
    );
    one.destroy();
  });

  it('may be learnt: what is calculated of bytes with weights, or asked of them, is no index of theirs', () => {
    const x = ops.input('x', [2, 3]);
    const table = ops.read(new Variable({ name: 't', shape: [5, 2], initialize: () => {} }));
    const weight = ops.read(new Variable({ name: 'w', shape: [3, 5], initialize: () => {} }));
    const nearest = ops.gather(table, ops.argmax(ops.matmul(x, weight)));
    const rounded = ops.gather(table, ops.cast(ops.matmul(x, weight), 'i32'));
    const bright = ops.gather(table, ops.cast(ops.greater(x, 0.5), 'i32'));
    expect(usesOf([x], [nearest, rounded, bright])).toEqual([{ numbers: true }]);
    const floored = ops.gather(table, ops.cast(ops.floor(ops.scale(x, 5)), 'i32'));
    expect(usesOf([x], [floored])).toEqual([{ numbers: true, picks: 'gather' }]);
  });

  it('may be one column of several, of which the others are numbers', () => {
    const x = ops.input('x', [2, 3]);
    const table = ops.read(new Variable({ name: 't', shape: [5, 2], initialize: () => {} }));
    const column = (from: number, size: number) => ops.slice(x, [0, from], [2, size]);
    const looked = ops.gather(table, ops.cast(column(0, 1), 'i32'));
    expect(usesOf([x], [looked])).toEqual([{ numbers: false, choices: 5 }]);
    expect(usesOf([x], [looked, ops.square(column(1, 2))])).toEqual([
      { numbers: true, choices: 5, mixed: true },
    ]);
    expect(usesOf([x], [looked, ops.gather(table, ops.cast(x, 'i32')), ops.square(x)])).toEqual([
      { numbers: true, choices: 5 },
    ]);
  });

  it('in a column are trained on beside numbers, by their own step', async () => {
    const table = new Variable({ name: 't', shape: [5, 1], initialize: (values) => values.fill(1) });
    const data = dataset({ x: [[3, 0.5], [4, -7]], y: [1, 2], inputShape: [2], targetShape: [1] }); // prettier-ignore
    const run = train(
      data,
      (_g, { x, y }) => {
        const column = (from: number) => ops.slice(x, [0, from], [x.shape[0], 1]);
        const found = ops.gather(ops.read(table), ops.cast(ops.reshape(column(0), [-1]), 'i32'));
        const loss = ops.reduceMean(ops.square(ops.subtract(ops.multiply(found, column(1)), y)), {
          axes: [1],
        });
        return { losses: { loss }, minimize: { loss, variables: [table], optimizer: adam() } };
      },
      { gpu: await testGpu(), batchSize: 2 },
    );
    expect((await run).epochs[0].loss).toBeCloseTo((0.25 + 81) / 2, 4);
    run.destroy();
  });

  it('come as bytes to a step of train, too, and to its validation', async () => {
    const gpu = await testGpu();
    const run = async (kind: (values: number[]) => Values) => {
      const table = new Variable({
        name: 'table',
        shape: [5, 1],
        initialize: (values) => values.forEach((_, i) => (values[i] = i)),
      });
      const data = dataset({
        x: kind(words),
        y: words.map((word) => word + 1),
        inputShape: [1],
        targetShape: [1],
      });
      const own = train(
        data,
        (_g, { x, y }) => {
          const found = ops.gather(ops.read(table), ops.cast(ops.reshape(x, [-1]), 'i32'));
          const loss = ops.reduceMean(ops.square(ops.subtract(found, y)), { axes: [1] });
          return { losses: { loss }, minimize: { loss, variables: [table], optimizer: adam() } };
        },
        { gpu, epochs: 1, batchSize: 4, validationData: streamed(() => [data]) },
      );
      const { epochs } = await own;
      own.destroy();
      return epochs;
    };
    const bytes = await run((values) => Uint8Array.from(values));
    expect(bytes[0].loss).toBeCloseTo(1, 2);
    expect(bytes).toEqual(await run((values) => Int32Array.from(values)));
  });
});

describe('targets of a binary cross-entropy', () => {
  const compiled = async (loss: LossSpec, units = 1, activation?: 'sigmoid', scaling = {}) =>
    sequential([dense({ units, activation })], { inputShape: [1], name: 'two' }).compile({
      gpu: await testGpu(),
      optimizer: 'sgd',
      loss,
      ...scaling,
    });
  const set = (y: Values): Dataset => dataset({ name: 'marks', x: [0, 1, 2, 3], y, inputShape: [1] });

  it.each<[string, LossSpec, 'sigmoid' | undefined]>([
    ['binaryCrossEntropyWithLogits', 'binaryCrossEntropyWithLogits', undefined],
    ['binaryCrossentropy', 'binaryCrossentropy', 'sigmoid'],
    ['fromLogits', (p, t) => losses.binaryCrossentropy(p, t, { fromLogits: true }), undefined],
    ['smooth', (p, t) => losses.binaryCrossentropy(p, t, { labelSmoothing: 0.1 }), 'sigmoid'],
  ])(
    'are labels 0 and 1 or numbers between, to fit, to evaluate, as validation and in streams: %s',
    async (_name, loss, last) => {
      const one = await compiled(loss, 1, last);
      for (const fine of [
        Uint8Array.of(0, 1, 1, 0),
        Int32Array.of(0, 1, 1, 0),
        Float32Array.of(0, 0.5, 1, 0.1),
      ]) {
        expect((await one.fit(set(fine))).epochs[0].loss).toBeGreaterThan(0);
      }
      for (const [wrong, found] of [
        [Uint8Array.of(0, 2, 2, 0), /two: target 2 of sample 1 of data set '.*' is not a probability/],
        [Int32Array.of(-1, 1, 1, -1), /target -1 of sample 0/],
        [Float32Array.of(0, 1, 1, 1.5), /target 1.5 of sample 3 .*Number the labels 0 and 1/],
      ] as const) {
        const good = set(Uint8Array.of(0, 1, 1, 0));
        const stream = () => streamed(() => [{ x: [0, 1, 2, 3], y: wrong }], { inputShape: [1] });
        for (const use of [
          () => one.fit(set(wrong)),
          () => one.evaluate(set(wrong)),
          () => one.fit(good, { validationData: set(wrong) }),
          () => one.fit(stream()),
          () => one.evaluate(stream()),
          () => one.fit(good, { validationData: stream() }),
        ]) {
          const used = Promise.resolve(use());
          await expect(used).rejects.toThrow(ArgumentError);
          await expect(used).rejects.toThrow(found);
        }
      }
      one.destroy();
    },
  );

  it('may be a column beside targets of another loss', async () => {
    const one = await compiled((p, t) => {
      const column = (from: number) => (all: Tensor) => ops.slice(all, [0, from], [all.shape[0], 1]);
      const [first, second] = [column(0), column(1)];
      return ops.add(
        losses.binaryCrossEntropyWithLogits(first(p), first(t)),
        losses.meanSquaredError(second(p), second(t)),
      );
    }, 2);
    const targets = Float32Array.of(0, -9, 1, 7, 1, 0.5, 0, 3);
    const { epochs } = await one.fit(
      dataset({ x: [0, 1, 2, 3], y: targets, inputShape: [1], targetShape: [2] }),
    );
    expect(epochs[0].loss).toBeGreaterThan(0);
    one.destroy();
  });

  it('may be what a loss makes of them', async () => {
    const one = await compiled((p, t) =>
      losses.binaryCrossEntropyWithLogits(p, ops.shift(ops.scale(ops.cast(t, 'f32'), 0.5), 0.5)),
    );
    await one.fit(set(Int32Array.of(-1, 1, 1, -1)));
    await expect(one.fit(set(Int32Array.of(-1, 1, 2, -1)))).rejects.toThrow(
      /target 2 of sample 2 .* numbers from -1 to 1/,
    );
    one.destroy();
  });

  it('are what bytes become', async () => {
    const images = selfTargets(
      dataset({ name: 'images', x: Uint8Array.of(0, 255), y: [0, 1], inputShape: [1] }),
    );
    const shares = await compiled('binaryCrossentropy', 1, 'sigmoid');
    await shares.fit(images);
    shares.destroy();
    const centred = await compiled('binaryCrossentropy', 1, 'sigmoid', {
      inputScale: 2 / 255,
      inputOffset: -1,
    });
    await expect(centred.fit(images)).rejects.toThrow(
      /target byte 0, which becomes -1, of sample 0 .* Choose an inputScale and inputOffset/,
    );
    centred.destroy();
  });

  it('are checked in a step of train', async () => {
    const weight = new Variable({ name: 'w', shape: [1, 1], initialize: (values) => values.fill(0) });
    const own = train(
      set(Uint8Array.of(0, 1, 2, 0)),
      (_g, { x, y }) => {
        const loss = losses.binaryCrossEntropyWithLogits(ops.matmul(x, ops.read(weight)), y!);
        return { losses: { loss }, minimize: { loss, variables: [weight], optimizer: adam() } };
      },
      { gpu: await testGpu() },
    );
    await expect(own).rejects.toThrow(/step: target 2 of sample 2 of data set 'marks' is not a probability/);
    own.destroy();
  });
});
