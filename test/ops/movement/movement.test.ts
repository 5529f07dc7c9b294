import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { multiply, negate, relu, scale } from '../../../src/ops/elementwise/elementwise.ts';
import {
  flatten,
  pad,
  reshape,
  reverse,
  slice,
  stopGradient,
  transpose,
} from '../../../src/ops/movement/movement.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { fromFunction, map, random, randomIntegers, zeros } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/movement.ts';

const exact = { rtol: 0, atol: 0 };

/** Every step-th element; the reference slice takes neighbours only. */
function sliceSteps(
  x: Array64,
  begin: readonly number[],
  size: readonly number[],
  step: readonly number[],
): Array64 {
  const strides = x.shape.map((_, axis) => x.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return fromFunction(
    size,
    (...coords) =>
      x.data[coords.reduce((sum, c, axis) => sum + (begin[axis] + c * step[axis]) * strides[axis], 0)],
  );
}

describe('reshape and flatten', () => {
  it('keep the elements and change the shape', async () => {
    const x = random(1, [2, 3, 4]);
    const [a, b, c] = await evaluate((t) => [reshape(t, [4, -1]), flatten(t), relu(reshape(t, [24]))], [x]);
    expect(a).toBeAllClose({ shape: [4, 6], data: x.data }, exact);
    expect(b).toBeAllClose({ shape: [2, 12], data: x.data }, exact);
    expect(c).toBeAllClose({ shape: [24], data: x.data.map((v) => Math.max(v, 0)) }, exact);
  });

  it('pass the gradient on in the input’s shape', async () => {
    await checkGradient((t) => flatten(t), [random(2, [2, 3, 2])], {
      reference: (x) => reference.reshape(x, [2, 6]),
    });
  });

  it('refuse shapes of another size, empty ones, and two unknowns', () => {
    const x = input('x', [2, 3]);
    expect(() => reshape(x, [4, 2])).toThrow(ShapeError);
    expect(() => reshape(x, [4, -1])).toThrow(/do not divide/);
    expect(() => reshape(x, [-1, -1])).toThrow(ShapeError);
    expect(() => reshape(x, [0, 6])).toThrow(ShapeError);
    expect(() => flatten(input('s', []))).toThrow(ShapeError);
  });
});

describe('stopGradient', () => {
  it('passes values, and no gradient', async () => {
    const x = random(3, [5]);
    // d/dx of 2x · stop(x) is 2 stop(x), not 4x
    const [dx] = await evaluate(
      (t) => gradients(reduceSum(multiply(scale(t, 2), stopGradient(t))), [t]) as Tensor[],
      [x],
    );
    expect(dx).toBeAllClose(map(x, (v) => 2 * v), exact); // prettier-ignore
  });
});

const permutations: [number[], number[]][] = [
  [[5], [0]],
  [
    [3, 5],
    [1, 0],
  ],
  [
    [64, 65],
    [1, 0],
  ],
  [
    [1, 63],
    [1, 0],
  ],
  [
    [2, 33, 40],
    [0, 2, 1],
  ],
  [
    [2, 3, 4],
    [2, 0, 1],
  ],
  [
    [2, 3, 8],
    [1, 0, 2],
  ],
  [
    [2, 3, 4, 5],
    [0, 3, 1, 2],
  ],
  [
    [3, 4, 2, 8],
    [2, 1, 0, 3],
  ],
  [
    [2, 1, 3, 2, 3],
    [4, 2, 0, 1, 3],
  ],
  [
    [2, 3, 2, 2, 3, 2],
    [5, 1, 4, 0, 3, 2],
  ],
];

describe('transpose', () => {
  for (const [shape, permutation] of permutations) {
    for (const software of [true, false]) {
      it(`[${shape}] by [${permutation}], ${software ? 'software' : 'GPU'} target`, async () => {
        const x = random(4, shape);
        const [y] = await evaluate((t) => negate(transpose(t, permutation)), [x], { software });
        expect(y).toBeAllClose(map(reference.transpose(x, permutation), (v) => -v), exact); // prettier-ignore
      });
    }
  }

  for (const variant of ['strided', 'tiled']) {
    it(`variant ${variant}, with a fused activation`, async () => {
      const x = random(5, [2, 37, 35]);
      const [y] = await evaluate((t) => relu(transpose(t, [0, 2, 1])), [x], {
        variants: { transpose: variant },
      });
      const expected = reference.transpose(x, [0, 2, 1]);
      expect(y).toBeAllClose(
        map(expected, (v) => Math.max(v, 0)),
        exact,
      );
    });
  }

  it('reverses all dimensions by default, works on integers, and has a gradient', async () => {
    const x = randomIntegers(6, [3, 4, 5], 1000);
    const [y] = await evaluate((t) => transpose(t), [x], { dtypes: ['i32'] });
    expect(y).toBeAllClose(reference.transpose(x), exact);
    await checkGradient((t) => transpose(t, [2, 0, 1]), [random(7, [2, 3, 4])], {
      reference: (a) => reference.transpose(a, [2, 0, 1]),
    });
  });

  it('is free where only dimensions of extent 1 move', () => {
    expect(transpose(input('x', [4, 1, 1, 3]), [0, 2, 3, 1]).node.op.kind).toBe('alias');
  });

  it('refuses what is no permutation', () => {
    const x = input('x', [2, 3]);
    expect(() => transpose(x, [0, 0])).toThrow(ShapeError);
    expect(() => transpose(x, [0])).toThrow(/one entry per dimension/);
    expect(() => transpose(x, [0, 2])).toThrow(ShapeError);
  });
});

const slices: [number[], number[], number[], number[]][] = [
  [[7], [2], [3], [1]],
  [[7], [1], [3], [2]],
  [
    [5, 8],
    [1, 4],
    [3, 4],
    [1, 1],
  ],
  [
    [5, 8],
    [0, 1],
    [2, 4],
    [3, 2],
  ],
  [
    [6, 3, 8],
    [1, 0, 0],
    [4, 3, 8],
    [1, 1, 1],
  ],
  [
    [2, 3, 4, 5],
    [0, 1, 0, 2],
    [2, 2, 4, 1],
    [1, 1, 1, 1],
  ],
  [
    [2, 2, 3, 2, 2, 3],
    [1, 0, 1, 0, 1, 0],
    [1, 2, 2, 2, 1, 2],
    [1, 1, 1, 1, 1, 2],
  ],
];

describe('slice', () => {
  for (const [shape, begin, size, step] of slices) {
    it(`[${shape}] from [${begin}], size [${size}], step [${step}]`, async () => {
      const x = random(8, shape);
      const expected = sliceSteps(x, begin, size, step);
      for (const software of [true, false]) {
        const [y] = await evaluate((t) => slice(t, begin, size, step), [x], { software });
        expect(y).toBeAllClose(expected, exact);
      }
      await checkGradient((t) => slice(t, begin, size, step), [x], {
        reference: (a) => sliceSteps(a, begin, size, step),
      });
    });
  }

  it('agrees with the reference, takes -1 for the rest, and returns x where nothing is cut', async () => {
    const x = random(9, [4, 6]);
    const [y] = await evaluate((t) => slice(t, [1, 2], [2, -1]), [x]);
    expect(y).toBeAllClose(reference.slice(x, [1, 2], [2, 4]), exact);
    const t = input('x', [4, 6]);
    expect(slice(t, [0, 0], [-1, 6])).toBe(t);
  });

  it('refuses blocks outside and empty ones', () => {
    const x = input('x', [4, 6]);
    expect(() => slice(x, [3, 0], [2, 6])).toThrow(ShapeError);
    expect(() => slice(x, [-1, 0], [2, 6])).toThrow(ShapeError);
    expect(() => slice(x, [0, 0], [0, 6])).toThrow(ShapeError);
    expect(() => slice(x, [0, 0], [2, 3], [1, 3])).toThrow(/step/);
    expect(() => slice(x, [0], [2])).toThrow(/one entry per dimension/);
  });
});

const pads: [number[], [number, number][]][] = [
  [[3], [[2, 1]]],
  [[2, 4], [[1, 0], [0, 0]]],
  [[2, 4], [[0, 1], [4, 4]]],
  [[2, 4], [[0, 0], [3, 2]]],
  [[1, 3, 3, 2], [[0, 0], [1, 1], [2, 0], [0, 0]]],
  [[2, 1, 2, 1, 2, 3], [[0, 0], [1, 1], [0, 1], [0, 0], [1, 0], [0, 0]]],
]; // prettier-ignore

describe('pad', () => {
  for (const [shape, paddings] of pads) {
    it(`[${shape}] by ${JSON.stringify(paddings)}`, async () => {
      const x = random(10, shape);
      for (const software of [true, false]) {
        const [y] = await evaluate((t) => pad(t, paddings, { value: -0.25 }), [x], { software });
        expect(y).toBeAllClose(reference.pad(x, paddings, -0.25), exact);
      }
      await checkGradient((t) => pad(t, paddings), [x], { reference: (a) => reference.pad(a, paddings) });
    });
  }

  it('puts values between neighbours', async () => {
    const x = random(11, [2, 3]);
    const [y] = await evaluate((t) => pad(t, [[1, 0], [0, 2]], { interior: [1, 2] }), [x]); // prettier-ignore
    const expected = zeros([4, 9]);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++) expected.data[(1 + 2 * i) * 9 + 3 * j] = x.data[i * 3 + j];
    expect(y).toBeAllClose(expected, exact);
  });

  it('fills integers exactly', async () => {
    const [y] = await evaluate(
      (t) => pad(t, [[1, 1]], { value: -123456789 }),
      [{ shape: [1], data: Float64Array.of(7) }],
      {
        dtypes: ['i32'],
      },
    );
    expect([...y.data]).toEqual([-123456789, 7, -123456789]);
  });

  it('refuses negative counts and infinite values', () => {
    const x = input('x', [2, 3]);
    expect(() => pad(x, [[-1, 0], [0, 0]])).toThrow(ShapeError); // prettier-ignore
    expect(() => pad(x, [[1, 0]])).toThrow(ShapeError);
    expect(() => pad(x, [[1, 0], [0, 0]], { value: NaN })).toThrow(ArgumentError); // prettier-ignore
  });
});

describe('reverse', () => {
  const cases: [number[], number[]][] = [
    [[5], [0]],
    [[3, 4], [0]],
    [[3, 4], [1]],
    [
      [2, 3, 4],
      [0, 2],
    ],
    [
      [2, 3, 2, 1, 3, 4],
      [0, 2, 4],
    ],
  ];
  for (const [shape, axes] of cases) {
    it(`[${shape}] along [${axes}]`, async () => {
      const x = random(12, shape);
      for (const software of [true, false]) {
        const [y] = await evaluate((t) => reverse(t, axes), [x], { software });
        expect(y).toBeAllClose(reference.flip(x, axes), exact);
      }
      await checkGradient((t) => reverse(t, axes), [x], { reference: (a) => reference.flip(a, axes) });
    });
  }
});

it('copies more elements than one dimension of workgroups holds', async () => {
  const shape = [2, 2_100_000]; // > 65,535 groups of 64, and of 32
  const x = map(zeros(shape), (_, i) => i % 1021);
  for (const software of [true, false]) {
    const [y] = await evaluate((t) => reverse(t, [0]), [x], { software, dtypes: ['i32'] });
    expect(y.data[0]).toBe(2_100_000 % 1021);
    expect(y.data[4_199_999]).toBe(2_099_999 % 1021);
    expect(y.data.every((value, i) => value === (i < 2_100_000 ? i + 2_100_000 : i - 2_100_000) % 1021)).toBe(
      true,
    );
  }
});
