import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { conv2d, conv2dGradFilter, conv2dGradInput } from '../../src/ops/conv2d/conv2d.ts';
import { fill } from '../../src/ops/core/leaves.ts';
import * as ew from '../../src/ops/elementwise/elementwise.ts';
import { orthonormalize } from '../../src/ops/linalg/orthonormalize.ts';
import { categoricalAccuracy } from '../../src/ops/loss/accuracy.ts';
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../../src/ops/loss/softmaxCrossEntropy.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { concat } from '../../src/ops/movement/concat.ts';
import { gather } from '../../src/ops/movement/gather.ts';
import { pad, reverse, slice, transpose } from '../../src/ops/movement/movement.ts';
import { normalize } from '../../src/ops/normalization/normalize.ts';
import { averagePool2d } from '../../src/ops/pooling/averagePool2d.ts';
import { maxPool2d } from '../../src/ops/pooling/maxPool2d.ts';
import { dropout } from '../../src/ops/random/dropout.ts';
import { argmax, argmin } from '../../src/ops/reduce/argmax.ts';
import { reduceMax, reduceMean, reduceMin, reduceProd } from '../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { resize2d } from '../../src/ops/resize/resize2d.ts';
import { logSoftmax, softmax } from '../../src/ops/softmax/softmax.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array, map, random, zeros } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as conv from '../reference/conv2d.ts';
import * as losses from '../reference/losses.ts';
import * as product from '../reference/matmul.ts';
import { avgPool2d, maxPool2d as maxPool, maxPool2dGrad } from '../reference/pooling.ts';
import { argmax as argmaxOf, reduce, reduceGrad } from '../reference/reduce.ts';
import type { Reduction } from '../reference/reduce.ts';
import * as soft from '../reference/softmax.ts';

/** Close, and NaN exactly where NaN is expected. */
function expectSame(found: Array64, expected: Array64, what = ''): void {
  expect(found.shape, `${what}`).toEqual(expected.shape);
  const nan = ({ data }: Array64) => [...data.keys()].filter((i) => Number.isNaN(data[i]));
  expect(nan(found), `where ${what} is NaN`).toEqual(nan(expected));
  const shown = (x: Array64) => map(x, (value) => (Number.isNaN(value) ? 0 : value));
  expect(shown(found), `${what}`).toBeAllClose(shown(expected), { rtol: 1e-4, atol: 1e-5 });
}

/** `x` with the value at each of the positions. */
const put = (x: Array64, value: number, ...positions: number[]) =>
  map(x, (own, i) => (positions.includes(i) ? value : own));

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** Rows of numbers; with −Infinity, once and for all but one; nothing but −Infinity; with NaN; with Infinity. */
function rows(classes: number): Array64 {
  const data = random(classes, [8, classes], -3, 3);
  const at = (row: number, j: number) => row * classes + (j % classes);
  const all = (row: number) => Array.from({ length: classes }, (_, j) => at(row, j));
  const masked = put(data, -inf, at(1, 3), ...all(2).slice(1), ...all(3));
  return put(put(put(masked, nan, at(4, 0), at(5, classes - 1)), inf, at(6, 2)), 1e4, at(7, 1));
}

describe.each(['rows', 'workgroup'])('softmax and log-softmax, variant %s', (variant) => {
  const names = ['softmax', 'logSoftmax', 'softmaxGradient', 'logSoftmaxGradient'];
  const options = {
    software: variant === 'rows',
    variants: Object.fromEntries(names.map((n) => [n, variant])),
  };

  it.each(variant === 'rows' ? [5, 8, 65] : [8, 65])('over %i classes', async (classes) => {
    const x = rows(classes);
    const dy = put(random(2, x.shape), nan, 7 * classes + 4);
    const [y, z, dx, dz] = await evaluate(
      (t, d) => {
        const [a, b] = [softmax(t), logSoftmax(t)];
        return [a, b, ...[a, b].map((own) => gradients(reduceSum(ew.multiply(own, d)), [t])[0]!)];
      },
      [x, dy],
      options,
    );
    expectSame(y, soft.softmax(x), 'softmax');
    expectSame(z, soft.logSoftmax(x), 'logSoftmax');
    expectSame(dx, soft.softmaxGrad(soft.softmax(x), dy), 'the gradient of softmax');
    expectSame(dz, soft.logSoftmaxGrad(soft.logSoftmax(x), dy), 'the gradient of logSoftmax');
  });
});

describe.each([
  { variant: 'row', software: true },
  { variant: 'workgroup', software: false },
])('softmax cross-entropy and accuracy, variant $variant', ({ variant, software }) => {
  const names = ['softmaxCrossEntropy', 'sparseSoftmaxCrossEntropy', 'categoricalAccuracy'];
  const options = { software, variants: Object.fromEntries(names.map((name) => [name, variant])) };

  it.each(software ? [5, 70] : [70])('of %i classes', async (classes) => {
    const x = rows(classes);
    // Row 1 is masked beside its label, row 2 has its label alone, row 3 nothing.
    const labels = array([8], [0, 2, 0, 1, 1, 1, 1, 1]);
    const targets = map(
      zeros([8, classes]),
      (_, i) => +(i % classes === labels.data[Math.floor(i / classes)]),
    );
    const [sparse, dense, dSparse, dDense, correct, agree] = await evaluate(
      (t, l, d) => {
        const both = [sparseSoftmaxCrossEntropy(t, l), softmaxCrossEntropy(t, d)];
        return [
          ...both,
          ...both.map((loss) => gradients(reduceSum(loss), [t])[0]!),
          categoricalAccuracy(t, l),
          categoricalAccuracy(t, d),
        ];
      },
      [x, labels, targets],
      { ...options, dtypes: ['f32', 'i32', 'f32'] },
    );
    const expected = losses.sparseSoftmaxCrossEntropy(x, labels);
    for (const loss of [sparse, dense]) expectSame(loss, expected.perSample, 'the loss');
    const summed = map(expected.gradient, (value) => 8 * value);
    for (const gradient of [dSparse, dDense]) expectSame(gradient, summed, 'its gradient');
    const hits = map(losses.correct(x, labels), (hit, row) => (row === 4 || row === 5 ? nan : hit));
    for (const accuracy of [correct, agree]) expectSame(accuracy, hits, 'the accuracy');
  });

  it('has an infinite loss and a finite gradient where the label itself is masked, and none without a label', async () => {
    const x = array([3, 3], [-inf, 0, 0, -inf, 0, 0, nan, 0, 0]);
    const [loss, gradient] = await evaluate(
      (t, l) => {
        const own = sparseSoftmaxCrossEntropy(t, l);
        return [own, gradients(reduceSum(own), [t])[0]!];
      },
      [x, array([3], [0, -1, -1])],
      { ...options, dtypes: ['f32', 'i32'] },
    );
    expectSame(loss, array([3], [inf, 0, nan]));
    expectSame(gradient, array([3, 3], [-1, 0.5, 0.5, 0, 0, 0, nan, nan, nan]));
  });
});

describe.each(['lanes', 'tree'])('reductions, variant %s', (variant) => {
  const builders = { sum: reduceSum, mean: reduceMean, max: reduceMax, min: reduceMin, prod: reduceProd };
  const names = [
    ...Object.keys(builders).map((n) => `reduce${n[0].toUpperCase()}${n.slice(1)}`),
    'argmax',
    'argmin',
  ];
  const options = {
    software: variant === 'lanes',
    variants: Object.fromEntries(names.map((n) => [n, variant])),
  };

  it.each([
    { shape: [6, 67], axis: 1 },
    { shape: [70, 8], axis: 0 },
    ...(variant === 'lanes'
      ? [
          { shape: [6, 64], axis: 1 },
          { shape: [70, 6], axis: 0 },
        ]
      : []),
  ])('of $shape along $axis', async ({ shape, axis }) => {
    const at = (line: number, i: number) => (axis === 1 ? line * shape[1] + i : i * shape[1] + line);
    const last = shape[axis] - 1;
    // A NaN first, last, among infinities; Infinity; nothing finite.
    let x = put(random(1, shape), nan, at(0, 0), at(1, last), at(2, 9));
    x = put(put(x, inf, at(2, 3), at(3, 5)), -inf, at(3, 6), at(4, 2));
    x = put(x, nan, at(2, 11));
    const extremes: Reduction[] = ['max', 'min'];
    const found = await evaluate(
      (t) => [
        ...Object.values(builders).map((build) => build(t, { axes: [axis] })),
        ...extremes.map((name) => gradients(reduceSum(builders[name](t, { axes: [axis] })), [t])[0]!),
        argmax(t, axis),
        argmin(t, axis),
      ],
      [x],
      options,
    );
    for (const name of Object.keys(builders) as Reduction[]) {
      expectSame(found.shift()!, reduce(name, x, { axes: [axis] }), name);
    }
    for (const name of extremes) {
      const ones = map(reduce('sum', x, { axes: [axis] }), () => 1);
      expectSame(found.shift()!, reduceGrad(name, x, ones, { axes: [axis] }), `the gradient of ${name}`);
    }
    expectSame(found.shift()!, argmaxOf(x, axis), 'argmax');
    expectSame(
      found.shift()!,
      argmaxOf(
        map(x, (value) => -value),
        axis,
      ),
      'argmin',
    );
  });
});

describe('windows', () => {
  it.each([
    { channels: 4, stride: 2 },
    { channels: 3, stride: 1 },
  ])('max and average pooling of $channels channels, stride $stride', async ({ channels, stride }) => {
    const shape = [2, 5, 6, channels];
    const pixel = (y: number, x: number) => (y * 6 + x) * channels;
    let x = put(random(3, shape), nan, pixel(0, 0), pixel(2, 3) + 1, pixel(3, 3) + 1, pixel(4, 5) + 2);
    x = put(
      put(x, inf, pixel(1, 1) + 1),
      -inf,
      pixel(2, 2) + 2,
      pixel(2, 3) + 2,
      pixel(3, 2) + 2,
      pixel(3, 3) + 2,
    );
    const window = { size: [2, 2], strides: [stride, stride], padding: [0, 1, 0, 0] } as const;
    const pool = { poolSize: 2, stride, padding: window.padding };
    const [max, mean, dx] = await evaluate(
      (t) => {
        const y = maxPool2d(t, pool);
        // not of y, which is NaN in places: what arrives is 1 everywhere
        return [y, averagePool2d(t, pool), gradients(reduceSum(y), [t])[0]!];
      },
      [x],
    );
    const { output, argmax: taps } = maxPool(x, window);
    expectSame(max, output, 'max');
    expectSame(mean, avgPool2d(x, window), 'mean');
    expectSame(
      dx,
      maxPool2dGrad(
        map(output, () => 1),
        taps,
        shape,
        window,
      ),
      'the gradient of max',
    );
  });

  it.each(['nearest', 'bilinear'] as const)('%s resizing keeps a NaN', async (interpolation) => {
    const x = put(random(1, [1, 3, 3, 4]), nan, 16);
    const [y] = await evaluate((t) => resize2d(t, [6, 6], { interpolation }), [x]);
    const whole = [...y.data.keys()].filter((i) => Number.isNaN(y.data[i]));
    expect(whole.length).toBeGreaterThanOrEqual(4);
    expect(whole.every((i) => i % 4 === 0)).toBe(true);
  });
});

describe('products keep NaN and Infinity in their rows and columns', () => {
  it.each(['naive', 'register_tiled', 'register_only'])('matmul %s', async (variant) => {
    const sizes = variant === 'register_tiled' ? [[35, 36, 66]] : [[5, 16, 63], [35, 36, 66]]; // prettier-ignore
    for (const [M, N, K] of sizes) {
      const a = put(put(random(1, [M, K]), nan, K + K - 1), inf, 3 * K);
      const b = put(put(random(2, [K, N]), nan, (K - 1) * N + 5), -inf, 6);
      const [c] = await evaluate((x, y) => matmul(x, y), [a, b], { variants: { matmul: variant } });
      expectSame(c, product.matmul(a, b), `[${M}, ${K}] × [${K}, ${N}]`);
    }
  });

  it.each([
    { variant: 'naive', software: true },
    { variant: 'direct', software: true },
  ])('conv2d $variant, and its gradients', async ({ variant, software }) => {
    const xShape = [2, 7, 6, 4] as const;
    const x = put(random(1, xShape), nan, 5 * 4 + 1);
    const w = random(2, [3, 3, 4, 8]);
    const padding = conv.padding2d('same', [7, 6], [3, 3], [1, 1], [1, 1]);
    const dy = put(random(3, [2, 7, 6, 8]), nan, 8 * 9 + 2);
    const variants = Object.fromEntries(
      ['conv2d', 'conv2dGradInput', 'conv2dGradFilter'].map((n) => [n, variant]),
    );
    const [y, dx, dw] = await evaluate(
      (tx, tw, td) => [
        conv2d(tx, tw, { padding: 'same' }),
        conv2dGradInput(td, tw, xShape, { padding: 'same' }),
        conv2dGradFilter(tx, td, [3, 3], { padding: 'same' }),
      ],
      [x, w, dy],
      { variants, software },
    );
    const ref = { strides: [1, 1], padding } as const;
    expectSame(y, conv.conv2d(x, w, ref), 'conv2d');
    expectSame(dx, conv.conv2dGradInput(dy, w, xShape, ref), 'dx');
    // Every filter weight of input channel 1, and of output channel 2, meets a NaN.
    const touched = map(dw, (value, i) => (Math.floor(i / 8) % 4 === 1 || i % 8 === 2 ? value : 0));
    const clean = map(dw, (value, i) => (Math.floor(i / 8) % 4 === 1 || i % 8 === 2 ? 0 : value));
    expect(touched.data.filter(Number.isNaN).length).toBeGreaterThan(0);
    expect(clean.data.every(Number.isFinite)).toBe(true);
  });
});

describe('the rest', () => {
  it('normalization keeps a NaN in its group', async () => {
    const x = put(random(1, [6, 4]), nan, 9);
    const [y, dx] = await evaluate(
      (t) => {
        const { y: output } = normalize(t, { over: 'batch' });
        return [output, gradients(reduceSum(ew.square(output)), [t])[0]!];
      },
      [x],
    );
    for (const found of [y, dx]) {
      expect([...found.data].map(Number.isNaN)).toEqual([...x.data].map((_, i) => i % 4 === 1));
    }
  });

  it('dropout keeps NaN, dropped or not, in either direction', async () => {
    for (const shape of [[64], [63]]) {
      const x = map(zeros(shape), (_, i) => (i % 2 ? nan : inf));
      const [y, dx] = await evaluate(
        (t, d) => {
          const dropped = dropout(t, 0.5);
          return [dropped, gradients(reduceSum(ew.multiply(dropped, d)), [t])[0]!];
        },
        [x, x],
      );
      for (const { data } of [y, dx]) {
        expect(
          [...data].every((value, i) => (i % 2 ? Number.isNaN(value) : value === inf || value === 0)),
        ).toBe(true);
      }
    }
  });

  it('moving data about changes none of it', async () => {
    const x = array([2, 4], [nan, inf, -inf, -0, 1, nan, 3, inf]);
    const [joined, turned, back, part, padded, picked] = await evaluate(
      (t, i) => [
        concat([t, t], 0),
        transpose(t, [1, 0]),
        reverse(t, [1]),
        slice(t, [0, 1], [2, 2]),
        pad(t, [[1, 0], [0, 0]], { value: -Infinity }),
        gather(t, i),
      ],
      [x, array([2], [1, 0])],
      { dtypes: ['f32', 'i32'] },
    ); // prettier-ignore
    expectSame(joined, array([4, 4], [...x.data, ...x.data]));
    expectSame(turned, array([4, 2], [nan, 1, inf, nan, -inf, 3, -0, inf]));
    expectSame(back, array([2, 4], [-0, -inf, inf, nan, inf, 3, nan, 1]));
    expectSame(part, array([2, 2], [inf, -inf, nan, 3]));
    expectSame(padded, array([3, 4], [-inf, -inf, -inf, -inf, ...x.data]));
    expectSame(picked, array([2, 4], [...x.data.slice(4), ...x.data.slice(0, 4)]));
  });

  it('a mask of −Infinity, in memory and as a literal', async () => {
    const x = array([2, 3], [1, 2, 3, 4, 5, 6]);
    const mask = array([2, 3], [1, 0, 1, 0, 0, 0]);
    const [filled, shares, shifted, dx] = await evaluate(
      (t, m) => {
        const y = softmax(ew.where(m, t, -Infinity));
        return [
          fill([2, 2], -Infinity),
          y,
          ew.add(ew.where(m, t, fill([3], -Infinity)), fill([1], Infinity)),
          gradients(reduceSum(ew.square(slice(y, [0, 0], [1, 3]))), [t])[0]!,
        ];
      },
      [x, mask],
    );
    expectSame(filled, array([2, 2], [-inf, -inf, -inf, -inf]));
    const masked = map(x, (value, i) => (mask.data[i] ? value : -inf));
    expectSame(shares, soft.softmax(masked));
    expectSame(
      shifted,
      map(masked, (value) => value + inf),
    );
    expect([dx.data[1], ...dx.data.slice(3)]).toEqual([0, 0, 0, 0]);
  });

  it('x · 0 and scale by 0 are NaN where x is not finite, also where a compiler sees the 0', async () => {
    const x = array([4], [nan, inf, -inf, 2]);
    const found = await evaluate(
      (t) => [
        ew.multiply(t, 0),
        ew.scale(t, 0),
        ew.multiply(fill([4], 0), ew.shift(t, 1)),
        ew.relu(ew.scale(t, 0)),
      ],
      [x],
    );
    for (const y of found) expectSame(y, array([4], [nan, nan, nan, 0]));
  });

  it('orthonormalize does not take a NaN for a column without length', async () => {
    const [q] = await evaluate((t) => orthonormalize(t), [put(random(1, [4, 2]), nan, 1)]);
    expect([...q.data].map(Number.isNaN)).toEqual([false, true, false, true, false, true, false, true]);
  });
});
