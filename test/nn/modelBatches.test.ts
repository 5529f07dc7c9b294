import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  DeviceLostError,
  InterruptedError,
  NumericError,
  ShapeError,
} from '../../src/errors.ts';
import {
  adam,
  batchNormalization,
  dataset,
  dense,
  dropout,
  model,
  modelInput,
  sequential,
  sgd,
  take,
} from '../../src/index.ts';
import type { Dataset, Model } from '../../src/index.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { clusters, compiledTiny, ownGpu, tinyModel, weightsOf } from './modelFixtures.ts';

type Kind = new (...args: never[]) => Error;

const data = clusters(24);
const batchesOf = (own: Dataset, size: number) =>
  Array.from({ length: Math.ceil(own.size / size) }, (_, i) =>
    take(own, i * size, Math.min(own.size, (i + 1) * size)),
  );
const xOf = ({ x, size }: Dataset) => (x.data as Float32Array).slice(0, 2 * size);

/** With all that depends on the number of the step: dropout, moments, a schedule, statistics. */
const random = async (seed = 3): Promise<Model> =>
  sequential(
    [dense({ units: 6, activation: 'tanh' }), batchNormalization(), dropout(0.3), dense({ units: 3 })],
    {
      inputShape: [2],
      name: 'random',
      seed,
    },
  ).compile({
    gpu: await testGpu(),
    optimizer: adam({ learningRate: 0.05, ema: { decay: 0.9 } }),
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
  });

describe('trainOnBatch', () => {
  it('batch by batch is fit, bit by bit, in any sizes, in any turns with it', async () => {
    const whole = await random();
    const history = await whole.fit(data, { batchSize: 10, shuffle: false, epochs: 2 });
    const parts = await random();
    const values = [];
    for (const batch of [...batchesOf(data, 10), ...batchesOf(data, 10)]) {
      const { x, y } = batch;
      values.push(await parts.trainOnBatch(x.data, y.data));
    }
    const plain = (own: readonly { loss: number; accuracy?: number; step: number }[]) =>
      own.map(({ step, loss, accuracy }) => ({ step, loss, accuracy }));
    expect(plain(values)).toEqual(plain(history.steps));
    expect(await weightsOf(parts)).toEqual(await weightsOf(whole));
    expect([parts.step, parts.epoch]).toEqual([6, 0]);
    // Then a fit goes on with the state of both, and batches after it.
    for (const own of [whole, parts]) {
      await own.fit(data, { batchSize: 24, shuffle: false, epochs: 1 });
      await own.trainOnBatch(data);
    }
    expect(await weightsOf(parts)).toEqual(await weightsOf(whole));
    const again = await random();
    again.load(await parts.save());
    await parts.trainOnBatch(data);
    await again.trainOnBatch(data);
    expect(again.step).toBe(9);
    expect(await weightsOf(again)).toEqual(await weightsOf(parts));
    for (const own of [whole, parts, again]) own.destroy();
  });

  it('weights samples and classes as fit does', async () => {
    const weights = Float32Array.from({ length: 24 }, (_, i) => (i % 5) / 2);
    const classWeight = { 0: 1, 2: 3 };
    const fitted = await compiledTiny();
    const { steps } = await fitted.fit(
      dataset({ x: data.x.data as Float32Array, y: data.y.data as Uint8Array, inputShape: [2], weights }),
      { batchSize: 24, classWeight },
    );
    const own = await compiledTiny();
    const nested = Array.from({ length: 24 }, (_, i) => xOf(data).slice(2 * i, 2 * i + 2));
    const { loss } = await own.trainOnBatch(nested, [...data.y.data], {
      sampleWeight: [...weights],
      classWeight,
    });
    expect(loss).toBeCloseTo(steps[0].loss, 6);
    // The order of the samples is another one.
    const expected = await weightsOf(fitted);
    (await weightsOf(own)).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
    const { loss: plain } = await own.testOnBatch(data);
    expect(plain).toBeCloseTo((await own.evaluate(data)).loss, 6);
    const { loss: weighted } = await own.testOnBatch(xOf(data), data.y.data, { sampleWeight: weights });
    expect(Math.abs(weighted - plain)).toBeGreaterThan(1e-3);
    expect(await own.predictOnBatch(xOf(data))).toEqual(await own.predict(data));
    fitted.destroy();
    own.destroy();
  });

  it('takes one-hot rows, several inputs and several outputs', async () => {
    const [a, b] = [modelInput({ shape: [2] }), modelInput({ shape: [3] })];
    const outputs = [dense({ units: 3, name: 'kind' }).apply(a), dense({ units: 2, name: 'place' }).apply(b)];
    const both = await model({ inputs: [a, b], outputs }).compile({
      gpu: await testGpu(),
      optimizer: sgd(),
      loss: { kind: 'softmaxCrossEntropy', place: 'meanSquaredError' },
    });
    const first = await both.trainOnBatch(
      [new Float32Array(8), new Float32Array(12)],
      [new Uint8Array([0, 1, 2, 0]), new Float32Array(8)],
    );
    expect(first).toEqual({
      epoch: 0,
      step: 0,
      loss: expect.closeTo(Math.log(3), 5),
      kindLoss: expect.closeTo(Math.log(3), 5),
      placeLoss: 0,
    });
    expect(await both.predictOnBatch([new Float32Array(4), new Float32Array(6)])).toHaveLength(6);
    both.destroy();
    const tiny = await compiledTiny();
    const rows = new Float32Array([1, 0, 0, 0, 1, 0]);
    const { loss } = await tiny.testOnBatch(new Float32Array(4), rows);
    expect(loss).toBeCloseTo((await tiny.testOnBatch(new Float32Array(4), new Uint8Array([0, 1]))).loss, 6);
    tiny.destroy();
  });

  it('calls at the same time come one after the other; others wait or are refused', async () => {
    const own = await compiledTiny();
    const other = await compiledTiny();
    const batches = batchesOf(data, 8);
    const all = Promise.all(batches.map((batch) => own.trainOnBatch(batch)));
    expect(() => own.fit(data)).toThrow(/fit was called while the model is trained on a batch/);
    expect(() => own.load(new Uint8Array())).toThrow(ArgumentError);
    await expect(own.setWeights([])).rejects.toThrow(/setWeights was called while the model is trained/);
    expect((await all).map(({ step }) => step)).toEqual([0, 1, 2]);
    for (const batch of batches) await other.trainOnBatch(batch);
    expect(await weightsOf(own)).toEqual(await weightsOf(other));
    const fit = own.fit(data, { epochs: 2 });
    await expect(own.trainOnBatch(data)).rejects.toThrow(
      /trainOnBatch was called while the model is being trained/,
    );
    await fit;
    const ended = own.trainOnBatch(data);
    own.destroy();
    await expect(ended).rejects.toThrow(InterruptedError);
    const averaged = await random();
    await averaged.useAveragedWeights(async () => {
      await expect(averaged.trainOnBatch(data)).rejects.toThrow(/while averaged weights are in use/);
      await expect(averaged.setWeights({})).rejects.toThrow(/while averaged weights are in use/);
    });
    averaged.destroy();
    other.destroy();
  });

  it('a step that is not finite is not made, and the next one is', async () => {
    const own = await compiledTiny({ optimizer: sgd({ learningRate: 3e38 }) });
    let error: unknown;
    for (let i = 0; i < 5 && !error; i++)
      error = await own
        .trainOnBatch(data)
        .catch((reason: unknown) => reason)
        .then((value) => (value instanceof Error ? value : undefined));
    expect(error).toBeInstanceOf(NumericError);
    const { step } = own;
    const weights = await weightsOf(own);
    expect(weights.every(Number.isFinite)).toBe(true);
    own.learningRate = 0;
    const initial = await compiledTiny();
    await own.setWeights(await initial.getWeights());
    expect((await own.trainOnBatch(data)).step).toBe(step);
    expect(own.step).toBe(step + 1);
    own.destroy();
    initial.destroy();
  });

  it('ends with the loss of the GPU, and goes on after load on another', async () => {
    const { gpu, counted, real } = await ownGpu();
    const own = await compiledTiny({ gpu });
    await own.trainOnBatch(data);
    const bytes = await own.save();
    let calls = 0;
    counted.watch(() => void (calls++ === 3 && real.destroy()));
    await expect(own.trainOnBatch(data)).rejects.toThrow(DeviceLostError);
    await expect(own.trainOnBatch(data)).rejects.toThrow(DeviceLostError);
    await expect(own.getWeights()).rejects.toThrow(DeviceLostError);
    await expect(own.resetWeights()).rejects.toThrow(DeviceLostError);
    const next = await ownGpu();
    await own.compile({
      gpu: next.gpu,
      optimizer: adam({ learningRate: 0.02 }),
      loss: 'softmaxCrossEntropy',
      metrics: ['accuracy'],
    });
    own.load(bytes);
    expect((await own.trainOnBatch(data)).step).toBe(1);
    const whole = await compiledTiny();
    for (let i = 0; i < 2; i++) await whole.trainOnBatch(data);
    expect(await weightsOf(own)).toEqual(await weightsOf(whole));
    whole.destroy();
    own.destroy();
    expect(gpu.device.liveBuffers).toBe(0);
    await expect.poll(() => next.gpu.device.liveBuffers).toBe(0);
    next.gpu.destroy();
  });

  it('frees all its memory', async () => {
    const { gpu } = await ownGpu();
    const own = await tinyModel().compile({ gpu, optimizer: sgd(), loss: 'softmaxCrossEntropy' });
    for (let size = 1; size < 9; size++) await own.trainOnBatch(take(data, 0, size));
    for (let kind = 0; kind < 6; kind++)
      await own.trainOnBatch(data, undefined, { classWeight: { 0: kind } });
    await own.testOnBatch(data);
    own.destroy();
    await expect.poll(() => gpu.device.liveBuffers).toBe(0);
    gpu.destroy();
  });

  it('says what is wrong', async () => {
    const own = await compiledTiny();
    const x = new Float32Array(8);
    const y = new Uint8Array(4);
    const wrong: [unknown[], RegExp, Kind?][] = [
      [[x], /trainOnBatch: y is undefined; give the values/],
      [[3, y], /x is 3/],
      [[data, y], /was given a data set, which has targets/],
      [[new Float32Array(9), y], /holds? .*samples|not a multiple/, ShapeError],
      [[x, new Uint8Array(5)], /y/, ShapeError],
      [[x, new Uint8Array([0, 1, 2, 3])], /label 3/],
      [[x, y, { sampleWeight: [1] }], /weights must be one weight for each of the 4/, ShapeError],
      [[x, y, { sampleWeights: [1] }], /did you mean "sampleWeight"/],
      [[x, y, { classWeight: { 7: 1 } }], /class 7, which does not exist/],
      [[new Float32Array([NaN, ...x.slice(1)]), y], /x\[0\].* is NaN/, NumericError],
    ];
    for (const [args, text, kind = ArgumentError] of wrong) {
      const run = (own.trainOnBatch as (...all: unknown[]) => Promise<unknown>).apply(own, args);
      await expect(run).rejects.toThrow(text);
      await expect(run).rejects.toBeInstanceOf(kind);
    }
    expect(own.step).toBe(0);
    const predicts = await tinyModel().compile({ gpu: await testGpu() });
    await expect(predicts.trainOnBatch(x, y)).rejects.toThrow(/without an optimizer/);
    await expect(predicts.testOnBatch(x, y)).rejects.toThrow(/without a loss/);
    predicts.destroy();
    own.destroy();
  });
});

describe('weights', () => {
  it('are the averages while these are in use', async () => {
    const own = await random();
    await own.fit(data, { epochs: 2 });
    const before = await own.getWeights();
    const [averages, one, predicted] = await own.useAveragedWeights(() =>
      Promise.all([own.getWeights(), own.getWeights(0), own.predict(data)]),
    );
    expect(averages).not.toEqual(before);
    expect(one).toEqual(averages.slice(0, one.length));
    expect(await own.getWeights()).toEqual(before);
    await own.setWeights(averages);
    expect(await own.predict(data)).toEqual(predicted);
    own.destroy();
  });

  it('are read in Keras’s order, and written back', async () => {
    const own = await random();
    await own.fit(data, { epochs: 2 });
    const values = await own.getWeights();
    expect(own.weightNames).toEqual([
      'dense.weight',
      'dense.bias',
      'batchNormalization.gamma',
      'batchNormalization.beta',
      'batchNormalization.movingMean',
      'batchNormalization.movingVariance',
      'dense_1.weight',
      'dense_1.bias',
    ]);
    expect(values.map(({ length }) => length)).toEqual([12, 6, 6, 6, 6, 6, 18, 3]);
    expect(await own.getWeights('dense_1')).toEqual(values.slice(6));
    expect(await own.getWeights(1)).toEqual(values.slice(2, 6));
    const other = await random(8);
    const before = await weightsOf(other);
    await other.setWeights(values);
    expect(await weightsOf(other)).toEqual(await weightsOf(own));
    expect(await other.predict(data)).toEqual(await own.predict(data));
    await other.useAveragedWeights(async () =>
      expect((await other.predict(data))[0]).toBe((await own.predict(data))[0]),
    );
    // By name, in nested arrays, of a layer.
    await other.setWeights({
      'dense_1.bias': [1, 2, 3],
      'dense.weight': [[1, 2, 3, 4, 5, 6], new Float32Array(6)],
    });
    expect(await other.getWeights(3)).toEqual([values[6], new Float32Array([1, 2, 3])]);
    expect((await other.getWeights(0))[0]).toEqual(new Float32Array([1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0]));
    await other.setWeights([values[0], values[1]], 'dense');
    expect(await other.getWeights(0)).toEqual(values.slice(0, 2));
    // What was given is copied.
    values[0].fill(9);
    expect((await other.getWeights(0))[0]).not.toEqual(values[0]);
    await other.resetWeights();
    expect(await weightsOf(other)).toEqual(before);
    own.destroy();
    other.destroy();
  });

  it('are checked', async () => {
    const own = await compiledTiny();
    const before = await weightsOf(own);
    const [weight, bias, ...rest] = await own.getWeights();
    const wrong: [unknown, RegExp, Kind?][] = [
      [[weight, bias], /was given 2 arrays, but there are 4 weights: dense.weight, dense.bias/],
      [weight, /takes a list of arrays .*, but was given/],
      [undefined, /but was given undefined/],
      [{ 'dense.wieght': weight }, /no weight "dense.wieght"; did you mean "dense.weight"\?/],
      [{ 'dense.bias': 3 }, /dense.bias is 3; give its values/],
      [
        [weight, weight, ...rest],
        /dense.bias has 16 values, but its shape is \[8\], of 8 values/,
        ShapeError,
      ],
      [
        { 'dense.weight': Array.from({ length: 8 }, () => [1, 2]) },
        /has the shape \[8, 2\] .* but its shape is \[2, 8\]/,
        ShapeError,
      ],
      [{ 'dense.bias': [1, 2, 3, 4, 5, 6, 7, NaN] }, /dense.bias has NaN at element 7/, NumericError],
      [{ 'dense.bias': [1, 2, 3, 4, 5, 6, 7, 1e39] }, /has 1e\+39 at element 7/, NumericError],
    ];
    for (const [values, text, kind = ArgumentError] of wrong) {
      await expect(own.setWeights(values as never)).rejects.toThrow(text);
      await expect(own.setWeights(values as never)).rejects.toBeInstanceOf(kind);
    }
    await expect(own.getWeights('dens')).rejects.toThrow(
      /has no layer "dens"; did you mean "dense"\?; its layers are dense, dense_1, numbered from 0 to 1/,
    );
    expect(() => own.getLayer(2)).toThrow(/has no layer 2; its layers/);
    expect([own.getLayer('dense_1'), own.getLayer(0)]).toEqual([own.layers[1], own.layers[0]]);
    expect(await weightsOf(own)).toEqual(before);
    own.destroy();
  });

  it('random values come back as they went in, whole or in part', async () => {
    const own = await compiledTiny();
    const names = own.weightNames;
    const sizes = [16, 8, 24, 3];
    const value = fc.float({ noNaN: true, noDefaultInfinity: true });
    const some = fc.tuple(
      ...sizes.map((size) =>
        fc.option(fc.array(value, { minLength: size, maxLength: size }), { nil: undefined }),
      ),
    );
    let known = await own.getWeights();
    await fc.assert(
      fc.asyncProperty(some, async (values) => {
        const given = values.flatMap((list, i) =>
          list ? [[names[i], Float32Array.from(list)] as const] : [],
        );
        known = known.map((before, i) => (values[i] ? Float32Array.from(values[i]) : before));
        await own.setWeights(given.length === 4 ? given.map(([, list]) => list) : Object.fromEntries(given));
        expect(await own.getWeights()).toEqual(known);
      }),
      { numRuns: 30, seed: 2 },
    );
    own.destroy();
  });

  it('begin anew with the training', async () => {
    const own = await random();
    const fresh = await weightsOf(own);
    await own.fit(data, { epochs: 2, batchSize: 8 });
    const trained = await weightsOf(own);
    own.learningRate = 1;
    await own.resetWeights();
    expect([own.step, own.epoch, own.learningRate]).toEqual([0, 0, 0.05]);
    expect(await weightsOf(own)).toEqual(fresh);
    await own.fit(data, { epochs: 2, batchSize: 8 });
    expect(await weightsOf(own)).toEqual(trained);
    await own.resetWeights({ seed: 9 });
    const other = await random(9);
    expect(await weightsOf(own)).toEqual(await weightsOf(other));
    for (const both of [own, other]) await both.fit(data, { epochs: 1, batchSize: 8 });
    expect(await weightsOf(own)).toEqual(await weightsOf(other));
    await expect(own.resetWeights({ seed: -1 })).rejects.toThrow(/seed is -1/);
    own.destroy();
    other.destroy();
  });
});
