import { describe, expect, it } from 'vitest';
import { elu, relu, softmax } from '../../src/nn/layers/activations.ts';
import { conv2dTranspose } from '../../src/nn/layers/conv2dTranspose.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { dot } from '../../src/nn/layers/dot.ts';
import { add, average, maximum, multiply, subtract } from '../../src/nn/layers/merging.ts';
import { batchNormalization, groupNormalization, layerNormalization } from '../../src/nn/layers/normalization.ts'; // prettier-ignore
import { rmsNormalization, unitNormalization } from '../../src/nn/layers/scaling.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { depthwiseConv2d } from '../../src/nn/layers/separable.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { checkLayer, modelOf } from '../helpers/layer.ts';
import { array, at, fromFunction, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { binary, unary } from '../reference/elementwise.ts';
import { matmul } from '../reference/matmul.ts';
import * as movement from '../reference/movement.ts';
import * as reduce from '../reference/reduce.ts';
import * as rows from '../reference/softmax.ts';

const images = random(1, [2, 3, 4, 5], -2, 2);
const flat = (x: Array64, shape: number[]) => array(shape, x.data);

describe('dense', () => {
  it.each([[[2, 3]], [[2, 4, 3]], [[2, 2, 3, 3]]])('along the last axis of %j', async (shape) => {
    const x = random(2, shape);
    const rows64 = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const layer = dense({ units: 4, activation: 'tanh', biasInitializer: 'lecunNormal' });
    const { model } = await checkLayer(layer, [x], ([own], w) => {
      const y = binary('add', matmul(flat(own, [rows64, 3]), w.weight), w.bias);
      return flat(unary('tanh', y), [...shape.slice(0, -1), 4]);
    });
    expect(model.parameters).toBe(16);
  });

  it('takes activations along the last axis', async () => {
    await checkLayer(dense({ units: 6, activation: 'glu' }), [random(3, [2, 2, 3])], ([x], w) =>
      rows.glu(flat(binary('add', matmul(flat(x, [4, 3]), w.weight), w.bias), [2, 2, 6])),
    );
    expect(() => modelOf(dense({ units: 1 }), [random(1, [3])])).toThrow(/works on the last axis of samples/);
  });
});

describe('merging layers broadcast', () => {
  const small = random(4, [2, 1, 1, 5], -2, 2);
  const row = random(5, [2, 5], -2, 2);
  const wide = (x: Array64) => (x.shape.length === 2 ? flat(x, [2, 1, 1, 5]) : x);

  it.each([
    ['add', add, 'add'],
    ['subtract', subtract, 'subtract'],
    ['multiply', multiply, 'multiply'],
    ['maximum', maximum, 'maximum'],
  ] as const)('%s', async (_, make, name) => {
    const twin = (all: readonly Array64[]) => all.map(wide).reduce((a, b) => binary(name, a, b));
    await checkLayer(make(), [images, small], twin);
    await checkLayer(make(), [row, images], twin);
  });

  it('average of three shapes, and refuses others', async () => {
    await checkLayer(average(), [small, images, row], (all) =>
      map(all.map(wide).reduce((a, b) => binary('add', a, b)), (value) => value / 3),
    ); // prettier-ignore
    expect(() => modelOf(add(), [images, random(1, [2, 2, 1, 5])])).toThrow(
      'cannot join branches of shapes [3, 4, 5] and [2, 1, 5]',
    );
  });
});

describe('dot', () => {
  const [a, b] = [random(6, [3, 4, 5]), random(7, [3, 2, 5])];

  it('of rows is a number', async () => {
    await checkLayer(dot({ axes: 1 }), [random(8, [3, 6]), random(9, [3, 6])], ([x, y]) =>
      fromFunction([3, 1], (n) =>
        [...Array(6).keys()].reduce((sum, k) => sum + at(x, n, k) * at(y, n, k), 0),
      ),
    );
  });

  it('of matrices, along any axes', async () => {
    await checkLayer(dot({ axes: -1 }), [a, b], ([x, y]) =>
      fromFunction([3, 4, 2], (n, i, j) => [...Array(5).keys()].reduce((sum, k) => sum + at(x, n, i, k) * at(y, n, j, k), 0)),
    ); // prettier-ignore
    const other = random(10, [3, 4, 2, 2]);
    await checkLayer(dot({ axes: [1, 1] }), [a, other], ([x, y]) =>
      fromFunction([3, 5, 2, 2], (n, i, j, l) => [...Array(4).keys()].reduce((sum, k) => sum + at(x, n, k, i) * at(y, n, k, j, l), 0)),
    ); // prettier-ignore
  });

  it('normalized is the cosine', async () => {
    const cosine = (x: Array64, y: Array64, n: number) => {
      const sum = (f: (k: number) => number) => [...Array(6).keys()].reduce((total, k) => total + f(k), 0);
      const norm = (z: Array64) => Math.sqrt(sum((k) => at(z, n, k) ** 2));
      return sum((k) => at(x, n, k) * at(y, n, k)) / (norm(x) * norm(y));
    };
    await checkLayer(dot({ axes: 1, normalize: true }), [random(8, [3, 6]), random(9, [3, 6])], ([x, y]) =>
      fromFunction([3, 1], (n) => cosine(x, y, n)),
    );
  });

  it('says what does not fit', () => {
    expect(() => modelOf(dot({ axes: 1 }), [a, b])).toThrow(/axes 1 and 1 have different extents/);
    expect(() => modelOf(dot({ axes: 0 }), [a, b])).toThrow(/axes has 0, .*axis 0 is the batch/);
    expect(() => modelOf(dot({ axes: 2 }), [a, a, a])).toThrow(/give exactly two/);
    expect(() => dot({ axes: [1, 2, 3] as never })).toThrow(/axes is an array of 3/);
  });
});

describe('normalization along axes', () => {
  /** (x − mean) / √(variance + ε), both over `axes`. */
  const standardized = (x: Array64, axes: number[], epsilon: number) => {
    const options = { axes, keepDims: true };
    const mean = reduce.reduce('mean', x, options);
    const centred = binary('subtract', x, mean);
    const variance = reduce.reduce('mean', unary('square', centred), options);
    return binary(
      'divide',
      centred,
      map(variance, (value) => Math.sqrt(value + epsilon)),
    );
  };
  const affine = (x: Array64, w: Record<string, Array64>, shape: number[]) =>
    binary('add', binary('multiply', x, flat(w.gamma, shape)), flat(w.beta, shape));
  const own = { gammaInitializer: 'lecunNormal', betaInitializer: 'lecunNormal' } as const;

  it.each([
    [3, [1, 1, 1, 5]],
    [1, [1, 3, 1, 1]],
    [
      [1, 3],
      [1, 3, 1, 5],
    ],
    [
      [-3, -2, -1],
      [1, 3, 4, 5],
    ],
  ] as const)('layer normalization over %j', async (axis, shape) => {
    const { weights } = await checkLayer(layerNormalization({ axis, ...own }), [images], ([x], w) => {
      const axes = [axis].flat().map((one) => (one < 0 ? one + 4 : one));
      return affine(standardized(x, axes, 1e-3), w, [...shape]);
    });
    expect(weights.gamma.shape).toEqual([axis].flat().map((one) => images.shape[one < 0 ? one + 4 : one]));
  });

  it('batch normalization of channels along axis 1', async () => {
    await checkLayer(
      batchNormalization({ axis: 1, ...own }),
      [images],
      ([x], w) => affine(standardized(x, [0, 2, 3], 1e-3), w, [1, 3, 1, 1]),
      { training: true },
    );
    await checkLayer(batchNormalization({ axis: 2, movingMeanInitializer: 'ones', ...own }), [images], ([x], w) =>
      affine(map(x, (value) => (value - 1) / Math.sqrt(1 + 1e-3)), w, [1, 1, 4, 1]),
    ); // prettier-ignore
  });

  it('group normalization of channels along axis 2', async () => {
    await checkLayer(groupNormalization({ axis: 2, groups: 2, ...own }), [images], ([x], w) => {
      const halves = [0, 2].map((from) => standardized(movement.slice(x, [0, 0, from, 0], [2, 3, 2, 5]), [1, 2, 3], 1e-3)); // prettier-ignore
      return affine(movement.concat(halves, 2), w, [1, 1, 4, 1]);
    });
  });

  it.each([[-1], [[1, 3]]])('RMS normalization over %j', async (axis) => {
    const axes = [axis].flat().map((one) => (one < 0 ? one + 4 : one));
    const wide = images.shape.map((extent, k) => (axes.includes(k) ? extent : 1));
    const layer = rmsNormalization({ axis, epsilon: 0.01 });
    await checkLayer(layer, [images], ([x], { scale }) => {
      const mean = reduce.reduce('mean', unary('square', x), { axes, keepDims: true });
      const y = binary(
        'divide',
        x,
        map(mean, (value) => Math.sqrt(value + 0.01)),
      );
      return binary('multiply', y, flat(scale, wide));
    });
  });

  it.each([[-1], [[1, 2]]])('unit normalization over %j, zeros staying zeros', async (axis) => {
    const axes = [axis].flat().map((one) => (one < 0 ? one + 4 : one));
    await checkLayer(unitNormalization({ axis }), [images], ([x]) => {
      const squares = reduce.reduce('sum', unary('square', x), { axes, keepDims: true });
      return binary('divide', x, map(squares, Math.sqrt));
    });
    const layer = unitNormalization();
    modelOf(layer, [random(1, [1, 3])]);
    const [y] = await evaluate((x) => layer.call(x, { training: false }), [array([1, 3], [0, 0, 0])]);
    expect(y.data).toEqual(new Float64Array(3));
  });

  it('says which axes there are', () => {
    expect(() => modelOf(layerNormalization({ axis: 0 }), [images])).toThrow(
      /axis has 0, .*axis 0 is the batch/,
    );
    expect(() => modelOf(batchNormalization({ axis: 4 }), [images])).toThrow(/axis has 4/);
    expect(() => layerNormalization({ axis: [1, 1] })).toThrow(
      /axis is \[1, 1\]; give whole numbers, each once/,
    );
    expect(() => batchNormalization({ axis: '1' as never })).toThrow(/axis is "1"; it must be a number/);
    expect(() => softmax({ axis: [] })).toThrow(/axis is \[\]; give whole numbers/);
    expect(() => modelOf(rmsNormalization({ axis: [3, -1] }), [images])).toThrow(
      /axis is \[3, -1\], which names .* twice/,
    );
  });
});

describe('activations as layers', () => {
  it('relu, elu and softmax', async () => {
    await checkLayer(relu({ maxValue: 1.25, negativeSlope: 0.2 }), [images], ([x]) =>
      map(x, (v) => (v > 0 ? Math.min(v, 1.25) : 0.2 * v)),
    );
    await checkLayer(relu({ threshold: 0.5 }), [images], ([x]) => map(x, (v) => (v > 0.5 ? v : 0)));
    await checkLayer(elu({ alpha: 0.5 }), [images], ([x]) => unary('elu', x, 0.5));
    await checkLayer(softmax({ axis: 1 }), [images], ([x]) => rows.softmax(x, 1));
    await checkLayer(softmax(), [images], ([x]) => rows.softmax(x));
    expect(relu({ maxValue: 6 }).describe()).toBe('maxValue 6');
    expect(relu().describe()).toBe('');
    expect(() => relu({ maxValue: -1 })).toThrow(/relu: maxValue is -1/);
    expect(() => modelOf(softmax({ axis: 0 }), [images])).toThrow(/axis 0 is the batch/);
  });
});

it('outputPadding gives Keras’s sizes', () => {
  const size = (options: object) =>
    modelOf(conv2dTranspose({ filters: 1, kernelSize: 4, strides: 3, ...options }), [random(1, [1, 5, 2, 1])])
      .outputShape;
  expect(size({ padding: 'same' })).toEqual([15, 6, 1]);
  expect(size({ padding: 'same', outputPadding: 1 })).toEqual([13, 4, 1]);
  expect(size({ padding: 'same', outputPadding: [2, 0], kernelSize: 3 })).toEqual([15, 4, 1]);
  expect(size({ outputPadding: [1, 2] })).toEqual([17, 9, 1]);
  expect(() => size({ outputPadding: 3 })).toThrow(/outputPadding is \[3, 3\]; give whole numbers from 0 to/);
  expect(() => size({ outputPadding: null })).toThrow(/outputPadding is null; give whole numbers/);
  expect(() => size({ outputPadding: 1, outputSize: [9, 9] })).toThrow(/not for a layer with outputSize/);
});

it('other words lead to the options', () => {
  expect(() => embedding({ inputDim: 2, outputDim: 2, initializer: 'ones' } as never)).toThrow(/did you mean "embeddingsInitializer"/); // prettier-ignore
  expect(() => depthwiseConv2d({ kernelSize: 2, kernelInitializer: 'ones' } as never)).toThrow(/did you mean "depthwiseInitializer"/); // prettier-ignore
  expect(() => conv2d({ filters: 2, kernelSize: 2, dilationRate: 2 } as never)).toThrow(/did you mean "dilation"/); // prettier-ignore
  expect(() => conv2d({ filters: 2, kernelSize: 2, dataFormat: 'channelsFirst' } as never)).toThrow(
    /there is no option "dataFormat": channels come last; bring images into that order first, with permute/,
  );
  expect(() => dense({ units: 1, activation: 'hard_sigmoid' as never })).toThrow(
    /did you mean "hardSigmoid"/,
  );
});
