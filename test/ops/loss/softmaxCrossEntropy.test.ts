import { describe, expect, it } from 'vitest';
import { gradients } from '../../../src/graph/autodiff.ts';
import { constant, input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../../../src/ops/loss/softmaxCrossEntropy.ts';
import { reduceMean } from '../../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { checkGradient, evaluate, testGpu } from '../../helpers/evaluate.ts';
import { array, map, random, randomIntegers } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/losses.ts';
import { oneHot } from '../../reference/movement.ts';
import { softmax } from '../../reference/softmax.ts';
import { share } from '../../helpers/share.ts';

type Shape = [N: number, C: number];
const configurations: { variant: string; software: boolean; shapes: Shape[] }[] = [
  { variant: 'row', software: true, shapes: [[1, 1], [3, 5], [33, 10], [2, 63]] },
  { variant: 'row', software: false, shapes: [[65, 3], [31, 65]] },
  // Its kernel is the same for both kinds of device.
  { variant: 'workgroup', software: false, shapes: [[3, 1], [4, 65], [2, 1000]] },
]; // prettier-ignore

/** Loss per sample, and the gradient of their mean. */
const withGradient =
  (loss: (logits: Tensor, targets: Tensor) => Tensor) =>
  (logits: Tensor, targets: Tensor): Tensor[] => {
    const perSample = loss(logits, targets);
    return [perSample, gradients(reduceMean(perSample), [logits])[0]!];
  };

describe.each(configurations)('variant $variant, software $software', ({ variant, software, shapes }) => {
  it.each(share(shapes, 2, 0))('sparse, [%i, %i]: loss and gradient', async (N, C) => {
    const logits = random(N + C, [N, C], -4, 4);
    const labels = randomIntegers(C, [N], C);
    const [loss, gradient] = await evaluate(withGradient(sparseSoftmaxCrossEntropy), [logits, labels], {
      dtypes: ['f32', 'i32'],
      variants: { sparseSoftmaxCrossEntropy: variant },
      software,
    });
    const expected = reference.sparseSoftmaxCrossEntropy(logits, labels);
    expect(loss).toBeAllClose(expected.perSample);
    expect(gradient).toBeAllClose(expected.gradient);
  });

  it.each(share(shapes, 2, 1))('dense, [%i, %i]: loss and gradient', async (N, C) => {
    const logits = random(N + C, [N, C], -4, 4);
    const targets = softmax(random(C, [N, C]));
    const [loss, gradient] = await evaluate(withGradient(softmaxCrossEntropy), [logits, targets], {
      variants: { softmaxCrossEntropy: variant },
      software,
    });
    const expected = reference.softmaxCrossEntropy(logits, targets);
    expect(loss).toBeAllClose(expected.perSample);
    expect(gradient).toBeAllClose(expected.gradient);
  });

  it('is finite and exact for logits of ±1e4 and beyond', async () => {
    const rows = [
      [1e4, -1e4, 0],
      [-1e4, -1e4, -1e4],
      [1e4, 1e4, 1e4 - 1],
      [88, -88, 89],
      [1e30, -1e30, 0],
      [1e-40, -1e-40, 0],
    ];
    const logits = map(array([6, 3], rows.flat()), Math.fround);
    const labels = array([6], [1, 0, 2, 1, 0, 2]);
    const results = await evaluate(withGradient(sparseSoftmaxCrossEntropy), [logits, labels], {
      dtypes: ['f32', 'i32'],
      variants: { sparseSoftmaxCrossEntropy: variant },
      software,
    });
    const expected = reference.sparseSoftmaxCrossEntropy(logits, labels);
    expect(results[0]).toBeAllClose(expected.perSample, { rtol: 1e-6, atol: 1e-5 });
    expect(results[1]).toBeAllClose(expected.gradient, { rtol: 1e-6, atol: 1e-5 });
  });

  it('masks samples whose label is out of range: loss 0, gradient 0', async () => {
    const logits = random(5, [4, 3]);
    const labels = array([4], [-1, 1, 3, 2 ** 31 - 1]);
    const [loss, gradient] = await evaluate(withGradient(sparseSoftmaxCrossEntropy), [logits, labels], {
      dtypes: ['f32', 'i32'],
      variants: { sparseSoftmaxCrossEntropy: variant },
      software,
    });
    const expected = reference.sparseSoftmaxCrossEntropy(
      array([1, 3], logits.data.slice(3, 6)),
      array([1], [1]),
    );
    expect(loss.data).toBeAllClose([0, expected.perSample.data[0], 0, 0]);
    const row = [...expected.gradient.data].map((value) => value / 4);
    expect(gradient.data).toBeAllClose([0, 0, 0, ...row, 0, 0, 0, 0, 0, 0]);
  });

  it('smooths labels', async () => {
    const C = 7;
    const logits = random(1, [6, C], -3, 3);
    const labels = randomIntegers(2, [6], C);
    const smooth = (targets: Array64) => map(targets, (value) => 0.9 * value + 0.1 / C);
    const expected = reference.softmaxCrossEntropy(logits, smooth(oneHot(labels, C)));
    const options = { labelSmoothing: 0.1 };
    const forced = { sparseSoftmaxCrossEntropy: variant, softmaxCrossEntropy: variant };
    const sparse = await evaluate(
      withGradient((x, t) => sparseSoftmaxCrossEntropy(x, t, options)),
      [logits, labels],
      { dtypes: ['f32', 'i32'], variants: forced, software },
    );
    const dense = await evaluate(
      withGradient((x, t) => softmaxCrossEntropy(x, t, options)),
      [logits, oneHot(labels, C)],
      { variants: forced, software },
    );
    for (const [loss, gradient] of [sparse, dense]) {
      expect(loss).toBeAllClose(expected.perSample);
      expect(gradient).toBeAllClose(expected.gradient);
    }
  });

  it('takes more rows than a dispatch has workgroups along x', async () => {
    const N = variant === 'workgroup' ? 65_600 : software ? 8 * 65_535 + 9 : 32 * 65_535 + 33;
    const logits = { shape: [N, 2], data: Float64Array.from({ length: 2 * N }, (_, i) => (i * 0.37) % 5) };
    const labels = { shape: [N], data: Float64Array.from({ length: N }, (_, i) => i % 2) };
    const [loss, gradient] = await evaluate(
      (x, t) => {
        const perSample = sparseSoftmaxCrossEntropy(x, t);
        return [perSample, gradients(reduceSum(perSample), [x])[0]!];
      },
      [logits, labels],
      { dtypes: ['f32', 'i32'], variants: { sparseSoftmaxCrossEntropy: variant }, software },
    );
    const log1pExp = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    let worst = 0;
    for (let row = 0; row < N; row++) {
      const [x, y] = [logits.data[2 * row], logits.data[2 * row + 1]].map(Math.fround);
      const margin = row % 2 === 0 ? y - x : x - y;
      const slope = (1 / (1 + Math.exp(-margin))) * (row % 2 === 0 ? -1 : 1);
      worst = Math.max(
        worst,
        Math.abs(loss.data[row] - log1pExp(margin)),
        Math.abs(gradient.data[2 * row] - slope),
      );
    }
    expect(worst).toBeLessThan(1e-5);
  });
});

it('keeps leading dimensions: logits [2, 3, 4], labels [2, 3]', async () => {
  const logits = random(8, [2, 3, 4]);
  const labels = randomIntegers(9, [2, 3], 4);
  const [loss] = await evaluate((x, t) => sparseSoftmaxCrossEntropy(x, t), [logits, labels], {
    dtypes: ['f32', 'i32'],
  });
  const flat = reference.sparseSoftmaxCrossEntropy(array([6, 4], logits.data), array([6], labels.data));
  expect(loss).toBeAllClose(array([2, 3], flat.perSample.data));
});

it('weights samples: an upstream gradient that is no constant', async () => {
  const logits = random(3, [5, 4]);
  const labels = array([5], [0, 3, 2, 1, 1]);
  const weights = [0.5, -2, 0, 1, 3];
  const [gradient] = await evaluate(
    (x, t) => {
      const weighted = multiply(sparseSoftmaxCrossEntropy(x, t), constant(Float32Array.from(weights)));
      return gradients(reduceSum(weighted), [x])[0]!;
    },
    [logits, labels],
    { dtypes: ['f32', 'i32'] },
  );
  const expected = reference.sparseSoftmaxCrossEntropy(logits, labels).gradient;
  expect(gradient).toBeAllClose(map(expected, (value, i) => value * 5 * weights[Math.floor(i / 4)]));
});

it.each([0, 0.2])(
  'has the gradients of finite differences, by logits and by targets, smoothing %f',
  async (s) => {
    const logits = random(13, [4, 6], -2, 2);
    const targets = random(14, [4, 6], 0, 1); // sums differ from 1
    const smoothed = (t: Array64): Array64 => {
      const sums = [0, 1, 2, 3].map((row) => t.data.slice(row * 6, row * 6 + 6).reduce((a, b) => a + b, 0));
      return map(t, (value, i) => (1 - s) * value + (s / 6) * sums[Math.floor(i / 6)]);
    };
    const check = checkGradient(
      (x, t) => softmaxCrossEntropy(x, t, { labelSmoothing: s }),
      [logits, targets],
      {
        reference: (x, t) => reference.softmaxCrossEntropy(x, smoothed(t)).perSample,
        rtol: 1e-4,
        atol: 1e-5,
      },
    );
    await expect(check).resolves.toBeUndefined();
  },
);

it('computes a loss and the gradient of its mean in one dispatch', async () => {
  const gpu = await testGpu();
  const program = await gpu.compile(() => {
    const [loss, gradient] = withGradient(sparseSoftmaxCrossEntropy)(
      input('x', [8, 5]),
      input('t', [8], 'i32'),
    );
    return { loss, gradient };
  });
  expect(program.build.dispatches.map(({ kernel }) => kernel.name)).toEqual(['loss/softmax_cross_entropy']);
  program.destroy();
});

it('adds the terms of a wide row in blocks: the error does not grow with the row', async () => {
  const [logits, targets] = [random(1, [1, 65_544], -4, 4), random(2, [1, 65_544], 0, 4)];
  const [loss, gradient] = await evaluate(withGradient(softmaxCrossEntropy), [logits, targets]);
  const expected = reference.softmaxCrossEntropy(logits, targets);
  expect(loss).toBeAllClose(expected.perSample, { rtol: 2e-6, atol: 0 });
  expect(gradient).toBeAllClose(expected.gradient, { rtol: 1e-5, atol: 1e-5 });
});

it('gives the same bits in every run', async () => {
  const once = () =>
    evaluate(withGradient(sparseSoftmaxCrossEntropy), [random(1, [33, 10]), randomIntegers(2, [33], 10)], {
      dtypes: ['f32', 'i32'],
    });
  const [first, second] = [await once(), await once()];
  expect(second).toEqual(first);
});

describe('refuses', () => {
  const logits = input('logits', [4, 3]);
  it('labels of another shape', () => {
    expect(() => sparseSoftmaxCrossEntropy(logits, input('labels', [3], 'i32'))).toThrow(
      'sparseSoftmaxCrossEntropy: logits [4, 3] need labels of shape [4], got [3]',
    );
    expect(() => softmaxCrossEntropy(logits, input('targets', [4, 2]))).toThrow(
      /need targets of shape \[4, 3\]/,
    );
  });
  it('labels of another type', () => {
    expect(() => sparseSoftmaxCrossEntropy(logits, input('labels', [4]))).toThrow(/use softmaxCrossEntropy/);
    expect(() => softmaxCrossEntropy(logits, input('labels', [4], 'i32'))).toThrow(
      /use sparseSoftmaxCrossEntropy/,
    );
  });
  it('a label smoothing outside [0, 1)', () => {
    const labels = input('labels', [4], 'i32');
    for (const labelSmoothing of [-0.1, 1, NaN]) {
      expect(() => sparseSoftmaxCrossEntropy(logits, labels, { labelSmoothing })).toThrow(
        /labelSmoothing is/,
      );
    }
  });
});
