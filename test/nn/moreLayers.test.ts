import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { activation } from '../../src/nn/layers/shaping.ts';
import { leakyRelu, maxout, prelu } from '../../src/nn/layers/activations.ts';
import { conv2dTranspose } from '../../src/nn/layers/conv2dTranspose.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import type { Layer } from '../../src/nn/layers/layer.ts';
import {
  add,
  average,
  concatenate,
  maximum,
  minimum,
  multiply,
  subtract,
} from '../../src/nn/layers/merging.ts';
import { gaussianNoise, spatialDropout2d } from '../../src/nn/layers/noise.ts';
import { cropping2d, zeroPadding2d } from '../../src/nn/layers/padding.ts';
import type { Edges } from '../../src/nn/layers/padding.ts';
import { globalMaxPool2d } from '../../src/nn/layers/globalPooling.ts';
import { depthwiseConv2d, separableConv2d } from '../../src/nn/layers/separable.ts';
import { sequential } from '../../src/nn/sequential.ts';
import {
  array,
  at,
  fromFunction,
  full,
  map,
  random,
  randomIntegers,
  type Array64,
} from '../reference/array.ts';
import * as convolution from '../reference/conv2d.ts';
import { binary, unary } from '../reference/elementwise.ts';
import * as movement from '../reference/movement.ts';
import { globalMaxPool2d as globalMaxTwin } from '../reference/pooling.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { checkLayer, modelOf } from '../helpers/layer.ts';

const images = random(1, [2, 4, 5, 3]);

describe('conv2dTranspose', () => {
  it.each([
    ['valid', { kernelSize: 3, strides: 2 }, [9, 11], { strides: [2, 2] }],
    ['a window smaller than its stride', { kernelSize: 1, strides: 2 }, [8, 10], { strides: [2, 2] }],
    [
      'same',
      { kernelSize: 4, strides: 2, padding: 'same' },
      [8, 10],
      { strides: [2, 2], padding: [1, 1, 1, 1] },
    ],
    [
      'as PyTorch pads',
      { kernelSize: 4, strides: 2, padding: [1, 1, 1, 1] },
      [8, 10],
      { strides: [2, 2], padding: [1, 1, 1, 1] },
    ],
    ['outputSize', { kernelSize: 3, strides: 2, outputSize: [10, 12] }, [10, 12], { strides: [2, 2] }],
    ['dilation', { kernelSize: 2, dilation: 2 }, [6, 7], { dilations: [2, 2] }],
  ] as const)('%s', async (_, options, size, twin) => {
    const layer = conv2dTranspose({
      filters: 2,
      activation: 'tanh',
      biasInitializer: 'lecunNormal',
      ...options,
    });
    const { model, weights } = await checkLayer(layer, [images], ([x], { weight, bias }) => {
      const shape = [2, ...size, 2];
      return unary(
        'tanh',
        binary('add', convolution.conv2dGradInput(x, weight, shape, twin as convolution.Conv2dOptions), bias),
      );
    });
    expect(model.outputShape).toEqual([...size, 2]);
    expect(weights.weight.shape).toEqual([options.kernelSize, options.kernelSize, 2, 3]);
  });

  it('describes itself and refuses what it cannot do', () => {
    expect(conv2dTranspose({ filters: 8, kernelSize: 4, activation: 'relu' }).describe()).toBe(
      '8 filters 4×4, relu',
    );
    expect(() => conv2dTranspose({ filters: 0, kernelSize: 4 })).toThrow('conv2dTranspose: filters');
    expect(() => conv2dTranspose({ filters: 1, kernelSize: 4, outputSize: [3, 0] })).toThrow(ArgumentError);
    const layer = conv2dTranspose({ filters: 1, kernelSize: 2, strides: 2, outputSize: [20, 20] });
    expect(() => sequential([layer], { inputShape: [4, 4, 1] })).toThrow(ShapeError);
  });
});

describe('depthwise and separable convolutions', () => {
  /** Channel c · multiplier + m is channel c filtered by window [.., .., c, m]. */
  const depthwise = (x: Array64, w: Array64, options: convolution.Conv2dOptions = {}) => {
    const [height, width, channels, multiplier] = w.shape;
    const flat = array([height, width, 1, channels * multiplier], w.data);
    return convolution.conv2d(x, flat, { ...options, groups: channels });
  };

  it.each([1, 2])('depthwise with multiplier %i', async (depthMultiplier) => {
    const layer = depthwiseConv2d({
      kernelSize: [2, 3],
      depthMultiplier,
      strides: 2,
      biasInitializer: 'lecunNormal',
    });
    const { model } = await checkLayer(layer, [images], ([x], w) =>
      binary('add', depthwise(x, w.depthwise, { strides: [2, 2] }), w.bias),
    );
    expect(model.parameters).toBe(3 * depthMultiplier * (2 * 3 + 1));
  });

  it('separable', async () => {
    const layer = separableConv2d({
      filters: 4,
      kernelSize: 3,
      depthMultiplier: 2,
      activation: 'relu',
      biasInitializer: 'lecunNormal',
    });
    const { model } = await checkLayer(layer, [images], ([x], w) =>
      unary('relu', binary('add', convolution.conv2d(depthwise(x, w.depthwise), w.pointwise), w.bias)),
    );
    expect(model.parameters).toBe(9 * 6 + 6 * 4 + 4);
    expect(layer.describe()).toBe('4 filters 3×3, relu');
  });

  it('refuse a multiplier of 0', () => {
    expect(() => depthwiseConv2d({ kernelSize: 3, depthMultiplier: 0 })).toThrow(
      'depthwiseConv2d: depthMultiplier',
    );
  });
});

describe('padding, cropping, pooling', () => {
  const cases: [Edges, number[]][] = [
    [2, [2, 2, 2, 2]],
    [
      [1, 0],
      [1, 1, 0, 0],
    ],
    [
      [
        [1, 2],
        [0, 1],
      ],
      [1, 2, 0, 1],
    ],
  ];
  it.each(cases)('by %j', async (edges, [top, bottom, left, right]) => {
    await checkLayer(zeroPadding2d({ padding: edges }), [images], ([x]) =>
      movement.pad(x, [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]),
    );
    const large = random(2, [1, 6, 7, 2]);
    await checkLayer(cropping2d({ cropping: edges }), [large], ([x]) =>
      movement.slice(x, [0, top, left, 0], [1, 6 - top - bottom, 7 - left - right, 2]),
    );
  });

  it('by default one row and column more, and none less, as in Keras', () => {
    expect(sequential([zeroPadding2d()], { inputShape: [3, 4, 1] }).outputShape).toEqual([5, 6, 1]);
    expect(sequential([cropping2d()], { inputShape: [3, 4, 1] }).outputShape).toEqual([3, 4, 1]);
  });

  it('names what is wrong', () => {
    expect(() => zeroPadding2d({ padding: -1 })).toThrow('zeroPadding2d: padding is -1; give whole numbers');
    for (const wrong of [[1, 2, 3], [[1, 2]], [[1], [1, 2, 3]], [1, 0, 2, 1], 'same', null, 0.5]) {
      expect(() => cropping2d({ cropping: wrong as unknown as Edges })).toThrow(ArgumentError);
    }
    expect(() => sequential([cropping2d({ cropping: 2 })], { inputShape: [4, 9, 1] })).toThrow(
      'leaves nothing',
    );
    expect(() => sequential([zeroPadding2d()], { inputShape: [4] })).toThrow(
      'rank 3 (height, width, channels)',
    );
  });

  it('globalMaxPool2d', async () => {
    await checkLayer(globalMaxPool2d(), [images], ([x]) => globalMaxTwin(x).output);
  });
});

describe('activations with parameters', () => {
  it('leakyRelu', async () => {
    await checkLayer(leakyRelu({ negativeSlope: 0.2 }), [images], ([x]) =>
      map(x, (v) => (v > 0 ? v : 0.2 * v)),
    );
    await checkLayer(leakyRelu(), [images], ([x]) => map(x, (v) => (v > 0 ? v : 0.3 * v)));
    expect(() => leakyRelu({ negativeSlope: -1 })).toThrow('negativeSlope is -1');
  });

  it.each([
    [undefined, [4, 5, 3]],
    [
      [1, 2],
      [1, 1, 3],
    ],
  ])('prelu, slopes shared along %j', async (sharedAxes, shape) => {
    const layer = prelu({ sharedAxes, alphaInitializer: 'lecunNormal' });
    const { weights } = await checkLayer(layer, [images], ([x], { alpha }) =>
      fromFunction(x.shape, (n, y, i, c) => {
        const value = at(x, n, y, i, c);
        const slope = at(alpha, ...[y, i, c].map((k, axis) => Math.min(k, shape[axis] - 1)));
        return value > 0 ? value : slope * value;
      }),
    );
    expect(weights.alpha.shape).toEqual(shape);
    expect(() => sequential([prelu({ sharedAxes: [0] })], { inputShape: [3, 3] })).toThrow(
      'sharedAxes has 0, but samples of shape [3, 3] have the axes 1 to 2, or -2 to -1; axis 0 is the batch',
    );
  });

  it('maxout', async () => {
    await checkLayer(maxout({ units: 2 }), [random(3, [3, 6])], ([x]) =>
      fromFunction([3, 2], (n, unit) => Math.max(...[0, 1, 2].map((k) => at(x, n, 3 * unit + k)))),
    );
    expect(modelOf(maxout({ units: 3 }), [images]).outputShape).toEqual([4, 5, 3]);
    expect(() => sequential([maxout({ units: 4 })], { inputShape: [6] })).toThrow(
      '6 channels cannot be divided',
    );
  });
});

describe('noise', () => {
  const x = full([64, 4, 4, 8], 3);

  async function run(layer: Layer, training: boolean, seed = 1): Promise<Array64> {
    const network = modelOf(layer, [x]);
    return (await evaluate((t) => network.call(t, { training }), [x], { seed }))[0];
  }

  it('gaussianNoise adds N(0, σ²) in training, and nothing otherwise', async () => {
    const layer = gaussianNoise(0.5);
    const noise = map(await run(layer, true), (v) => v - 3);
    const size = noise.data.length;
    const mean = noise.data.reduce((a, b) => a + b, 0) / size;
    const variance = noise.data.reduce((a, b) => a + b * b, 0) / size;
    expect(Math.abs(mean)).toBeLessThan((5 * 0.5) / Math.sqrt(size));
    expect(Math.abs(variance - 0.25)).toBeLessThan(5 * 0.25 * Math.sqrt(2 / size));
    expect(await run(layer, true, 2)).not.toEqual(map(noise, (v) => v + 3));
    expect(await run(layer, false)).toEqual(x);
    expect(await run(gaussianNoise(0), true)).toEqual(x);
    expect(() => gaussianNoise(-1)).toThrow('deviation is -1');
  });

  it('spatialDropout2d drops whole channels in training, and nothing otherwise', async () => {
    const layer = spatialDropout2d(0.25);
    const y = await run(layer, true);
    let dropped = 0;
    for (let n = 0; n < 64; n++) {
      for (let c = 0; c < 8; c++) {
        const channel = fromFunction([4, 4], (h, w) => at(y, n, h, w, c));
        expect(new Set(channel.data).size).toBe(1);
        if (channel.data[0] === 0) dropped++;
        else expect(channel.data[0]).toBeCloseTo(3 / 0.75, 5);
      }
    }
    expect(Math.abs(dropped / 512 - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 512));
    expect(await run(layer, false)).toEqual(x);
    expect(() => spatialDropout2d(1)).toThrow('spatialDropout2d: rate is 1');
    expect(() => sequential([layer], { inputShape: [8] })).toThrow('rank 3');
  });
});

describe('embedding', () => {
  const words = randomIntegers(4, [3, 4], 7);

  it('looks up rows, whose gradients add up', async () => {
    const layer = embedding({ inputDim: 7, outputDim: 5 });
    const { weights } = await checkLayer(layer, [words], ([x], { weight }) => movement.gather(weight, x), {
      dtype: 'i32',
    });
    expect(Math.max(...weights.weight.data.map(Math.abs))).toBeLessThanOrEqual(0.05);
  });

  it('takes whole numbers in f32 too, and gives zeros for what is no word', async () => {
    const layer = embedding({ inputDim: 7, outputDim: 2, embeddingsInitializer: 'ones' });
    const network = modelOf(layer, [words]);
    const [y] = await evaluate((x) => network.call(x), [array([1, 3], [2, 7, -1])]);
    expect([...y.data]).toEqual([1, 1, 0, 0, 0, 0]);
  });

  it('refuses an empty vocabulary', () => {
    expect(() => embedding({ inputDim: 0, outputDim: 2 })).toThrow('embedding: inputDim');
  });
});

describe('merging layers', () => {
  const [a, b, c] = [random(5, [2, 3, 4]), random(6, [2, 3, 4]), random(7, [2, 3, 4])];
  const fold = (f: (x: number, y: number) => number) => (inputs: readonly Array64[]) =>
    inputs.reduce((x, y) => map(x, (value, i) => f(value, y.data[i])));

  it.each<[string, () => Layer, (inputs: readonly Array64[]) => Array64]>([
    ['add', add, fold((x, y) => x + y)],
    ['subtract', subtract, fold((x, y) => x - y)],
    ['multiply', multiply, fold((x, y) => x * y)],
    ['average', average, (inputs) => map(fold((x, y) => x + y)(inputs), (v) => v / inputs.length)],
    ['maximum', maximum, fold(Math.max)],
    ['minimum', minimum, fold(Math.min)],
    ['concatenate', concatenate, (inputs) => movement.concat(inputs, 2)],
  ])('%s', async (_, make, twin) => {
    await checkLayer(make(), [a, b], twin);
    await checkLayer(make(), [a, b, c], twin);
  });

  it('concatenate along other axes', async () => {
    const d = random(8, [2, 5, 4]);
    for (const axis of [1, -2]) {
      await checkLayer(concatenate({ axis }), [a, d], (inputs) => movement.concat(inputs, 1));
    }
  });

  it('tell shapes that do not fit', () => {
    const d = random(8, [2, 5, 4]);
    expect(() => modelOf(add({ name: 'join' }), [a, d])).toThrow(
      'join: cannot join branches of shapes [3, 4] and [5, 4]; bring the branches to one shape first',
    );
    expect(() => modelOf(concatenate(), [a, d])).toThrow('all extents but that of axis -1 must be equal');
    for (const axis of [0, 3, -3]) {
      expect(() => modelOf(concatenate({ axis }), [a, b])).toThrow(
        `axis has ${axis}, but samples of shape [3, 4] have the axes 1 to 2, or -2 to -1; axis 0 is the batch`,
      );
    }
    expect(() => concatenate({ axis: 0.5 })).toThrow('axis is 0.5; give whole numbers');
    expect(() => modelOf(average(), [a])).toThrow('takes at least two inputs');
  });
});

it('an activation on its own has a name', () => {
  expect(activation('relu').describe()).toBe('relu');
});
