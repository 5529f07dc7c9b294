import { describe, expect, it } from 'vitest';
import { finiteDifference } from '../helpers/close.ts';
import { array, at, fromFunction, inner, random, zeros } from './array.ts';
import {
  conv2d,
  conv2dGradFilter,
  conv2dGradInput,
  conv2dShape,
  conv2dTranspose,
  outputSize2d,
  padding2d,
  transposedSize2d,
  type Conv2dOptions,
  type Pair,
} from './conv2d.ts';
import { unary } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { concat, pad, slice } from './movement.ts';
import { maxPool2d } from './pooling.ts';

const tight = { rtol: 1e-7, atol: 1e-8 };

/** Geometries that differ along height and width in everything. */
const cases: { name: string; x: number[]; w: number[]; options: Conv2dOptions }[] = [
  { name: 'plain', x: [2, 5, 6, 3], w: [3, 2, 3, 4], options: {} },
  { name: 'strided', x: [1, 7, 8, 2], w: [3, 3, 2, 2], options: { strides: [2, 3] } },
  { name: 'padded', x: [1, 4, 5, 2], w: [3, 4, 2, 3], options: { padding: [1, 0, 2, 1] } },
  { name: 'dilated', x: [1, 7, 8, 2], w: [3, 2, 2, 2], options: { dilations: [2, 3] } },
  { name: 'grouped', x: [1, 4, 4, 6], w: [2, 2, 2, 9], options: { groups: 3 } },
  { name: 'depthwise', x: [1, 4, 4, 3], w: [3, 3, 1, 3], options: { groups: 3, padding: [1, 1, 1, 1] } },
  {
    name: 'everything at once',
    x: [2, 6, 7, 4],
    w: [3, 2, 2, 4],
    options: { strides: [2, 1], padding: [2, 1, 0, 3], dilations: [1, 2], groups: 2 },
  },
];

describe('conv2d', () => {
  it('finds the X of the classroom example', () => {
    const image = [
      -1, -1, -1, -1, -1, -1, 1, -1, 1, -1, -1, -1, 1, -1, -1, -1, 1, -1, 1, -1, -1, -1, -1, -1, -1,
    ];
    const x = array([1, 5, 5, 1], image);
    const w = array([3, 3, 1, 1], [1, -1, -1, -1, 1, -1, -1, -1, 1]);
    const y = conv2d(x, w);
    expect(y).toEqual(array([1, 3, 3, 1], [7, -3, 3, -3, 5, -3, 3, -3, 7]));
    const activated = unary('relu', y);
    expect(activated).toEqual(array([1, 3, 3, 1], [7, 0, 3, 0, 5, 0, 3, 0, 7]));
    const pooled = maxPool2d(activated, { size: [2, 2], strides: [1, 1] }).output;
    expect(pooled).toEqual(array([1, 2, 2, 1], [7, 5, 5, 7]));
  });

  it('is a product of matrices where the filter is 1 × 1', () => {
    const x = random(1, [2, 3, 4, 5]);
    const w = random(2, [1, 1, 5, 6]);
    expect(conv2d(x, w).data).toEqual(matmul({ ...x, shape: [24, 5] }, { ...w, shape: [5, 6] }).data);
  });

  it('shows an impulse the filter, turned round', () => {
    const impulse = fromFunction([1, 5, 5, 1], (_, h, w) => (h === 2 && w === 2 ? 1 : 0));
    const w = random(3, [3, 3, 1, 1]);
    expect(conv2d(impulse, w).data).toEqual(w.data.toReversed());
  });

  it('pads with zeros', () => {
    const x = random(4, [2, 4, 5, 2]);
    const w = random(5, [3, 3, 2, 3]);
    const padded = pad(x, [
      [0, 0],
      [1, 2],
      [3, 0],
      [0, 0],
    ]);
    expect(conv2d(x, w, { padding: [1, 2, 3, 0] })).toBeAllClose(conv2d(padded, w), tight);
  });

  it('strides by leaving places out', () => {
    const x = random(6, [1, 8, 9, 2]);
    const w = random(7, [3, 2, 2, 3]);
    const dense = conv2d(x, w);
    const strided = conv2d(x, w, { strides: [2, 3] });
    expect(strided.shape).toEqual([1, 3, 3, 3]);
    expect(strided).toEqual(fromFunction(strided.shape, (n, h, v, c) => at(dense, n, 2 * h, 3 * v, c)));
  });

  it('dilates by zeros between the taps', () => {
    const x = random(8, [1, 8, 9, 2]);
    const w = random(9, [3, 2, 2, 3]);
    const spread = zeros([5, 4, 2, 3]);
    for (let kh = 0; kh < 3; kh++)
      for (let kw = 0; kw < 2; kw++)
        for (let i = 0; i < 6; i++)
          spread.data[(2 * kh * 4 + 3 * kw) * 6 + i] = w.data[(kh * 2 + kw) * 6 + i];
    expect(conv2d(x, w, { dilations: [2, 3] })).toBeAllClose(conv2d(x, spread), tight);
  });

  it('keeps groups apart', () => {
    const x = random(10, [1, 4, 4, 6]);
    const w = random(11, [2, 2, 2, 9]);
    const parts = [0, 1, 2].map((group) =>
      conv2d(slice(x, [0, 0, 0, 2 * group], [1, 4, 4, 2]), slice(w, [0, 0, 0, 3 * group], [2, 2, 2, 3])),
    );
    expect(conv2d(x, w, { groups: 3 })).toBeAllClose(concat(parts, 3), tight);
  });

  it.each(cases)('has the gradients of finite differences: $name', ({ x: xShape, w: wShape, options }) => {
    const x = random(12, xShape);
    const w = random(13, wShape);
    const dy = random(14, conv2dShape(xShape, wShape, options));
    expect(conv2dGradInput(dy, w, xShape, options)).toBeAllClose(
      finiteDifference((probe) => inner(conv2d(probe, w, options), dy), x),
      tight,
    );
    expect(conv2dGradFilter(x, dy, wShape, options)).toBeAllClose(
      finiteDifference((probe) => inner(conv2d(x, probe, options), dy), w),
      tight,
    );
  });

  it.each(cases)('is adjoint to its gradients: $name', ({ x: xShape, w: wShape, options }) => {
    const x = random(15, xShape);
    const w = random(16, wShape);
    const y = conv2d(x, w, options);
    const dy = random(17, y.shape);
    expect(inner(conv2dGradInput(dy, w, xShape, options), x)).toBeCloseTo(inner(y, dy), 10);
    expect(inner(conv2dGradFilter(x, dy, wShape, options), w)).toBeCloseTo(inner(y, dy), 10);
  });

  it('refuses channels that do not fit and windows larger than the image', () => {
    expect(() => conv2dShape([1, 4, 4, 3], [3, 3, 2, 4])).toThrow('conv2d of [1,4,4,3]');
    expect(() => conv2dShape([1, 2, 4, 3], [3, 3, 3, 4])).toThrow('does not fit');
  });
});

describe('padding', () => {
  it("is TensorFlow's", () => {
    expect(padding2d('valid', [5, 5], [3, 3])).toEqual([0, 0, 0, 0]);
    expect(padding2d('same', [5, 6], [3, 4])).toEqual([1, 1, 1, 2]);
    expect(padding2d('same', [28, 28], [5, 5], [2, 2])).toEqual([1, 2, 1, 2]);
    expect(padding2d('same', [7, 6], [2, 3], [2, 2])).toEqual([0, 1, 0, 1]);
    expect(padding2d('same', [9, 9], [1, 1], [2, 2])).toEqual([0, 0, 0, 0]);
    expect(padding2d('same', [7, 7], [3, 3], [1, 1], [2, 2])).toEqual([2, 2, 2, 2]);
  });

  it("makes the output ceil(size / stride) long with 'same'", () => {
    for (let size = 1; size < 12; size++)
      for (let kernel = 1; kernel < 6; kernel++)
        for (let stride = 1; stride < 5; stride++)
          for (const dilation of [1, 2]) {
            const all = (value: number): Pair => [value, value];
            const options = { strides: all(stride), dilations: all(dilation) };
            const padding = padding2d('same', all(size), all(kernel), options.strides, options.dilations);
            const expected = Math.ceil(size / stride);
            expect(outputSize2d(all(size), all(kernel), { ...options, padding })).toEqual([
              expected,
              expected,
            ]);
          }
  });
});

describe('conv2dTranspose', () => {
  it('scatters the filter, scaled by each element', () => {
    const x = array([1, 1, 2, 1], [2, 3]);
    const w = array([1, 3, 1, 1], [1, 10, 100]);
    expect(conv2dTranspose(x, w, [1, 5], { strides: [1, 2] }).data).toEqual(
      Float64Array.of(2, 20, 203, 30, 300),
    );
  });

  it.each(['same', 'valid'] as const)("has Keras's output size with '%s'", (mode) => {
    for (const [kernel, stride] of [
      [4, 2],
      [3, 2],
      [5, 1],
      [2, 3],
      [1, 2],
    ]) {
      const x = random(18, [2, 3, 4, 2]);
      const w = random(19, [kernel, kernel, 3, 2]);
      const strides: Pair = [stride, stride];
      const size = transposedSize2d(mode, [3, 4], [kernel, kernel], strides);
      const options = { strides, padding: padding2d(mode, size, [kernel, kernel], strides) };
      const y = conv2dTranspose(x, w, size, options);
      expect(y.shape).toEqual([2, ...size, 3]);
      expect(size[0]).toBe(mode === 'same' ? 3 * stride : 2 * stride + Math.max(kernel, stride));

      const dy = random(20, y.shape);
      expect(conv2d(dy, w, options)).toBeAllClose(
        finiteDifference((probe) => inner(conv2dTranspose(probe, w, size, options), dy), x),
        tight,
      );
      expect(conv2dGradFilter(dy, x, w.shape, options)).toBeAllClose(
        finiteDifference((probe) => inner(conv2dTranspose(x, probe, size, options), dy), w),
        tight,
      );
    }
  });

  it('refuses a size the convolution would not come from', () => {
    expect(() => conv2dTranspose(random(1, [1, 2, 2, 1]), random(2, [2, 2, 1, 1]), [9, 9])).toThrow(
      'needs an input',
    );
  });
});
