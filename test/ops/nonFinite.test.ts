import { describe, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import * as ew from '../../src/ops/elementwise/elementwise.ts';
import { categoricalAccuracy } from '../../src/ops/loss/accuracy.ts';
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../../src/ops/loss/softmaxCrossEntropy.ts';
import { argmax, argmin } from '../../src/ops/reduce/argmax.ts';
import { reduceMax, reduceMean, reduceMin, reduceProd } from '../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { logSoftmax, softmax } from '../../src/ops/softmax/softmax.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array, map, random, zeros } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as losses from '../reference/losses.ts';
import { argmax as argmaxOf, reduce, reduceGrad } from '../reference/reduce.ts';
import type { Reduction } from '../reference/reduce.ts';
import * as soft from '../reference/softmax.ts';
import { expectSame, inf, nan, put } from '../helpers/nonFinite.ts';

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
