import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { conv2d, conv2dGradFilter, conv2dGradInput } from '../../src/ops/conv2d/conv2d.ts';
import { conv2dTranspose } from '../../src/ops/conv2d/transpose.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { adaptiveAveragePool2d, adaptiveMaxPool2d } from '../../src/ops/pooling/adaptivePool2d.ts';
import { averagePool2d, globalAveragePool2d } from '../../src/ops/pooling/averagePool2d.ts';
import { globalMaxPool2d, maxPool2d } from '../../src/ops/pooling/maxPool2d.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { resize2d } from '../../src/ops/resize/resize2d.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { map, random, zeros } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as conv from '../reference/conv2d.ts';
import * as product from '../reference/matmul.ts';
import { avgPool2d, maxPool2d as maxPool, maxPool2dGrad } from '../reference/pooling.ts';
import { reduce } from '../reference/reduce.ts';
import { expectSame, inf, nan, put } from '../helpers/nonFinite.ts';

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

  it('adaptive and global pooling', async () => {
    const x = put(put(random(4, [1, 5, 5, 3]), nan, 3 * 7 + 1, 3 * 8 + 1), inf, 3 * 12, 3 * 3 + 2);
    const low = put(x, -inf, ...Array.from({ length: 4 }, (_, i) => 3 * [0, 1, 5, 6][i] + 2));
    const found = await evaluate(
      (t) => [
        adaptiveAveragePool2d(t, [3, 2]),
        adaptiveMaxPool2d(t, [3, 2]),
        globalAveragePool2d(t),
        globalMaxPool2d(t),
      ],
      [low],
    );
    const windowed = (fold: (values: number[]) => number) =>
      map(zeros([1, 3, 2, 3]), (_, i) => {
        const [oy, ox, c] = [Math.floor(i / 6), Math.floor(i / 3) % 2, i % 3];
        const values: number[] = [];
        for (let y = Math.floor((oy * 5) / 3); y < Math.ceil(((oy + 1) * 5) / 3); y++)
          for (let at = Math.floor((ox * 5) / 2); at < Math.ceil(((ox + 1) * 5) / 2); at++)
            values.push(low.data[(y * 5 + at) * 3 + c]);
        return fold(values);
      });
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expectSame(found[0], windowed(mean), 'adaptive mean');
    expectSame(
      found[1],
      windowed((values) => Math.max(...values)),
      'adaptive max',
    );
    expectSame(found[2], reduce('mean', low, { axes: [1, 2] }), 'global mean');
    expectSame(found[3], reduce('max', low, { axes: [1, 2] }), 'global max');
  });

  it.each(['nearest', 'nearestExact', 'bilinear', 'bicubic', 'bicubicKeys'] as const)(
    '%s resizing shows NaN and infinities where they have a part, and nowhere else',
    async (interpolation) => {
      for (const value of [nan, inf, -inf]) {
        const x = put(random(1, [1, 3, 3, 4]), value, 16);
        const [y] = await evaluate((t) => resize2d(t, [6, 6], { interpolation }), [x]);
        const found = [...y.data.keys()].filter((i) => !Number.isFinite(y.data[i]));
        expect(found.every((i) => i % 4 === 0)).toBe(true);
        // The middle pixel of 3 × 3 is doubled in either direction, or has a part in four or all rows and columns of six.
        const parts = interpolation.startsWith('bicubic') ? 36 : interpolation === 'bilinear' ? 16 : 4;
        expect(found).toHaveLength(parts);
        if (Number.isNaN(value) || interpolation.startsWith('nearest'))
          expect(found.every((i) => Object.is(y.data[i], value))).toBe(true);
      }
    },
  );
});

describe('products keep NaN and Infinity in their rows and columns', () => {
  it.each(['naive', 'register_tiled', 'register_only', 'broadcast'])('matmul %s', async (variant) => {
    const sizes = variant === 'register_tiled' ? [[35, 36, 66]] : [[5, 16, 63], [35, 36, 66]]; // prettier-ignore
    for (const [M, N, K] of sizes) {
      const a = put(put(random(1, [M, K]), nan, K + K - 1), inf, 3 * K);
      const b = put(put(random(2, [K, N]), nan, (K - 1) * N + 5), -inf, 6);
      const [c] = await evaluate((x, y) => matmul(x, y), [a, b], {
        variants: { matmul: variant },
        subgroups: variant === 'broadcast',
      });
      expectSame(c, product.matmul(a, b), `[${M}, ${K}] × [${K}, ${N}]`);
    }
  });

  it.each([
    { variant: 'naive', software: true },
    { variant: 'direct', software: true },
    { variant: 'broadcast', software: true, subgroups: true },
  ])('conv2d $variant, and its gradients', async ({ variant, ...device }) => {
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
      { variants, ...device },
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

describe.each([
  { name: 'conv2d', software: true },
  { name: 'conv2d', software: false },
  { name: 'conv2dTranspose', software: true },
  { name: 'conv2dTranspose', software: false },
])('$name, software adapter: $software', ({ name, software }) => {
  it.each([nan, inf, -inf])(
    '%d in x or the weights comes to every sum that it has a part in',
    async (value) => {
      const xShape = [1, 5, 5, 4] as const;
      const [x, w] = [random(1, xShape, 0.5, 1), random(2, [3, 3, 4, 4], 0.5, 1)];
      const build = name === 'conv2d' ? conv2d : conv2dTranspose;
      const run = async (a: Array64, b: Array64) =>
        (await evaluate((t, u) => build(t, u, { padding: 'valid' }), [a, b], { software }))[0];
      const [clean, fromX, fromW] = [
        await run(x, w),
        await run(put(x, value, (2 * 5 + 2) * 4), w),
        await run(x, put(w, value, (1 * 3 + 1) * 16)),
      ];
      const [, height, width] = clean.shape;
      const reached = (found: Array64, where: (y: number, x: number, c: number) => boolean) =>
        expectSame(
          found,
          map(clean, (own, i) =>
            where(Math.floor(i / 4 / width), Math.floor(i / 4) % width, i % 4) ? value : own,
          ),
        );
      if (name === 'conv2d') {
        expect([height, width]).toEqual([3, 3]);
        reached(fromX, () => true); // the middle pixel lies under every window
        reached(fromW, (_y, _x, c) => c === 0);
      } else {
        expect([height, width]).toEqual([7, 7]);
        reached(fromX, (oy, ox) => oy >= 2 && oy < 5 && ox >= 2 && ox < 5);
        const inner = (at: number) => at >= 1 && at < 6;
        const away = (found: Array64) => map(found, (own, i) => (inner(Math.floor(i / 4 / 7)) && inner(Math.floor(i / 4) % 7) ? own : 0)); // prettier-ignore
        expectSame(away(fromW), away(map(clean, (own, i) => (i % 4 === 0 ? value : own))));
      }
    },
  );
});
