import { describe, expect, it } from 'vitest';
import { input } from '../../../src/ops/core/leaves.ts';
import { binaryAccuracy, categoricalAccuracy } from '../../../src/ops/loss/accuracy.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { array, map, random, randomIntegers } from '../../reference/array.ts';
import * as reference from '../../reference/losses.ts';
import { oneHot } from '../../reference/movement.ts';
import { argmax } from '../../reference/reduce.ts';

describe.each([
  { variant: 'row', software: true },
  { variant: 'row', software: false },
  { variant: 'workgroup', software: false },
])('categoricalAccuracy, $variant, software $software', ({ variant, software }) => {
  const variants = { categoricalAccuracy: variant };

  it.each([
    [1, 1],
    [5, 2],
    [33, 10],
    [2, 65],
    [3, 1000],
  ])('[%i, %i] against class indices and against distributions', async (N, C) => {
    const logits = random(N * C, [N, C]);
    const labels = randomIntegers(C, [N], C);
    const expected = reference.correct(logits, labels);
    const [sparse, dense] = await evaluate(
      (x, t, distributions) => [categoricalAccuracy(x, t), categoricalAccuracy(x, distributions)],
      [logits, labels, oneHot(labels, C)],
      { dtypes: ['f32', 'i32', 'f32'], software, variants },
    );
    expect(sparse).toEqual(expected);
    expect(dense).toEqual(expected);
  });

  it('lets the first of equal predictions win, and counts a label out of range as wrong', async () => {
    const logits = array([5, 3], [1, 1, 1, 0, 2, 2, 0, 2, 2, -5, -5, -5, 9, 0, 0]);
    const labels = array([5], [0, 1, 2, 0, -1]);
    const ties = randomIntegers(3, [40, 300], 3);
    const firsts = argmax(ties);
    const [correct, all, none] = await evaluate(
      (x, t, tied, f, n) => [
        categoricalAccuracy(x, t),
        categoricalAccuracy(tied, f),
        categoricalAccuracy(tied, n),
      ],
      [logits, labels, ties, firsts, map(firsts, (index) => index + 1)],
      { dtypes: ['f32', 'i32', 'f32', 'i32', 'i32'], software, variants },
    );
    expect([...correct.data]).toEqual([1, 1, 0, 1, 0]);
    expect(all.data).toEqual(new Float64Array(40).fill(1));
    expect(none.data).toEqual(new Float64Array(40));
  });

  it('takes more rows than a dispatch has workgroups along x', async () => {
    const N = 65_535 * (variant === 'workgroup' ? 1 : software ? 8 : 32) + 9;
    const logits = { shape: [N, 2], data: Float64Array.from({ length: 2 * N }, (_, i) => (i * 7) % 11) };
    const labels = { shape: [N], data: new Float64Array(N) };
    const [correct] = await evaluate((x, t) => categoricalAccuracy(x, t), [logits, labels], {
      dtypes: ['f32', 'i32'],
      software,
      variants,
    });
    const wrong = correct.data.findIndex(
      (value, i) => value !== Number(logits.data[2 * i] >= logits.data[2 * i + 1]),
    );
    expect(wrong).toBe(-1);
  });
});

it('binaryAccuracy is the share of outputs on their side, per sample', async () => {
  const logits = random(4, [6, 5], -2, 2);
  const targets = randomIntegers(5, [6, 5], 2);
  const sigmoid = map(logits, (z) => Math.fround(1 / (1 + Math.exp(-z))));
  const results = await evaluate(
    (x, p, t) => [binaryAccuracy(x, t), binaryAccuracy(p, t, 0.5)],
    [logits, sigmoid, targets],
  );
  const expected = Array.from({ length: 6 }, (_, row) => {
    const part = (a: typeof logits) => array([1, 5], a.data.slice(row * 5, row * 5 + 5));
    return reference.binaryAccuracy(part(logits), part(targets));
  });
  for (const result of results) expect(result.data).toBeAllClose(expected);
});

it('refuses shapes that do not fit', () => {
  const x = input('x', [4, 3]);
  expect(() => categoricalAccuracy(x, input('t', [3], 'i32'))).toThrow(
    'categoricalAccuracy: predictions [4, 3] need i32 targets of shape [4], got [3]',
  );
  expect(() => binaryAccuracy(x, input('t', [4]))).toThrow(/must have the same shape/);
});
