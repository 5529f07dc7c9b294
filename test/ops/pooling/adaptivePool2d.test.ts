import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { constant, input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import type { Pair } from '../../../src/ops/core/window.ts';
import { multiply, relu, square } from '../../../src/ops/elementwise/elementwise.ts';
import { adaptiveAveragePool2d, adaptiveMaxPool2d } from '../../../src/ops/pooling/adaptivePool2d.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { checkGradient, evaluate, testGpu } from '../../helpers/evaluate.ts';
import { array, map, random, randomIntegers } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/pooling.ts';
import { share } from '../../helpers/share.ts';

const cases: { shape: number[]; size: Pair }[] = [
  { shape: [1, 1, 1, 1], size: [1, 1] },
  { shape: [2, 7, 5, 4], size: [3, 2] },
  { shape: [2, 7, 5, 3], size: [2, 4] },
  { shape: [1, 10, 13, 8], size: [7, 7] },
  { shape: [2, 3, 2, 4], size: [5, 7] }, // larger than the image: elements come several times
  { shape: [1, 6, 8, 1], size: [3, 5] }, // equal rows, unequal columns
  { shape: [2, 6, 8, 4], size: [3, 2] }, // equal windows
  { shape: [1, 9, 9, 2], size: [1, 1] },
  { shape: [3, 65, 2, 4], size: [64, 1] },
];

const weighted = (y: Tensor, dy: Array64) =>
  reduceSum(multiply(y, constant(Float32Array.from(dy.data), dy.shape)));

describe.each([true, false])('software %s', (software) => {
  it.each(share(cases, 2, software ? 0 : 1))('$shape to $size', async ({ shape, size }) => {
    // every other value is one of few, so that there are ties
    const few = randomIntegers(2, shape, 3);
    const x = map(random(1, shape), (v, i) => (i % 2 === 0 ? v : few.data[i] - 1));
    const dy = random(3, [shape[0], ...size, shape[3]]);
    const [mean, meanGradient, max, maxGradient, positive] = await evaluate(
      (t) => {
        const both = [adaptiveAveragePool2d(t, size), adaptiveMaxPool2d(t, size)];
        const pairs = both.flatMap((y) => [y, gradients(weighted(y, dy), [t])[0]!]);
        return [...pairs, relu(adaptiveMaxPool2d(t, size))];
      },
      [x],
      { software },
    );
    const exact = { rtol: 1e-7, atol: 0 }; // x is rounded to f32
    expect(mean).toBeAllClose(reference.adaptiveAvgPool2d(x, size));
    expect(meanGradient).toBeAllClose(reference.adaptiveAvgPool2dGrad(dy, shape));
    const { output, winners } = reference.adaptiveMaxPool2d(x, size);
    expect(max).toBeAllClose(output, exact);
    expect(positive).toBeAllClose(
      map(output, (v) => Math.max(v, 0)),
      exact,
    );
    expect(maxGradient).toBeAllClose(reference.adaptiveMaxPool2dGrad(dy, winners, shape));
  });
});

it('has the windows of PyTorch’s documentation and forum', () => {
  // torch.nn.functional.adaptive_avg_pool1d over 5 elements to 3: [0, 1], [1, 2, 3], [3, 4]
  expect([0, 1, 2].map((o) => reference.adaptiveWindow(o, 5, 3))).toEqual([[0, 1], [1, 2, 3], [3, 4]]); // prettier-ignore
});

it('agrees with finite differences, and so does the second derivative of the mean', async () => {
  const [size, shape] = [[3, 2] as Pair, [1, 5, 3, 2]];
  const x = random(4, shape);
  await checkGradient((t) => adaptiveAveragePool2d(t, size), [x], {
    reference: (a) => reference.adaptiveAvgPool2d(a, size),
  });
  await checkGradient((t) => gradients(reduceSum(square(adaptiveAveragePool2d(t, size))), [t])[0]!, [x], {
    reference: (a) =>
      map(reference.adaptiveAvgPool2dGrad(reference.adaptiveAvgPool2d(a, size), shape), (v) => 2 * v),
  });
  await checkGradient((t) => adaptiveMaxPool2d(t, size), [x], {
    reference: (a) => reference.adaptiveMaxPool2d(a, size).output,
  });
});

it('gives the first NaN of a window, and −Infinity where there is nothing else', async () => {
  const x = array([1, 1, 5, 1], [-Infinity, -Infinity, NaN, 7, 3]);
  const [y] = await evaluate((t) => adaptiveMaxPool2d(t, [1, 3]), [x]);
  expect([...y.data]).toEqual([-Infinity, NaN, 7]);
});

it('is one dispatch, with what follows; equal windows are the ordinary pool', async () => {
  const gpu = await testGpu();
  const x = input('x', [2, 7, 7, 8]);
  const labels = async (build: () => Tensor) => {
    const program = await gpu.compile(() => ({ y: build() }));
    program.destroy();
    return program.commands.map(({ label }) => label);
  };
  expect(await labels(() => relu(adaptiveMaxPool2d(x, 3)))).toEqual(['adaptiveMaxPool2d']);
  expect(await labels(() => relu(adaptiveAveragePool2d(x, [3, 4])))).toEqual(['adaptiveAveragePool2d']);
  expect(adaptiveMaxPool2d(x, [7, 1]).node.op.name).toBe('maxPool2d');
  expect(adaptiveAveragePool2d(x, 1).node.op.name).toBe('averagePool2d');
});

it('refuses what is no image and no size', () => {
  const x = input('x', [2, 7, 7, 3]);
  for (const pool of [adaptiveAveragePool2d, adaptiveMaxPool2d]) {
    expect(() => pool(input('x', [7, 7, 3]), 2)).toThrow(ShapeError);
    expect(() => pool(input('x', [2, 7, 7, 3], 'i32'), 2)).toThrow(ArgumentError);
    for (const size of [0, 1.5, NaN, [2, -1]]) expect(() => pool(x, size as number)).toThrow(ShapeError);
  }
});
