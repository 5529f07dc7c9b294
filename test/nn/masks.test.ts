import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { modelFromJSON } from '../../src/nn/json/modelFromJSON.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { elu, relu, softmax } from '../../src/nn/layers/activations.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { globalAveragePool1d } from '../../src/nn/layers/globalPooling.ts';
import type { Layer } from '../../src/nn/layers/layer.ts';
import { masking } from '../../src/nn/layers/masking.ts';
import { add, maximum, multiply as product } from '../../src/nn/layers/merging.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { lambda } from '../../src/nn/layers/reshaping.ts';
import { unitNormalization } from '../../src/nn/layers/scaling.ts';
import { activation, dropout, flatten, reshape } from '../../src/nn/layers/shaping.ts';
import { timeDistributed } from '../../src/nn/layers/timeDistributed.ts';
import { masked, maskOf } from '../../src/nn/masks.ts';
import { model } from '../../src/nn/model.ts';
import type { Model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { constant, input } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { array, at, fromFunction, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { conv2d as convolution } from '../reference/conv2d.ts';
import * as movement from '../reference/movement.ts';
import '../helpers/close.ts';
import { checkGradient, evaluate, testGpu } from '../helpers/evaluate.ts';
import { checkLayer, modelOf } from '../helpers/layer.ts';

/** [3, 4, 2]: two steps of padding in the first sequence, none in the second, all of the third. */
const sequences = map(random(1, [3, 4, 2], 0.5, 1), (value, i) => (i >= 16 || (i >= 4 && i < 8) ? 0 : value));
const counts = [1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0];

const maskAfter = async (network: Model, x: Array64, dtype: 'f32' | 'i32' = 'f32') => {
  let has = true;
  const [mask] = await evaluate(
    (t) => {
      const y = network.call(t);
      has = maskOf(y) !== undefined;
      return maskOf(y) ?? y;
    },
    [x],
    { dtypes: [dtype] },
  );
  return has ? mask : undefined;
};

const chain = (...layers: Layer[]) => sequential(layers, { inputShape: [4, 2] });

describe('masks', () => {
  it('masking leaves out steps of which all values are the one', async () => {
    const kept = ([x]: readonly Array64[]) => map(x, (value, i) => (counts[i >> 1] ? value : 0));
    await checkLayer(masking(), [sequences], kept);
    const network = chain(masking());
    expect(await maskAfter(network, sequences)).toEqual(array([3, 4], counts));
    const halves = map(sequences, (value) => (value === 0 ? 0.5 : value));
    await checkLayer(masking({ maskValue: 0.5 }), [halves], kept);
    const odd = array([1, 2, 2], [NaN, 0, 0, Infinity]);
    const [y] = await evaluate((x) => sequential([masking()], { inputShape: [2, 2] }).call(x), [odd]);
    expect(y.data).toEqual(odd.data);
    expect(() => masking({ maskValue: NaN })).toThrow(ArgumentError);
    expect(() => sequential([masking()], { inputShape: [] })).toThrow(ShapeError);
  });

  it('embedding leaves out index 0 where maskZero says so, in whole numbers and in f32', async () => {
    const words = array([2, 3], [1, 0, 2, 0, 0, 1]);
    const of = (maskZero: boolean, dtype: 'f32' | 'i32') => {
      const x = modelInput({ shape: [3], dtype });
      return model({ inputs: x, outputs: embedding({ inputDim: 3, outputDim: 2, maskZero }).apply(x) });
    };
    const mask = array([2, 3], [1, 0, 1, 0, 0, 1]);
    expect(await maskAfter(of(true, 'i32'), words, 'i32')).toEqual(mask);
    expect(await maskAfter(of(true, 'f32'), words)).toEqual(mask);
    expect(await maskAfter(of(false, 'i32'), words, 'i32')).toBeUndefined();
  });

  it('go through layers that work step by step, and not through others', async () => {
    const passing = [activation('tanh'), dropout(0.5), batchNormalization(), lambda((x) => x, { mask: (_, { mask }) => mask })]; // prettier-ignore
    expect(await maskAfter(chain(masking(), ...passing), sequences)).toEqual(array([3, 4], counts));
    const others = [relu(), elu(), unitNormalization(), softmax()];
    expect(await maskAfter(chain(masking(), ...others), sequences)).toEqual(array([3, 4], counts));
    for (const layer of [lambda((x) => x), flatten(), reshape([4, 2]), reshape([2, 4])]) {
      const network = chain(masking(), layer);
      expect(await maskAfter(network, sequences)).toBeUndefined();
    }
  });

  it('have no part in a softmax over steps', async () => {
    const over = async (axis: number | number[]) =>
      (await evaluate((x) => chain(masking(), softmax({ axis })).call(x), [sequences]))[0];
    const e = map(sequences, (value, i) => (counts[i >> 1] ? Math.exp(value) : 0));
    const sum = (sample: number, channel?: number) =>
      e.data.reduce((all, v, i) => all + (i >> 3 === sample && i % 2 === (channel ?? i % 2) ? v : 0), 0) || 1;
    expect(await over(1)).toBeAllClose(map(e, (v, i) => v / sum(i >> 3, i % 2)));
    expect(await over([1, 2])).toBeAllClose(map(e, (v, i) => v / sum(i >> 3)));
  });

  it('stay with the tensor that has them where a layer gives that tensor without', () => {
    const x = masked(input('x', [2, 4]), input('mask', [2, 4]));
    const y = modelOf(flatten(), [random(1, [2, 4])]).call(x); // changes nothing
    expect(maskOf(y)).toBeUndefined();
    expect(maskOf(x)).toBeDefined();
    expect(maskOf(modelOf(dropout(0.5), [random(1, [2, 4])]).call(x))).toBe(maskOf(x));
  });

  it('a dense layer hands on that of samples, too', () => {
    const x = masked(input('x', [2, 4]), input('mask', [2]));
    expect(maskOf(modelOf(dense({ units: 3 }), [random(1, [2, 4])]).call(x))).toBe(maskOf(x));
  });

  it('globalAveragePool1d counts what they leave, forward and backward', async () => {
    const network = chain(masking(), globalAveragePool1d());
    const some = movement.slice(sequences, [0, 0, 0], [2, 4, 2]);
    const [y, gradient] = await evaluate(
      (x) => {
        const mean = network.call(x);
        return [mean, gradients(reduceSum(mean), [x])[0]!];
      },
      [some],
    );
    const steps = [2, 4];
    expect(y).toBeAllClose(
      fromFunction([2, 2], (n, c) => [0, 1, 2, 3].reduce((sum, t) => sum + at(some, n, t, c), 0) / steps[n]),
    );
    expect(gradient).toBeAllClose(map(some, (value, i) => (value === 0 ? 0 : 1 / steps[Math.floor(i / 8)])));
    // what is left out has no part, whatever it is
    const [out] = await evaluate(
      (x, mask) => modelOf(globalAveragePool1d(), [some]).call(masked(x, mask)),
      [map(some, (value) => (value === 0 ? NaN : value)), array([2, 4], counts.slice(0, 8))],
    );
    expect(out).toBeAllClose(y);
    const [none] = await evaluate((x) => network.call(x), [sequences]);
    expect(none.data.slice(4)).toEqual(Float64Array.of(NaN, NaN));
  });

  it('batch normalization takes its statistics of what they leave, while training', async () => {
    const x = random(7, [2, 4, 2]);
    const mask = array([2, 4], counts.slice(0, 8));
    const network = modelOf(batchNormalization(), [x]);
    (await testGpu()).variables.allocate(network.variables, 'masked');
    const build = (t: Tensor, m: Tensor) => network.call(masked(t, m), { training: true });
    const twin = (own: Array64) => {
      const kept = [0, 1].map((c) => [...own.data].filter((_, i) => i % 2 === c && counts[i >> 1]));
      const mean = kept.map((list) => list.reduce((a, b) => a + b, 0) / list.length);
      const variance = kept.map((list, c) => list.reduce((a, b) => a + (b - mean[c]) ** 2, 0) / list.length);
      return map(own, (v, i) => (v - mean[i % 2]) / Math.sqrt(variance[i % 2] + 1e-3));
    };
    const [y] = await evaluate(build, [x, mask]);
    expect(y).toBeAllClose(twin(x));
    await checkGradient(build, [x, mask], { reference: twin, wrt: [0] });
  });

  it('merging layers join them, and three branches, too', async () => {
    const [a, b, c] = [random(2, [1, 3, 2]), random(3, [1, 3, 2]), random(4, [1, 3, 2])];
    const masks = [[1, 0, 0], [1, 1, 0], [0, 1, 0]]; // prettier-ignore
    const run = async (layer: Layer) => {
      const network = modelOf(layer, [a, b, c]);
      const call = (...tensors: Tensor[]) => {
        tensors.forEach((x, i) => masked(x, constant(Float32Array.from(masks[i]), [1, 3])));
        const y = network.call(tensors);
        return [y, maskOf(y)!];
      };
      return evaluate(call, [a, b, c]);
    };
    const [sum, mask] = await run(add());
    expect(sum).toBeAllClose(map(a, (v, i) => v + b.data[i] + c.data[i]));
    expect([...mask.data]).toEqual([1, 1, 0]);
    const left = (i: number, otherwise: number) => [a, b, c].map(({ data }, k) => (masks[k][i >> 1] ? data[i] : otherwise)); // prettier-ignore
    const [times] = await run(product());
    expect(times).toBeAllClose(map(a, (_, i) => (i < 4 ? left(i, 1).reduce((x, y) => x * y) : 0)));
    const [largest] = await run(maximum());
    expect(movement.slice(largest, [0, 0, 0], [1, 2, 2])).toBeAllClose(
      fromFunction([1, 2, 2], (_, t, k) => Math.max(...left(2 * t + k, -Infinity))),
    );
  });

  it('are there in training: padding at the end changes nothing', async () => {
    const losses = [];
    for (const width of [3, 6]) {
      const x = modelInput({ shape: [width], dtype: 'i32' });
      const words = embedding({ inputDim: 5, outputDim: 4, maskZero: true }).apply(x);
      const mean = globalAveragePool1d().apply(batchNormalization().apply(words));
      const network = model({ inputs: x, outputs: dense({ units: 2 }).apply(mean), seed: 3 });
      await network.compile({ gpu: await testGpu(), optimizer: 'sgd', loss: 'softmaxCrossEntropy' });
      const texts = [[1, 2, 3], [4, 0, 0], [2, 2, 0], [3, 4, 1]]; // prettier-ignore
      const padded = texts.map((own) => Int32Array.from({ length: width }, (_, i) => own[i] ?? 0));
      const data = dataset({ x: padded, y: [0, 1, 0, 1], inputShape: [width] });
      const { epochs } = await network.fit(data, { epochs: 3, batchSize: 4 });
      losses.push(epochs.map(({ loss }) => loss));
      network.destroy();
    }
    expect(losses[0][2]).toBeLessThan(losses[0][0]);
    expect(losses[1]).toBeAllClose(losses[0]);
  });

  it('come out of models within models, and out of files', async () => {
    const inner = chain(masking(), activation('relu'));
    const x = modelInput({ shape: [4, 2] });
    const outer = model({ inputs: x, outputs: globalAveragePool1d().apply(inner.apply(x)) });
    const copy = modelFromJSON(JSON.stringify(outer));
    const [a, b] = await evaluate((t) => [outer.call(t), copy.call(t)], [sequences]);
    expect(a).toEqual(b);
    expect(a.data.slice(4)).toEqual(Float64Array.of(NaN, NaN));
  });
});

describe('timeDistributed', () => {
  const films = random(5, [2, 3, 4, 4, 2]);

  it('applies a layer to each step, with the same weights', async () => {
    const layer = timeDistributed(conv2d({ filters: 3, kernelSize: 2, activation: 'tanh' }));
    const { model: network } = await checkLayer(layer, [films], ([x], { weight, bias }) => {
      const steps = [0, 1, 2].map((t) => {
        const step = movement.reshape(movement.slice(x, [0, t, 0, 0, 0], [2, 1, 4, 4, 2]), [2, 4, 4, 2]);
        const y = map(convolution(step, weight), (v, i) => Math.tanh(v + bias.data[i % 3]));
        return movement.reshape(y, [2, 1, 3, 3, 3]);
      });
      return movement.concat(steps, 1);
    });
    expect([...network.variableKeys().values()]).toEqual(['timeDistributed.weight', 'timeDistributed.bias']);
    expect(layer.describe()).toBe('conv2d 3 filters 2×2, tanh');
    expect(network.parameters).toBe(3 * (8 + 1));
    expect(network.layers[0].variables.map(({ name }) => name)).toEqual(['timeDistributed.weight', 'timeDistributed.bias']); // prettier-ignore
  });

  it('stands in files, also within another', () => {
    const network = modelOf(timeDistributed(timeDistributed(dense({ units: 2, name: 'deep' }))), [
      random(6, [2, 3, 4, 2]),
    ]);
    const json = network.toJSON();
    const copy = modelFromJSON(JSON.stringify(json));
    expect(copy.toJSON()).toEqual(json);
    expect([...copy.variableKeys().values()]).toEqual(['timeDistributed.weight', 'timeDistributed.bias']);
    const broken = structuredClone(json) as unknown as { layers: { config: { layer: unknown } }[] };
    broken.layers[0].config.layer = { type: 'nothing', config: { name: 'x' } };
    expect(() => modelFromJSON(broken as never)).toThrow('layer 0: layer: there is no layer type "nothing"');
    broken.layers[0].config.layer = 5;
    expect(() => modelFromJSON(broken as never)).toThrow('layer 0: layer is 5, expected an object');
  });

  it('freezes what is within it', async () => {
    const frozen = timeDistributed(batchNormalization({ trainable: false }));
    expect(frozen.trainable).toBe(false);
    const network = modelOf(frozen, [sequences]);
    expect(network.trainableVariables).toEqual([]);
    (await testGpu()).variables.allocate(network.variables, 'frozen');
    const [y] = await evaluate((x) => network.call(x, { training: true }), [sequences]);
    expect(y).toBeAllClose(map(sequences, (v) => v / Math.sqrt(1.001))); // the moving statistics
    const thawed = modelOf(timeDistributed(batchNormalization()), [sequences]);
    expect(thawed.trainableVariables).toHaveLength(2);
  });

  it('counts the penalties of weights within, unless they are frozen', () => {
    const within = (trainable: boolean) =>
      modelOf(timeDistributed(dense({ units: 2, kernelRegularizer: 'l2', trainable })), [sequences]);
    expect(within(true).weightPenalties()).toHaveLength(1);
    expect(within(false).weightPenalties()).toHaveLength(0);
  });

  it('adds what the layer within adds by addLoss, step by step', async () => {
    const layer = dense({ units: 3 });
    layer.addLoss((y) => reduceSum(y, { axes: [1] }));
    const network = modelOf(timeDistributed(layer), [sequences]);
    (await testGpu()).variables.allocate(network.variables, 'penalties');
    const [y, added] = await evaluate(
      (x) => {
        const { outputs, losses } = network.callWithLosses(x);
        return [outputs[0], ...losses];
      },
      [sequences],
    );
    const sums = [0, 1, 2].map((row) => y.data.slice(12 * row, 12 * row + 12).reduce((a, b) => a + b, 0));
    expect(added).toBeAllClose(array([3], sums));
  });

  it('refuses what it cannot do', () => {
    const active = timeDistributed(dense({ units: 2, activityRegularizer: 'l2' }));
    expect(() => modelOf(active, [sequences])).toThrow('give it to timeDistributed instead');
    expect(() => timeDistributed(5 as never)).toThrow('timeDistributed: takes a layer');
    expect(() => sequential([timeDistributed(dense({ units: 2 }))], { inputShape: [3] })).toThrow(
      'rank 2 or more',
    );
    const layer = timeDistributed(dense({ units: 2 }));
    sequential([layer], { inputShape: [4, 3] });
    expect(() => sequential([layer], { inputShape: [4, 2] })).toThrow(ShapeError);
    expect(sequential([layer], { inputShape: [9, 3] }).outputShape).toEqual([9, 2]);
  });
});
