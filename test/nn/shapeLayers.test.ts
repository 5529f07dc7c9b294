import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
} from '../../src/nn/layers/adaptivePooling.ts';
import { conv1d } from '../../src/nn/layers/conv1d.ts';
import { globalAveragePool1d } from '../../src/nn/layers/globalPooling.ts';
import { padding2d } from '../../src/nn/layers/padding.ts';
import { averagePool1d, averagePool2d, maxPool1d, maxPool2d } from '../../src/nn/layers/pooling.ts';
import {
  depthToSpace,
  lambda,
  permute,
  pixelShuffle,
  pixelUnshuffle,
  repeatVector,
  spaceToDepth,
} from '../../src/nn/layers/reshaping.ts';
import { centerCrop, rescaling, resizing } from '../../src/nn/layers/resizing.ts';
import { cropping1d, upSampling1d, zeroPadding1d } from '../../src/nn/layers/sequences.ts';
import { model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { multiply, subtract } from '../../src/ops/elementwise/elementwise.ts';
import { extend } from '../../src/ops/movement/extend.ts';
import { array, at, fromFunction, map, random } from '../reference/array.ts';
import { conv2d } from '../reference/conv2d.ts';
import { extendImages } from '../reference/extend.ts';
import * as movement from '../reference/movement.ts';
import * as pooling from '../reference/pooling.ts';
import * as rearrange from '../reference/rearrange.ts';
import * as resize from '../reference/resize.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { checkLayer, modelOf } from '../helpers/layer.ts';

const images = random(1, [2, 4, 6, 4]);
const sequences = random(2, [2, 7, 3]);

describe('moving values', () => {
  it('permute, repeatVector', async () => {
    await checkLayer(permute([2, 1]), [sequences], ([x]) => movement.transpose(x, [0, 2, 1]));
    await checkLayer(repeatVector(3), [random(1, [2, 5])], ([x]) =>
      fromFunction([2, 3, 5], (n, _, i) => at(x, n, i)),
    );
    for (const wrong of [[0, 1], [1, 1], [2], [1, 2.5], [], 'ab'])
      expect(() => permute(wrong as number[])).toThrow(ArgumentError);
    expect(() => repeatVector(0)).toThrow(ArgumentError);
    expect(() => sequential([permute([1, 2])], { inputShape: [3] })).toThrow(ShapeError);
    expect(() => sequential([repeatVector(2)], { inputShape: [3, 3] })).toThrow('rank 1 (features)');
  });

  it('pixelShuffle has the channels as PyTorch, and pixelUnshuffle undoes it', async () => {
    const r = 2;
    await checkLayer(pixelShuffle(r), [random(3, [2, 2, 3, 8])], ([x]) =>
      fromFunction([2, 4, 6, 2], (n, y, i, c) =>
        at(x, n, Math.floor(y / r), Math.floor(i / r), c * r * r + (y % r) * r + (i % r)),
      ),
    );
    const [back] = await evaluate((x) => modelOf(pixelShuffle(r), [random(1, [2, 2, 3, 16])]).call(modelOf(pixelUnshuffle(r), [images]).call(x)), [images]); // prettier-ignore
    expect(back).toEqual(map(images, Math.fround));
    expect(() => sequential([pixelShuffle(2)], { inputShape: [4, 4, 6] })).toThrow(
      '6 channels are not a multiple',
    );
    expect(() => sequential([pixelUnshuffle(4)], { inputShape: [4, 6, 1] })).toThrow(
      'do not fall into squares',
    );
  });

  it('depthToSpace and spaceToDepth are their ops', async () => {
    await checkLayer(depthToSpace(2), [random(3, [2, 2, 3, 8])], ([x]) => rearrange.depthToSpace(x, 2));
    await checkLayer(spaceToDepth(2), [images], ([x]) => rearrange.spaceToDepth(x, 2));
    expect(() => sequential([depthToSpace(2)], { inputShape: [4, 4, 6] })).toThrow('not a multiple of 2²');
    expect(() => sequential([spaceToDepth(4)], { inputShape: [4, 6, 1] })).toThrow('do not fall into blocks');
    expect(() => sequential([spaceToDepth(2)], { inputShape: [4] })).toThrow(ShapeError);
    expect(() => depthToSpace(0)).toThrow(ArgumentError);
  });

  it.each(['reflect', 'symmetric', 'edge'] as const)('padding2d, %s', async (mode) => {
    const padding = [[1, 2], [0, 3]] as const; // prettier-ignore
    await checkLayer(padding2d({ padding, mode }), [images], ([x]) => extendImages(x, padding, mode));
    const one = random(4, [1, 1, 1, 1]);
    if (mode !== 'reflect') {
      await checkLayer(padding2d({ mode }), [one], ([x]) => extendImages(x, [[1, 1], [1, 1]], mode)); // prettier-ignore
    }
  });

  it('padding2d with a value, and what it refuses', async () => {
    await checkLayer(
      padding2d({ padding: [1, 0], value: -0.5 }),
      [images],
      ([x]) =>
      movement.pad(x, [[0, 0], [1, 1], [0, 0], [0, 0]], -0.5), // prettier-ignore
    );
    expect(padding2d({ mode: 'edge' }).describe()).toBe('1, 1, 1, 1, edge');
    expect(() => padding2d({ mode: 'wrap' as 'edge' })).toThrow(
      'choose one of constant, reflect, symmetric, edge',
    );
    expect(() => sequential([padding2d({ padding: 3, mode: 'reflect' })], { inputShape: [3, 9, 1] })).toThrow('only 2 elements to mirror'); // prettier-ignore
    const x = input('x', [2, 3]);
    expect(extend(x, [[0, 0], [0, 0]], 'edge')).toBe(x); // prettier-ignore
    expect(() => extend(x, [[0, 0], [4, 0]], 'symmetric')).toThrow(ShapeError); // prettier-ignore
  });

  it('of sequences', async () => {
    await checkLayer(
      zeroPadding1d({ padding: [0, 2] }),
      [sequences],
      ([x]) =>
      movement.pad(x, [[0, 0], [0, 2], [0, 0]]), // prettier-ignore
    );
    await checkLayer(cropping1d({ cropping: [2, 1] }), [sequences], ([x]) =>
      movement.slice(x, [0, 2, 0], [2, 4, 3]),
    );
    await checkLayer(upSampling1d({ size: 3 }), [sequences], ([x]) =>
      fromFunction([2, 21, 3], (n, step, c) => at(x, n, Math.floor(step / 3), c)),
    );
    expect(() => zeroPadding1d({ padding: -1 })).toThrow('zeroPadding1d: padding is -1');
    expect(() => sequential([cropping1d({ cropping: 2 })], { inputShape: [4, 1] })).toThrow('leaves nothing');
    expect(() => upSampling1d({ size: 1.5 })).toThrow(ArgumentError);
  });
});

describe('values in other ranges and sizes', () => {
  it('rescaling', async () => {
    await checkLayer(rescaling({ scale: 0.5, offset: -1 }), [images], ([x]) => map(x, (v) => 0.5 * v - 1));
    await checkLayer(rescaling({ scale: [1, 2, 3], offset: [0, 1, 2] }), [sequences], ([x]) =>
      map(x, (v, i) => v * (1 + (i % 3)) + (i % 3)),
    );
    const whole = modelOf(rescaling({ scale: 0.5 }), [array([2, 2], [1, 2, 3, 4])], 'i32');
    const [y] = await evaluate((x) => whole.call(x), [array([2, 2], [1, 2, 3, 4])], { dtypes: ['i32'] });
    expect([...y.data]).toEqual([0.5, 1, 1.5, 2]);
    expect(() => rescaling({ scale: NaN })).toThrow('rescaling: scale is NaN');
    expect(() => rescaling({ scale: [] })).toThrow(ArgumentError);
  });

  it('resizing, centerCrop', async () => {
    await checkLayer(resizing({ height: 3, width: 9, interpolation: 'bicubic' }), [images], ([x]) =>
      resize.resizeBilinear(x, [3, 9], resize.bicubicWeight),
    );
    await checkLayer(resizing({ height: 3, width: 5, interpolation: 'nearest' }), [images], ([x]) =>
      resize.resizeNearest(x, [3, 5], 0.5),
    );
    await checkLayer(resizing({ height: 2, width: 2, cropToAspectRatio: true }), [images], ([x]) =>
      resize.resizeBilinear(movement.slice(x, [0, 0, 1, 0], [2, 4, 4, 4]), [2, 2]),
    );
    await checkLayer(centerCrop({ height: 1, width: 5 }), [images], ([x]) =>
      movement.slice(x, [0, 1, 0, 0], [2, 1, 5, 4]),
    );
    const options = { height: 2, width: 2 };
    expect(() => resizing({ ...options, interpolation: 'nearestExact' as 'nearest' })).toThrow(ArgumentError);
    expect(() => resizing({ ...options, cropToAspectRatio: true, padToAspectRatio: true })).toThrow(
      'choose one',
    );
    expect(() => centerCrop({ height: 0, width: 2 })).toThrow('centerCrop: height');
  });
});

describe('windows', () => {
  const window = { poolSize: [2, 2], dilation: [1, 2] } as const;
  const twin = { size: [2, 2], strides: [2, 2], dilations: [1, 2] } as const;

  it('pools with a dilation', async () => {
    await checkLayer(averagePool2d(window), [images], ([x]) => pooling.avgPool2d(x, twin));
    await checkLayer(maxPool2d(window), [images], ([x]) => pooling.maxPool2d(x, twin).output);
  });

  it('adaptive pools', async () => {
    await checkLayer(adaptiveAveragePool2d({ outputSize: [3, 4] }), [images], ([x]) => pooling.adaptiveAvgPool2d(x, [3, 4])); // prettier-ignore
    await checkLayer(adaptiveMaxPool2d({ outputSize: 3 }), [images], ([x]) => pooling.adaptiveMaxPool2d(x, [3, 3]).output); // prettier-ignore
    expect(() => adaptiveMaxPool1d({ outputSize: 0 })).toThrow('adaptiveMaxPool1d: outputSize');
  });

  const row = (x: typeof sequences) => movement.reshape(x, [2, 1, 7, 3]);
  const column = (y: typeof sequences) => movement.reshape(y, [2, y.shape[2], y.shape[3]]);

  it('along sequences', async () => {
    const own = { size: [1, 3], strides: [1, 2], dilations: [1, 2] } as const;
    await checkLayer(maxPool1d({ poolSize: 3, strides: 2, dilation: 2 }), [sequences], ([x]) => column(pooling.maxPool2d(row(x), own).output)); // prettier-ignore
    await checkLayer(averagePool1d({ poolSize: 3, strides: 2, dilation: 2 }), [sequences], ([x]) => column(pooling.avgPool2d(row(x), own))); // prettier-ignore
    await checkLayer(globalAveragePool1d(), [sequences], ([x]) =>
      fromFunction([2, 3], (n, c) => [...Array(7).keys()].reduce((sum, t) => sum + at(x, n, t, c), 0) / 7),
    );
    expect(() => maxPool1d({ padding: [1, 2, 3, 4] as unknown as [number, number] })).toThrow("give 'valid', 'same' or [before, after]"); // prettier-ignore
    expect(() => sequential([averagePool1d()], { inputShape: [4, 4, 1] })).toThrow(
      'rank 2 (steps, channels)',
    );
  });

  it('conv1d that sees no later step', async () => {
    const layer = conv1d({ filters: 2, kernelSize: 3, dilation: 2, padding: 'causal', activation: 'tanh' });
    const { weights } = await checkLayer(layer, [sequences], ([x], { weight, bias }) => {
      const early = movement.pad(row(x), [[0, 0], [0, 0], [4, 0], [0, 0]]); // prettier-ignore
      const kernel = movement.reshape(weight, [1, 3, 3, 2]);
      const y = conv2d(early, kernel, { dilations: [1, 2] });
      return column(map(y, (v, i) => Math.tanh(v + bias.data[i % 2])));
    });
    expect(weights.weight.shape).toEqual([3, 3, 2]);
    expect(layer.describe()).toBe('2 filters 3, tanh');
    expect(() => conv1d({ filters: 2, kernelSize: [3, 3] as unknown as number })).toThrow(
      'conv1d: kernelSize',
    );
    expect(() => conv1d({ filters: 2, kernelSize: 3, padding: 'reflect' as 'same' })).toThrow(ArgumentError);
    expect(() => sequential([conv1d({ filters: 4, kernelSize: 2, groups: 2 })], { inputShape: [4, 3] })).toThrow('groups'); // prettier-ignore
  });
});

describe('lambda', () => {
  it('is a function of one input or of several', async () => {
    await checkLayer(
      lambda((x) => multiply(x, x)),
      [images],
      ([x]) => map(x, (v) => v * v),
    );
    const difference = lambda((x, { others: [y] }) => subtract(x, y));
    await checkLayer(difference, [sequences, random(9, [2, 7, 3])], ([x, y]) =>
      map(x, (v, i) => v - y.data[i]),
    );
    const seen: boolean[] = [];
    const told = modelOf(lambda((x, { training }) => (seen.push(training), x)), [sequences]); // prettier-ignore
    told.call(input('x', [2, 7, 3]), { training: true });
    expect(seen).toEqual([false, true]);
  });

  it('says what is wrong, and cannot be saved as JSON', () => {
    const place = modelInput({ shape: [3] });
    const of = (fn: unknown) => model({ inputs: place, outputs: lambda(fn as () => never).apply(place) });
    expect(() => of(5)).toThrow('lambda: its function is 5; give a function of tensors');
    expect(() => of(() => 5)).toThrow('lambda: its function gives 5 for [1, 3]');
    expect(() => of(() => input('y', [4, 3]))).toThrow('gives a tensor [4, 3]');
    expect(() => of((x: never) => x).toJSON()).toThrow('cannot be written into a file');
    expect(() => of((x: never) => x).toJSON()).toThrow('registerLayer');
    expect(() => lambda((x) => x).apply([])).toThrow('takes at least one input');
  });
});
