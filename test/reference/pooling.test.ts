import { describe, expect, it } from 'vitest';
import { finiteDifference } from '../helpers/close.ts';
import { array, full, inner, random } from './array.ts';
import { padding2d } from './conv2d.ts';
import {
  avgPool2d,
  avgPool2dGrad,
  globalAvgPool2d,
  globalAvgPool2dGrad,
  globalMaxPool2d,
  globalMaxPool2dGrad,
  maxPool2d,
  maxPool2dGrad,
  pool2dShape,
  type Pool2dOptions,
} from './pooling.ts';
import { argmax, reduce } from './reduce.ts';

const tight = { rtol: 1e-7, atol: 1e-8 };
const cases: { name: string; options: Pool2dOptions }[] = [
  { name: '2 × 2', options: { size: [2, 2] } },
  { name: 'overlapping', options: { size: [3, 2], strides: [1, 1] } },
  { name: 'with gaps', options: { size: [2, 1], strides: [3, 2] } },
  {
    name: 'same',
    options: { size: [3, 2], strides: [2, 2], padding: padding2d('same', [6, 7], [3, 2], [2, 2]) },
  },
  { name: 'padded', options: { size: [3, 3], strides: [2, 2], padding: [2, 1, 1, 2] } },
];

describe.each(cases)('pooling, $name', ({ options }) => {
  const x = random(1, [2, 6, 7, 3]);
  const dy = random(2, pool2dShape(x.shape, options));

  it('has the gradients of finite differences', () => {
    const { argmax: winners } = maxPool2d(x, options);
    expect(maxPool2dGrad(dy, winners, x.shape, options)).toBeAllClose(
      finiteDifference((probe) => inner(maxPool2d(probe, options).output, dy), x),
      tight,
    );
    expect(avgPool2dGrad(dy, x.shape, options)).toBeAllClose(
      finiteDifference((probe) => inner(avgPool2d(probe, options), dy), x),
      tight,
    );
  });

  it('leaves a constant image as it is, padding or not', () => {
    const constant = full(x.shape, -2.5);
    expect(maxPool2d(constant, options).output).toEqual(full(dy.shape, -2.5));
    expect(avgPool2d(constant, options)).toBeAllClose(full(dy.shape, -2.5), tight);
  });
});

describe('max pooling', () => {
  it('remembers where in the window the first maximum was', () => {
    const x = array([1, 3, 4, 1], [1, 5, 5, 0, 5, 5, 0, 9, 9, 1, 9, 9]);
    const { output, argmax: winners } = maxPool2d(x, { size: [2, 2], strides: [1, 1] });
    expect(output).toEqual(array([1, 2, 3, 1], [5, 5, 9, 9, 9, 9]));
    expect(winners).toEqual(array([1, 2, 3, 1], [1, 0, 3, 2, 3, 1]));
    const dx = maxPool2dGrad(array([1, 2, 3, 1], [1, 2, 4, 8, 16, 32]), winners, x.shape, {
      size: [2, 2],
      strides: [1, 1],
    });
    expect(dx).toEqual(array(x.shape, [0, 3, 0, 0, 0, 0, 0, 36, 8, 0, 16, 0]));
  });

  it('refuses padding that could fill a window', () => {
    expect(() => pool2dShape([1, 4, 4, 1], { size: [2, 2], padding: [2, 0, 0, 0] })).toThrow(
      'without any element',
    );
  });
});

describe('average pooling', () => {
  it('divides by the elements that are there', () => {
    const x = array([1, 1, 3, 1], [2, 4, 9]);
    const padding = padding2d('same', [1, 3], [2, 2], [2, 2]);
    expect(avgPool2d(x, { size: [2, 2], padding })).toEqual(array([1, 1, 2, 1], [3, 9]));
  });
});

describe('global pooling', () => {
  const x = random(3, [2, 3, 4, 5]);
  const dy = random(4, [2, 5]);

  it('reduces each channel', () => {
    expect(globalAvgPool2d(x)).toBeAllClose(reduce('mean', x, { axes: [1, 2] }), tight);
    expect(globalMaxPool2d(x).output).toEqual(reduce('max', x, { axes: [1, 2] }));
    expect(globalMaxPool2d(x).argmax).toEqual(argmax({ shape: [2, 12, 5], data: x.data }, 1));
  });

  it('has the gradients of finite differences', () => {
    expect(globalAvgPool2dGrad(dy, x.shape)).toBeAllClose(
      finiteDifference((probe) => inner(globalAvgPool2d(probe), dy), x),
      tight,
    );
    expect(globalMaxPool2dGrad(dy, globalMaxPool2d(x).argmax, x.shape)).toBeAllClose(
      finiteDifference((probe) => inner(globalMaxPool2d(probe).output, dy), x),
      tight,
    );
  });
});
