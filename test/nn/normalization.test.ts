import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { dataset } from '../../src/data/dataset.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import type { Layer } from '../../src/nn/layers/layer.ts';
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
} from '../../src/nn/layers/normalization.ts';
import { activation } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { square } from '../../src/ops/elementwise/elementwise.ts';
import { input, read } from '../../src/ops/core/leaves.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { array, full, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { moments } from '../reference/reduce.ts';
import {
  normalizeOver,
  normalizeOverGrad,
  normalizeWith,
  runningUpdate,
} from '../reference/normalization.ts';
import type { Over } from '../reference/normalization.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';

const random01 = (data: Float32Array) => data.forEach((_, i) => (data[i] = 0.5 + ((i * 7) % 5) / 4));
const weights = { gammaInitializer: random01, betaInitializer: random01 };
const values = (channels: number) =>
  array([channels], Array.from({ length: channels }, (_, i) => 0.5 + ((i * 7) % 5) / 4)); // prettier-ignore
const batchAxes = (x: Array64) => x.shape.map((_, axis) => axis).slice(0, -1);
const modelOf = (layer: Layer, x: Array64) => sequential([layer], { inputShape: x.shape.slice(1) });

/** Steps of a program that calls the model on each of `batches`, all in one step; the outputs of the last step. */
async function steps(
  model: ReturnType<typeof sequential>,
  batches: Array64[],
  { training = true, count = 1 } = {},
) {
  const gpu = await testGpu();
  const tensors = batches.map(({ shape }, i) => input(`x ${i}`, shape));
  const program = await gpu.compile(() =>
    Object.fromEntries(tensors.map((x, i) => [`y ${i}`, model.call(x, { training })])),
  );
  tensors.forEach((x, i) => program.write(x, Float32Array.from(batches[i].data)));
  for (let step = 0; step < count; step++) await program.step();
  await program.finish();
  const outputs: Array64[] = [];
  for (const [i, { shape }] of tensors.entries()) {
    outputs.push(array(shape, Float64Array.from(await program.read(`y ${i}`))));
  }
  program.destroy();
  const moving: Record<string, Float32Array> = {};
  for (const variable of model.variables) {
    moving[variable.name.replace(/^.*\./, '')] = await gpu.variables.read(variable);
  }
  return { outputs, moving, labels: program.commands.map(({ label }) => label) };
}

describe('batchNormalization', () => {
  it('has γ and β to train, and moving statistics to keep', () => {
    const model = modelOf(batchNormalization({ name: 'norm' }), random(1, [2, 3, 3, 5]));
    expect(model.variables.map(({ name, shape }) => [name, ...shape])).toEqual([
      ['norm.gamma', 5],
      ['norm.beta', 5],
      ['norm.movingMean', 5],
      ['norm.movingVariance', 5],
    ]);
    expect(model.trainableVariables.map(({ name }) => name)).toEqual(['norm.gamma', 'norm.beta']);
    expect(modelOf(batchNormalization({ scale: false, center: false }), random(1, [2, 5])).parameters).toBe(
      10,
    );
  });

  it.each([[[7, 5]], [[4, 3, 5, 8]], [[3, 6, 4]], [[2, 2, 3, 2, 3]], [[5, 1]]])(
    'in training, of %j: the statistics of the batch; moving ones follow',
    async (shape) => {
      const x = random(1, shape, -1, 3);
      const own = values(shape.at(-1)!);
      const model = modelOf(batchNormalization({ momentum: 0.8, ...weights }), x);
      const { outputs, moving } = await steps(model, [x], { count: 3 });
      expect(outputs[0]).toBeAllClose(normalizeOver(x, own, own, 'batch').y);
      const { mean, variance } = moments(x, { axes: batchAxes(x) });
      let [m, v] = [full(mean.shape, 0), full(mean.shape, 1)];
      for (let i = 0; i < 3; i++) {
        m = runningUpdate(m, mean, 0.8);
        v = runningUpdate(v, variance, 0.8);
      }
      expect(moving.movingMean).toBeAllClose(m.data);
      expect(moving.movingVariance).toBeAllClose(v.data);

      const test = random(2, shape);
      const inference = await steps(model, [test], { training: false });
      expect(inference.outputs[0]).toBeAllClose(normalizeWith(test, m, v, own, own));
      expect(inference.moving.movingMean).toEqual(moving.movingMean);
    },
  );

  it('called twice in a step, follows one batch after the other', async () => {
    const [real, fake] = [random(1, [6, 3]), random(2, [9, 3], 4, 5)];
    const model = modelOf(batchNormalization({ momentum: 0.5 }), real);
    const { outputs, moving } = await steps(model, [real, fake], { count: 2 });
    const [ones, zeros] = [full([3], 1), full([3], 0)];
    expect(outputs[0]).toBeAllClose(normalizeOver(real, ones, zeros, 'batch').y);
    expect(outputs[1]).toBeAllClose(normalizeOver(fake, ones, zeros, 'batch').y);
    const of = (x: Array64) => moments(x, { axes: [0] });
    let [m, v] = [zeros, ones];
    for (const batch of [real, fake, real, fake]) {
      m = runningUpdate(m, of(batch).mean, 0.5);
      v = runningUpdate(v, of(batch).variance, 0.5);
    }
    expect(moving.movingMean).toBeAllClose(m.data);
    expect(moving.movingVariance).toBeAllClose(v.data);
  });

  it('frozen, keeps to its moving statistics in training', async () => {
    const x = random(3, [5, 4], 2, 3);
    const layer = batchNormalization({ movingMeanInitializer: random01 });
    const model = modelOf(layer, x);
    layer.trainable = false;
    const { outputs, moving, labels } = await steps(model, [x], { count: 2 });
    const [ones, zeros] = [full([4], 1), full([4], 0)];
    expect(outputs[0]).toBeAllClose(normalizeWith(x, values(4), ones, ones, zeros));
    expect(moving.movingMean).toBeAllClose(values(4).data);
    expect(labels.length).toBe(2);
    layer.trainable = true;
    expect((await steps(model, [x])).outputs[0]).toBeAllClose(normalizeOver(x, ones, zeros, 'batch').y);
  });

  it('takes one dispatch for its moving statistics', async () => {
    const { labels } = await steps(modelOf(batchNormalization(), random(1, [4, 8])), [random(1, [4, 8])]);
    expect(labels).toEqual([
      'batchNormalization/normalize.statistics',
      'batchNormalization/normalize.apply',
      'batchNormalization/normalize/movingStatistics',
    ]);
  });

  it('its gradient flows through the statistics in training, and not otherwise', async () => {
    const x = random(4, [6, 3], -2, 2);
    const own = values(3);
    const loss = (y: Tensor) => reduceSum(square(y));
    const build = (training: boolean) => {
      const model = modelOf(batchNormalization(weights), x);
      const [gamma, beta] = model.trainableVariables;
      return (t: Tensor) =>
        gradients(loss(model.call(t, { training })), [t, read(gamma), read(beta)]) as Tensor[];
    };
    const { y } = normalizeOver(x, own, own, 'batch');
    const { dx, dgamma, dbeta } = normalizeOverGrad(
      x,
      own,
      map(y, (value) => 2 * value),
      'batch',
    );
    const found = await evaluate(build(true), [x]);
    [dx, dgamma, dbeta].forEach((expected, i) =>
      expect(found[i]).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-4 }),
    );
    const [plain] = await evaluate(build(false), [x]);
    const factor = 1 / Math.sqrt(1 + 1e-3);
    const expected = map(x, (value, i) => 2 * own.data[i % 3] * factor * (own.data[i % 3] * value * factor + own.data[i % 3])); // prettier-ignore
    expect(plain).toBeAllClose(expected);
  });

  it('trains in a model, is saved with it and goes on to the bit', async () => {
    const gpu = await testGpu();
    const x = random(5, [64, 6], 3, 9);
    const labels = Int32Array.from({ length: 64 }, (_, i) => Number(x.data[6 * i] > 6));
    const data = dataset({ x: Float32Array.from(x.data), y: labels, inputShape: [6] });
    const build = async () => {
      const layers = [dense({ units: 8 }), batchNormalization({ momentum: 0.7 }), activation('leakyRelu'), dense({ units: 2 })]; // prettier-ignore
      const model = sequential(layers, { inputShape: [6], seed: 3 });
      await model.compile({
        gpu,
        optimizer: adam({ learningRate: 0.03 }),
        loss: 'softmaxCrossEntropy',
        metrics: ['accuracy'],
      });
      return model;
    };
    const model = await build();
    const options = { batchSize: 32, epochs: 20 };
    await model.fit(data, options);
    const bytes = await model.save();
    const [once, again] = [await model.evaluate(data), await build()];
    expect(once.accuracy).toBeGreaterThan(0.9);
    again.load(bytes);
    expect(await again.evaluate(data)).toEqual(once);
    await model.fit(data, { batchSize: 32, epochs: 1 });
    await again.fit(data, { batchSize: 32, epochs: 1 });
    for (const [i, variable] of model.variables.entries()) {
      expect(await gpu.variables.read(again.variables[i])).toEqual(await gpu.variables.read(variable));
    }
    model.destroy();
    again.destroy();
  });

  it('refuses a momentum out of range, an ε of 0 and a sample without dimensions', () => {
    expect(() => batchNormalization({ momentum: 1.5 })).toThrow(ArgumentError);
    expect(() => batchNormalization({ momentum: NaN })).toThrow(ArgumentError);
    expect(() => batchNormalization({ epsilon: 0 })).toThrow(ArgumentError);
    expect(() => modelOf(batchNormalization(), random(1, [3]))).toThrow(ShapeError);
  });
});

describe.each([
  { name: 'layerNormalization', make: layerNormalization, over: 'layer', shape: [3, 5] },
  { name: 'layerNormalization', make: layerNormalization, over: 'layer', shape: [2, 3, 3, 8] },
  { name: 'instanceNormalization', make: instanceNormalization, over: 'instance', shape: [2, 4, 3, 5] },
  {
    name: 'groupNormalization',
    make: (options: object) => groupNormalization({ groups: 2, ...options }),
    over: 'group',
    shape: [2, 4, 3, 6],
  },
] as const)('$name of $shape', ({ name, make, over, shape }) => {
  const x = random(6, [...shape], -1, 4);
  const own = values(shape.at(-1)!);

  it.each([true, false])('is the same with training %s', async (training) => {
    const model = modelOf(make({ ...weights }), x);
    expect(model.variables.map((variable) => variable.name)).toEqual([`${name}.gamma`, `${name}.beta`]);
    const { outputs } = await steps(model, [x], { training });
    expect(outputs[0]).toBeAllClose(normalizeOver(x, own, own, over as Over, { groups: 2 }).y);
  });

  it('goes without γ and β', async () => {
    const model = modelOf(make({ scale: false, center: false }), x);
    expect(model.parameters).toBe(0);
    const [ones, zeros] = [full(own.shape, 1), full(own.shape, 0)];
    const { outputs } = await steps(model, [x]);
    expect(outputs[0]).toBeAllClose(normalizeOver(x, ones, zeros, over as Over, { groups: 2 }).y);
  });
});

it('groups must divide the channels', () => {
  expect(() => modelOf(groupNormalization(), random(1, [1, 2, 2, 48]))).toThrow(/48 channels.*32/);
  expect(() => groupNormalization({ groups: 0 })).toThrow(ArgumentError);
  expect(() => modelOf(instanceNormalization(), random(1, [2, 4]))).toThrow(ShapeError);
  expect(groupNormalization({ groups: 4 }).describe()).toBe('4 groups');
});

it('a normalization between layers trains γ and β too', async () => {
  const gpu = await testGpu();
  const model = sequential([layerNormalization(), dense({ units: 1 })], { inputShape: [4] });
  const x = input('x', [8, 4]);
  const program = await gpu.compile((g) => {
    const loss = reduceMean(square(model.call(x, { training: true })));
    g.minimize(loss, model.trainableVariables, adam());
    return { loss };
  });
  program.write(x, Float32Array.from(random(7, [8, 4]).data));
  await program.step();
  const [before] = await program.read('loss');
  for (let i = 0; i < 20; i++) await program.step();
  await program.finish();
  expect((await program.read('loss'))[0]).toBeLessThan(before);
  expect([...(await gpu.variables.read(model.variables[0]))]).not.toEqual([1, 1, 1, 1]);
  program.destroy();
});
