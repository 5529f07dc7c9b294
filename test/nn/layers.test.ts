import { describe, expect, it } from 'vitest';
import { activations } from '../../src/nn/activations.ts';
import type { ActivationName } from '../../src/nn/activations.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import type { Layer } from '../../src/nn/layers/layer.ts';
import { globalAveragePool2d } from '../../src/nn/layers/globalPooling.ts';
import { averagePool2d, maxPool2d } from '../../src/nn/layers/pooling.ts';
import { activation, dropout, flatten, reshape } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { square } from '../../src/ops/elementwise/elementwise.ts';
import { array, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as convolution from '../reference/conv2d.ts';
import { binary, unary } from '../reference/elementwise.ts';
import { matmul } from '../reference/matmul.ts';
import * as pooling from '../reference/pooling.ts';
import * as rows from '../reference/softmax.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';

/** A layer's output for `x`, [N, ...sample], on the GPU, and the values of its variables by name. */
async function run(layer: Layer, x: Array64, training = false) {
  const model = sequential([layer], { inputShape: x.shape.slice(1), seed: 2 });
  const [y] = await evaluate((input) => model.call(input, { training }), [x]);
  const values: Record<string, Array64> = {};
  for (const variable of model.variables) {
    const data = await (await testGpu()).variables.read(variable);
    values[variable.name] = array(variable.shape, data);
  }
  expect([x.shape[0], ...model.outputShape]).toEqual([...y.shape]);
  return { y, values, model };
}

describe('dense', () => {
  const x = random(1, [3, 5], -2, 2);

  it('is activation(x W + b)', async () => {
    const { y, values, model } = await run(
      dense({ units: 4, activation: 'relu', biasInitializer: 'glorotUniform', name: 'head' }),
      x,
    );
    expect(Object.keys(values)).toEqual(['head.weight', 'head.bias']);
    expect(model.parameters).toBe(5 * 4 + 4);
    const { 'head.weight': w, 'head.bias': b } = values;
    expect(new Set(b.data).size).toBe(4);
    expect(y).toBeAllClose(unary('relu', binary('add', matmul(x, w), b)));
  });

  it('goes without a bias, and starts with one of 0', async () => {
    const plain = await run(dense({ units: 3, useBias: false }), x);
    expect(Object.keys(plain.values)).toEqual(['dense.weight']);
    expect(plain.model.parameters).toBe(15);
    expect(plain.y).toBeAllClose(matmul(x, plain.values['dense.weight']));
    const { values } = await run(dense({ units: 3 }), x);
    expect([...values['dense.bias'].data]).toEqual([0, 0, 0]);
  });

  it('takes a function as its activation', async () => {
    const layer = dense({ units: 2, activation: square });
    const { y, values } = await run(layer, x);
    expect(y).toBeAllClose(unary('square', matmul(x, values['dense.weight'])));
    expect(layer.describe()).toBe(square.name || 'custom');
  });
});

describe('conv2d', () => {
  const x = random(2, [2, 7, 6, 4]);
  const cases: [string, Parameters<typeof conv2d>[0], convolution.Conv2dOptions, number[]][] = [
    ['plain', { filters: 3, kernelSize: 3 }, {}, [5, 4, 3]],
    [
      'strides, same padding',
      { filters: 4, kernelSize: [3, 2], strides: [2, 3], padding: 'same' },
      { strides: [2, 3], padding: convolution.padding2d('same', [7, 6], [3, 2], [2, 3]) },
      [4, 2, 4],
    ],
    [
      'dilation, explicit padding',
      { filters: 2, kernelSize: 3, dilation: 2, padding: [1, 0, 2, 1] },
      { dilations: [2, 2], padding: [1, 0, 2, 1] },
      [4, 5, 2],
    ],
    ['groups', { filters: 6, kernelSize: 2, groups: 2 }, { groups: 2 }, [6, 5, 6]],
  ];

  it.each(cases)('%s', async (_, options, twin, outputShape) => {
    const layer = conv2d({ ...options, activation: 'tanh', biasInitializer: 'lecunNormal' });
    const { y, values, model } = await run(layer, x);
    const { 'conv2d.weight': w, 'conv2d.bias': b } = values;
    const [height, width] = [options.kernelSize].flat();
    expect(w.shape).toEqual([height, width ?? height, 4 / (options.groups ?? 1), options.filters]);
    expect(b.shape).toEqual([options.filters]);
    expect(model.outputShape).toEqual(outputShape);
    expect(y).toBeAllClose(unary('tanh', binary('add', convolution.conv2d(x, w, twin), b)));
  });

  it('goes without a bias', async () => {
    const { y, values } = await run(conv2d({ filters: 2, kernelSize: 2, useBias: false }), x);
    expect(Object.keys(values)).toEqual(['conv2d.weight']);
    expect(y).toBeAllClose(convolution.conv2d(x, values['conv2d.weight']));
  });

  it('describes itself', () => {
    expect(conv2d({ filters: 32, kernelSize: [3, 5], activation: 'relu' }).describe()).toBe(
      '32 filters 3×5, relu',
    );
    expect(conv2d({ filters: 1, kernelSize: 2 }).describe()).toBe('1 filter 2×2');
  });
});

describe('pooling', () => {
  const x = random(3, [2, 7, 6, 3]);

  it('takes windows side by side by default', async () => {
    const max = await run(maxPool2d(), x);
    const twin = { size: [2, 2], strides: [2, 2] } as const;
    expect(max.model.outputShape).toEqual([3, 3, 3]);
    expect(max.model.parameters).toBe(0);
    expect(max.y).toBeAllClose(pooling.maxPool2d(x, twin).output, { rtol: 0, atol: 1e-7 });
    expect((await run(averagePool2d(), x)).y).toBeAllClose(pooling.avgPool2d(x, twin));
  });

  it('takes windows, strides and padding of one’s choice', async () => {
    const options = { poolSize: [3, 2], strides: [2, 1], padding: 'same' } as const;
    const padding = convolution.padding2d('same', [7, 6], [3, 2], [2, 1]);
    const twin = { size: [3, 2], strides: [2, 1], padding } as const;
    const max = await run(maxPool2d(options), x);
    expect(max.model.outputShape).toEqual([4, 6, 3]);
    expect(max.y).toBeAllClose(pooling.maxPool2d(x, twin).output, { rtol: 0, atol: 1e-7 });
    expect((await run(averagePool2d(options), x)).y).toBeAllClose(pooling.avgPool2d(x, twin));
    expect(maxPool2d(options).describe()).toBe('3×2');
  });

  it('globally, gives the mean of each channel', async () => {
    const { y, model } = await run(globalAveragePool2d(), x);
    expect(model.outputShape).toEqual([3]);
    expect(y).toBeAllClose(pooling.globalAvgPool2d(x));
  });
});

describe('shaping', () => {
  const x = random(4, [3, 4, 2, 1]);

  it.each<[Layer, number[]]>([
    [flatten(), [8]],
    [reshape([2, 4]), [2, 4]],
    [reshape([-1, 2, 2]), [2, 2, 2]],
  ])('$type keeps the values', async (layer, shape) => {
    const { y, model } = await run(layer, x);
    expect(model.outputShape).toEqual(shape);
    expect(model.variables).toEqual([]);
    expect(y.data).toEqual(Float64Array.from(Float32Array.from(x.data)));
  });

  it('dropout drops its share in training and scales the others, else it does nothing', async () => {
    const ones = array([50, 40], new Array(2000).fill(1));
    expect((await run(dropout(0.25), ones)).y.data).toEqual(ones.data);
    const { y } = await run(dropout(0.25), ones, true);
    expect(new Set(y.data)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    const dropped = y.data.filter((value) => value === 0).length / 2000;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / 2000));
    expect((await run(dropout(0), ones, true)).y.data).toEqual(ones.data);
  });
});

describe('activations', () => {
  const x = random(5, [4, 10], -4, 4);
  /** A function without a twin in float64 does not compile. */
  function twin(name: ActivationName): Array64 {
    if (name === 'linear') return x;
    if (name === 'exponential') return unary('exp', x);
    if (name === 'leakyRelu') return unary('leakyRelu', x, 0.2);
    if (name === 'swish') return unary('silu', x);
    if (name === 'hardSwish') return unary('hardSilu', x);
    if (name === 'sparsemax') return rows.sparsemax(x);
    if (name === 'glu') return rows.glu(x);
    if (name === 'softmax') return rows.softmax(x);
    if (name === 'logSoftmax') return rows.logSoftmax(x);
    return unary(name, x);
  }

  it('by name, are those functions', async () => {
    const names = Object.keys(activations) as ActivationName[];
    const layers = names.map((name) => activation(name));
    const outputs = await evaluate(
      (input) => layers.map((layer) => layer.call(input, { training: false })),
      [x],
    );
    for (const [i, name] of names.entries()) {
      expect(layers[i].describe()).toBe(name === 'linear' ? '' : name);
      expect(outputs[i], `activation ${name}`).toBeAllClose(twin(name), { rtol: 1e-5 });
    }
  });
});

describe('names', () => {
  it('are the kinds of the layers, numbered, unless they are given', () => {
    const model = sequential(
      [dense({ units: 1 }), dense({ units: 1, name: 'dense_1' }), dense({ units: 1 }), activation('relu')],
      { inputShape: [1] },
    );
    expect(model.layers.map(({ name }) => name)).toEqual(['dense', 'dense_1', 'dense_2', 'activation']);
  });

  it('stay with a layer in another model', () => {
    const first = dense({ units: 1 });
    sequential([first], { inputShape: [1] });
    const model = sequential([dense({ units: 1 }), first], { inputShape: [1] });
    expect(model.layers.map(({ name }) => name)).toEqual(['dense_1', 'dense']);
    expect(model.variables.map(({ name }) => name)).toEqual([
      'dense_1.weight',
      'dense_1.bias',
      'dense.weight',
      'dense.bias',
    ]);
  });
});
