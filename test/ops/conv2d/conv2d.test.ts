import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import {
  conv2d,
  conv2dGradFilter,
  conv2dGradFilterBias,
  conv2dGradInput,
} from '../../../src/ops/conv2d/conv2d.ts';
import type { Conv2dOptions } from '../../../src/ops/conv2d/conv2d.ts';
import { conv2dTranspose } from '../../../src/ops/conv2d/transpose.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { resolveWindow } from '../../../src/ops/core/window.ts';
import type { Pair } from '../../../src/ops/core/window.ts';
import { add, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import { testAdapter } from '../../helpers/device.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { share } from '../../helpers/share.ts';
import { array, map, random, zeros } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/conv2d.ts';

interface Case {
  /** [N, H, W, IC] */
  x: [number, number, number, number];
  /** [KH, KW, IC / groups, OC] */
  w: [number, number, number, number];
  options?: Conv2dOptions;
}

const limits = {
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  maxUniformBufferBindingSize: 65536,
};
const lowered = (software: boolean, tensor: Tensor, variants = {}, subgroupSize?: number) =>
  lowerGraph([tensor], [], [], { target: { software, limits, subgroupSize }, variants });
const kernelNames = (software: boolean, tensor: Tensor) =>
  lowered(software, tensor).map(({ kernel }) => kernel.name);

/** One of each class: sizes, strides, padding, dilation, groups; channels that 4 divides and that it does not. */
const cases: Case[] = [
  { x: [1, 1, 1, 1], w: [1, 1, 1, 1] },
  { x: [2, 5, 5, 1], w: [3, 3, 1, 8] },
  { x: [9, 7, 6, 3], w: [5, 5, 3, 5], options: { padding: 'same' } },
  { x: [8, 12, 12, 8], w: [5, 5, 8, 16] },
  { x: [2, 8, 9, 4], w: [4, 4, 4, 12], options: { stride: 2, padding: [1, 1, 1, 1] } },
  { x: [3, 9, 8, 2], w: [5, 5, 2, 4], options: { stride: 2, padding: 'same' } },
  { x: [2, 7, 10, 5], w: [3, 2, 5, 6], options: { stride: [3, 1], padding: [2, 0, 1, 3] } },
  { x: [2, 10, 11, 3], w: [3, 3, 3, 4], options: { dilation: [2, 3], padding: 'same' } },
  {
    x: [1, 13, 12, 2],
    w: [3, 4, 2, 8],
    options: { stride: [2, 4], dilation: [3, 2], padding: [4, 3, 2, 5] },
  },
  { x: [2, 6, 7, 8], w: [3, 3, 2, 16], options: { groups: 4, padding: 'same' } },
  { x: [8, 6, 5, 6], w: [3, 3, 1, 6], options: { groups: 6, stride: 2, padding: 'same' } },
  { x: [2, 5, 6, 4], w: [3, 3, 1, 8], options: { groups: 4 } },
  { x: [2, 6, 6, 20], w: [1, 1, 20, 36] },
  { x: [2, 7, 7, 4], w: [1, 1, 4, 4], options: { stride: 3 } },
  { x: [5, 4, 3, 16], w: [3, 3, 16, 1], options: { padding: 'same' } },
  { x: [1, 9, 17, 17], w: [2, 3, 17, 66], options: { padding: [0, 1, 1, 0] } },
  { x: [4, 34, 34, 16], w: [1, 1, 16, 132] }, // enough for the large tiles
];
const named = cases.map((each) => ({ name: JSON.stringify(each).replaceAll('"', ''), ...each }));

function referenceOptions({ x, w, options = {} }: Case): reference.Conv2dOptions {
  const { stride = 1, padding = 'valid', dilation = 1, groups = 1 } = options;
  const pair = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value);
  const [strides, dilations] = [pair(stride), pair(dilation)];
  const resolved =
    typeof padding === 'string'
      ? reference.padding2d(padding, [x[1], x[2]], [w[0], w[1]], strides, dilations)
      : padding;
  return { strides, padding: resolved, dilations, groups };
}

const biasRelu = (y: Array64, bias: Array64) =>
  map(y, (value, i) => Math.max(0, value + bias.data[i % bias.data.length]));
function sumOverPositions({ shape, data }: Array64): Array64 {
  const sum = array([shape[3]], new Float64Array(shape[3]));
  data.forEach((value, i) => (sum.data[i % shape[3]] += value));
  return sum;
}

const tolerance = { rtol: 2e-5, atol: 2e-5 };

/** Compiling takes the time of these tests: all cases run where it is quick, else one of each kind; see `share`. */
const variants = [
  { variant: 'naive', software: true, every: 1 },
  { variant: 'direct', software: true, every: 2 },
  { variant: 'broadcast', software: true, subgroups: true, every: 1 },
  { variant: 'direct', software: false, every: 3 }, // only the tiles depend on the target
  { variant: 'implicit_gemm', software: false, every: 3 },
  { variant: 'implicit_gemm:64x64x8', software: false, every: 17, from: 16 },
  { variant: 'implicit_gemm:128x32x8', software: false, every: 17, from: 8 },
];
const ops = ['conv2d', 'conv2dGradInput', 'conv2dGradFilter', 'conv2dGradFilterBias', 'conv2dTranspose'];
const forceAll = (variant: string) => Object.fromEntries(ops.map((op) => [op, variant]));

/** Holds the convolution, its epilogue and both gradients against the reference. */
async function checkCase(
  each: Case,
  {
    variant,
    force,
    ...device
  }: { software: boolean; subgroups?: boolean; variant?: string; force?: Record<string, string> },
): Promise<void> {
  const ref = referenceOptions(each);
  const [x, w, bias] = [random(1, each.x), random(2, each.w), random(3, [each.w[3]])];
  const y = reference.conv2d(x, w, ref);
  const dy = random(4, y.shape);
  const kernel: Pair = [each.w[0], each.w[1]];
  const found = await evaluate(
    (tx, tw, tb, tdy) => [
      relu(add(conv2d(tx, tw, each.options), tb)),
      conv2dGradInput(tdy, tw, each.x, each.options),
      ...(variant === 'naive'
        ? [conv2dGradFilter(tx, tdy, kernel, each.options)]
        : conv2dGradFilterBias(tx, tdy, kernel, each.options)),
    ],
    [x, w, bias, dy],
    { ...device, variants: force ?? (variant ? forceAll(variant) : undefined) },
  );
  const name = JSON.stringify(each);
  expect(found[0], `output with bias and relu of ${name}`).toBeAllClose(biasRelu(y, bias), tolerance);
  expect(found[1], `input gradient of ${name}`).toBeAllClose(
    reference.conv2dGradInput(dy, w, each.x, ref),
    tolerance,
  );
  const dw = reference.conv2dGradFilter(x, dy, each.w, ref);
  const positions = y.data.length / each.w[3]; // a sum of so many products of numbers below 1, term after term
  const summed = { rtol: 2e-5, atol: Math.max(2e-5, positions * 2 ** -24) };
  expect(found[2], `weight gradient of ${name}`).toBeAllClose(dw, summed);
  if (variant !== 'naive')
    expect(found[3], `bias gradient of ${name}`).toBeAllClose(sumOverPositions(dy), summed);
}

describe.each([...variants.slice(0, -2), ...share(variants.slice(-2), 2, 0)])(
  '$variant, software: $software',
  ({ every, from = 0, ...rest }) => {
    const some = named.filter((_, i) => i >= from && (i - from) % every === 0);
    const turn = variants.findIndex(({ variant }) => variant === rest.variant);
    it.each(share(some, 6, turn))('agrees with the reference: $name', (each) => checkCase(each, rest));
  },
);

describe('conv2d', () => {
  it('finds the X of the classroom example', async () => {
    const image = [
      -1, -1, -1, -1, -1, -1, 1, -1, 1, -1, -1, -1, 1, -1, -1, -1, 1, -1, 1, -1, -1, -1, -1, -1, -1,
    ];
    const x = array([1, 5, 5, 1], image);
    const diagonal = array([3, 3, 1, 1], [1, -1, -1, -1, 1, -1, -1, -1, 1]);
    for (const { variant, software, subgroups } of variants.filter(({ from }) => from === undefined)) {
      const [y] = await evaluate((a, b) => conv2d(a, b), [x, diagonal], {
        software,
        subgroups,
        variants: forceAll(variant),
      });
      expect(y).toEqual(array([1, 3, 3, 1], [7, -3, 3, -3, 5, -3, 3, -3, 7]));
    }
  });

  it('agrees with the reference for random geometries, and so do its gradients', async () => {
    const draw = (seed: number) => {
      const numbers = random(seed, [20], 0, 1).data;
      let at = 0;
      return (low: number, high: number) => low + Math.floor(numbers[at++] * (high - low + 1));
    };
    for (const seed of share([1, 2, 3, 4, 5, 6, 7, 8], 3, 0)) {
      const int = draw(seed);
      const groups = int(1, 3);
      const [KH, KW] = [int(1, 5), int(1, 5)];
      const options: Conv2dOptions = {
        stride: [int(1, 4), int(1, 4)],
        dilation: [int(1, 3), int(1, 3)],
        groups,
        padding: int(0, 1) ? 'same' : [int(0, 3), int(0, 3), int(0, 3), int(0, 3)],
      };
      const x: Case['x'] = [int(1, 9), 13 + int(0, 5), 13 + int(0, 5), groups * int(1, 5)];
      const w: Case['w'] = [KH, KW, x[3] / groups, groups * int(1, 9)];
      await checkCase({ x, w, options }, { software: seed % 2 === 0 });
    }
  });

  it('adds up the gradient of the weights in the same order every time', async () => {
    const [x, dy] = [random(5, [32, 12, 12, 4]), random(6, [32, 10, 10, 8])];
    const run = (variant: string) =>
      evaluate((a, b) => [...conv2dGradFilterBias(a, b, [3, 3])], [x, dy], {
        subgroups: true,
        variants: forceAll(variant),
      });
    for (const variant of ['direct', 'broadcast', 'implicit_gemm'])
      expect(await run(variant)).toEqual(await run(variant));
  });
});

const { features } = await testAdapter();

describe.skipIf(!features.has('shader-f16'))('tiles of f16', () => {
  /** Exactly f16. */
  const rounded = (a: Array64) => map(a, (value) => Math.round(value * 256) / 256);
  const variants = forceAll('implicit_gemm:half');
  const run = (each: Case, [x, w, dy]: readonly Array64[]) =>
    evaluate(
      (a, b, g) => [
        conv2d(a, b, each.options),
        conv2dGradInput(g, b, each.x, each.options),
        ...conv2dGradFilterBias(a, g, [each.w[0], each.w[1]], each.options),
      ],
      [x, w, dy],
      { software: false, half: true, variants },
    );

  it.each<Case>([
    { x: [2, 8, 9, 4], w: [4, 4, 4, 12], options: { stride: 2, padding: [1, 1, 1, 1] } },
    { x: [2, 7, 6, 3], w: [3, 3, 3, 5], options: { padding: 'same' } },
  ])('round what they hold and nothing else: $x, $w', async (each) => {
    const ref = referenceOptions(each);
    const shapes = [each.x, each.w, reference.conv2dShape(each.x, each.w, ref)];
    const given = shapes.map((shape, i) => random(i + 1, shape));
    const expected = ([x, w, dy]: readonly Array64[]) => [
      reference.conv2d(x, w, ref),
      reference.conv2dGradInput(dy, w, each.x, ref),
      reference.conv2dGradFilter(x, dy, each.w, ref),
      sumOverPositions(dy),
    ];
    const exact = given.map(rounded);
    const [found, coarse] = [await run(each, exact), await run(each, given)];
    expected(exact).forEach((value, i) => expect(found[i]).toBeAllClose(value, { rtol: 2e-5, atol: 1e-4 }));
    expected(given).forEach((value, i) => {
      expect(coarse[i]).toBeAllClose(value, { rtol: 2e-3, atol: 1e-2 });
      expect(coarse[i]).not.toBeAllClose(value, { rtol: 2e-5, atol: 1e-4 });
    });
  });
});

describe('depthwise', () => {
  const force = { conv2d: 'depthwise', conv2dGradInput: 'depthwise' };
  it.each<Case>([
    { x: [2, 6, 7, 8], w: [3, 3, 1, 8], options: { groups: 8, padding: 'same' } },
    {
      x: [1, 9, 8, 3],
      w: [4, 2, 1, 3],
      options: { groups: 3, stride: [2, 3], dilation: [1, 2], padding: [1, 0, 2, 1] },
    },
  ])('agrees with the reference: $x $w', (each) => checkCase(each, { software: false, force }));

  it('is the choice for one channel per group on a GPU, and refused for more', () => {
    const conv = (groups: number) =>
      conv2d(input('x', [1, 8, 8, 8]), input('w', [3, 3, 8 / groups, 8]), { groups });
    expect(kernelNames(false, conv(8))).toEqual(['conv2d/depthwise']);
    expect(() => lowered(false, conv(4), force)).toThrow('has no variant "depthwise"');
  });
});

describe('the gradient of', () => {
  const options: Conv2dOptions = { stride: [2, 1], padding: [1, 2, 0, 1], dilation: [1, 2], groups: 2 };
  const each: Case = { x: [2, 6, 5, 4], w: [3, 2, 2, 6], options };
  const ref = referenceOptions(each);
  const [x, w] = [random(7, each.x), random(8, each.w)];
  const dy = random(9, reference.conv2dShape(each.x, each.w, ref));
  const kernel: Pair = [3, 2];

  it('conv2d', () =>
    checkGradient((a, b) => conv2d(a, b, options), [x, w], {
      reference: (a, b) => reference.conv2d(a, b, ref),
    }));

  it('conv2dGradInput, the second derivative', () =>
    checkGradient((a, b) => conv2dGradInput(a, b, each.x, options), [dy, w], {
      reference: (a, b) => reference.conv2dGradInput(a, b, each.x, ref),
    }));

  it('conv2dGradFilter, the second derivative', () =>
    checkGradient((a, b) => conv2dGradFilter(a, b, kernel, options), [x, dy], {
      reference: (a, b) => reference.conv2dGradFilter(a, b, each.w, ref),
    }));

  it('conv2dGradFilterBias', () =>
    checkGradient((a, b) => add(...conv2dGradFilterBias(a, b, kernel, options)), [x, dy], {
      reference: (a, b) => {
        const dw = reference.conv2dGradFilter(a, b, each.w, ref);
        const db = sumOverPositions(b);
        return map(dw, (value, i) => value + db.data[i % db.data.length]);
      },
    }));

  it('conv2dTranspose', () =>
    checkGradient((a, b) => conv2dTranspose(a, b, { ...options, outputSize: [6, 5] }), [dy, w], {
      reference: (a, b) => reference.conv2dTranspose(a, b, [6, 5], ref),
    }));
});

interface Spread {
  stride: number;
  dilation: number;
  top: number;
  left: number;
}

describe('conv2dTranspose', () => {
  it.each([
    { x: [2, 4, 4, 8], kernel: [4, 4], stride: 2, padding: 'same' },
    { x: [8, 7, 7, 5], kernel: [5, 5], stride: 2, padding: 'same' },
    { x: [1, 3, 4, 4], kernel: [2, 3], stride: 3, padding: 'valid' },
    { x: [2, 5, 5, 3], kernel: [5, 5], stride: 1, padding: 'same' },
  ] as const)(
    'upsamples $x by $stride, kernel $kernel, $padding',
    async ({ x: shape, kernel, stride, padding }) => {
      const [x, w] = [random(1, shape), random(2, [...kernel, 6, shape[3]])];
      const strides: Pair = [stride, stride];
      const size = reference.transposedSize2d(padding, [shape[1], shape[2]], kernel, strides);
      const pads = reference.padding2d(padding, size, kernel, strides);
      const expected = reference.conv2dTranspose(x, w, size, { strides, padding: pads });
      for (const software of [true, false]) {
        const [y] = await evaluate((a, b) => conv2dTranspose(a, b, { stride, padding }), [x, w], {
          software,
        });
        expect(y).toBeAllClose(expected, tolerance);
      }
    },
  );

  it('takes its extents from explicit padding or outputSize', () => {
    const [x, w] = [input('x', [1, 4, 4, 8]), input('w', [4, 4, 3, 8])];
    expect(conv2dTranspose(x, w, { stride: 2, padding: [1, 1, 1, 1] }).shape).toEqual([1, 8, 8, 3]);
    expect(conv2dTranspose(x, w, { stride: 2, padding: 'same', outputSize: [7, 8] }).shape).toEqual([
      1, 7, 8, 3,
    ]);
    const from = (outputSize: Pair, options: Conv2dOptions) => () =>
      conv2dTranspose(x, w, { ...options, outputSize }).shape;
    expect(from([9, 8], { stride: 2, padding: 'same' })).toThrow(
      'outputSize is [9, 8], but from 4 × 4 pixels this window leads to a height of 7 to 8 and a width of 7 to 8',
    );
    expect(from([7, 8], { padding: 'same' })).toThrow('a height of 4 and a width of 4');
  });

  // Whatever padding, stride and dilation: the sizes it takes are those that a convolution brings back to 4 × 4.
  it.each<Conv2dOptions>([
    {},
    { stride: 3 },
    { stride: [2, 3], padding: 'same' },
    { stride: 2, padding: [1, 0, 2, 1] },
    { stride: 3, dilation: 2 },
    { stride: 5, padding: 'valid' },
  ])('takes the sizes that come back: %o', (options) => {
    const [x, w] = [input('x', [1, 4, 4, 8]), input('w', [4, 4, 3, 8])];
    let [taken, fitting] = [0, 0];
    for (let extent = 1; extent < 32; extent++) {
      for (const axis of [0, 1]) {
        const size = conv2dTranspose(x, w, options).shape.slice(1, 3) as [number, number];
        size[axis] = extent;
        let back: readonly number[] | undefined;
        try {
          back = conv2d(input('y', [1, ...size, 3]), w, options).shape.slice(1, 3);
        } catch {
          // smaller than the window
        }
        const fits = `${back}` === '4,4';
        if (fits) fitting++;
        const transpose = () => conv2dTranspose(x, w, { ...options, outputSize: size });
        if (!fits) expect(transpose).toThrow('choose from these');
        else taken += Number(`${transpose().shape}` === `${[1, ...size, 3]}`);
      }
    }
    expect(fitting).toBeGreaterThan(0);
    expect(taken).toBe(fitting);
  });

  /** Every input spreads its window, tap by tap, over an output of which `top` rows and `left` columns are cut off. */
  function spread(
    x: Array64,
    w: Array64,
    [height, width]: Pair,
    { stride, dilation, top, left }: Spread,
  ): Array64 {
    const [batch, h, v, channels] = x.shape;
    const [kh, kw, filters] = w.shape;
    const y = zeros([batch, height, width, filters]);
    x.data.forEach((value, i) => {
      const c = i % channels;
      const [column, row] = [Math.floor(i / channels) % v, Math.floor(i / (channels * v)) % h];
      const image = Math.floor(i / (channels * v * h));
      for (let a = 0; a < kh; a++)
        for (let b = 0; b < kw; b++) {
          const [oy, ox] = [row * stride + a * dilation - top, column * stride + b * dilation - left];
          if (oy < 0 || ox < 0 || oy >= height || ox >= width) continue;
          for (let f = 0; f < filters; f++) {
            y.data[((image * height + oy) * width + ox) * filters + f] +=
              value * w.data[((a * kw + b) * filters + f) * channels + c];
          }
        }
    });
    return y;
  }

  // PyTorch's output_padding: below max(stride, dilation), whichever is larger.
  it.each([
    { stride: 1, dilation: 2, padding: 'valid', top: 0, left: 0 },
    { stride: 1, dilation: 3, padding: [2, 1, 0, 3], top: 2, left: 0 },
    { stride: 2, dilation: 5, padding: [1, 1, 2, 2], top: 1, left: 2 },
    { stride: 4, dilation: 3, padding: [1, 2, 1, 2], top: 1, left: 1 },
  ] as const)('gives all sizes that output padding leads to: %o', async ({ padding, top, left, ...own }) => {
    const [x, w] = [random(1, [2, 3, 4, 5]), random(2, [3, 2, 4, 5])];
    const { stride, dilation } = own;
    const cut = padding === 'valid' ? [0, 0] : [padding[0] + padding[1], padding[2] + padding[3]];
    const least = [2 * stride + 2 * dilation + 1 - cut[0], 3 * stride + dilation + 1 - cut[1]];
    const most = Math.max(stride, dilation) - 1;
    for (const [more, wider] of [
      [0, 0],
      [most, most],
      [most, 0],
    ]) {
      const size: Pair = [least[0] + more, least[1] + wider];
      const options = { stride, dilation, padding, outputSize: size };
      const twin = (a: Array64, b: Array64) => spread(a, b, size, { stride, dilation, top, left });
      for (const software of [true, false]) {
        const [y] = await evaluate((a, b) => conv2dTranspose(a, b, options), [x, w], { software });
        expect(y).toBeAllClose(twin(x, w), tolerance);
      }
    }
    const outputSize: Pair = [least[0] + most, least[1] + most];
    const small = [random(3, [1, 3, 4, 1]), random(4, [3, 2, 2, 1])];
    await checkGradient((a, b) => conv2dTranspose(a, b, { ...own, padding, outputSize }), small, {
      reference: (a, b) => spread(a, b, outputSize, { stride, dilation, top, left }),
    });
    for (const extent of [least[0] - 1, least[0] + most + 1]) {
      const [a, b] = [input('x', x.shape), input('w', w.shape)];
      expect(() => conv2dTranspose(a, b, { ...own, padding, outputSize: [extent, least[1]] })).toThrow(
        `leads to a height of ${least[0]} to ${least[0] + most}`,
      );
    }
  });

  it('takes weights of as many channels as its input has', () => {
    const x = input('x', [1, 4, 4, 8]);
    expect(() => conv2dTranspose(x, input('w', [4, 4, 8, 3]))).toThrow(
      'the weights [KH, KW, OC / groups, IC]',
    );
  });
});

describe('conv2d shapes', () => {
  const y = (x: number[], w: number[], options?: Conv2dOptions) =>
    conv2d(input('x', x), input('w', w), options);

  it('follow from the operands', () => {
    expect(y([2, 28, 28, 1], [5, 5, 1, 8]).shape).toEqual([2, 24, 24, 8]);
    expect(y([2, 28, 27, 6], [3, 3, 3, 8], { stride: 2, padding: 'same', groups: 2 }).shape).toEqual([
      2, 14, 14, 8,
    ]);
    expect(y([1, 9, 9, 1], [3, 3, 1, 1], { dilation: 4 }).shape).toEqual([1, 1, 1, 1]);
  });

  it('that do not fit are refused, with the fix', () => {
    expect(() => y([2, 28, 28], [5, 5, 1, 8])).toThrow('must be [N, H, W, IC]');
    expect(() => y([2, 28, 28, 3], [5, 5, 1, 8])).toThrow(
      'the input has 3 channels, but the weights take 1 per group',
    );
    expect(() => y([2, 28, 28, 4], [5, 5, 2, 7], { groups: 2 })).toThrow('divides the 7 output channels');
    expect(() => y([2, 4, 28, 1], [5, 5, 1, 8])).toThrow("use a smaller kernel or padding: 'same'");
    expect(() => y([2, 28, 28, 1], [5, 5, 1, 8], { stride: 0 })).toThrow(ShapeError);
    expect(() => y([2, 28, 28, 1], [5, 5, 1, 8], { padding: 'full' as 'same' })).toThrow(
      "padding 'full' is not known",
    );
    expect(() => conv2dGradInput(input('dy', [2, 3, 3, 4]), input('w', [3, 3, 1, 4]), [2, 6, 6, 1])).toThrow(
      "the convolution's output is [2, 4, 4, 4]",
    );
  });

  it('of other types are refused', () => {
    expect(() => conv2d(input('x', [1, 5, 5, 1], 'u32'), input('w', [3, 3, 1, 1]))).toThrow(ArgumentError);
  });

  it('resolve padding as the reference does', () => {
    for (let size = 1; size < 12; size++) {
      for (const [kernel, stride, dilation] of [
        [1, 1, 1],
        [3, 1, 1],
        [4, 2, 1],
        [5, 3, 1],
        [3, 2, 2],
        [2, 4, 3],
      ]) {
        const window = {
          opName: 'test',
          input: [size, 7] as Pair,
          kernel: [kernel, 3] as Pair,
          stride: [stride, 2] as Pair,
        };
        const resolved = resolveWindow({ ...window, dilation: [dilation, 1], padding: 'same' });
        const { padTop, padBottom, padLeft, padRight } = resolved;
        const expected = reference.padding2d('same', [size, 7], [kernel, 3], [stride, 2], [dilation, 1]);
        expect([padTop, padBottom, padLeft, padRight]).toEqual(expected);
        expect(resolved.output).toEqual([Math.ceil(size / stride), 4]);
      }
    }
  });
});

describe('the choice of a convolution', () => {
  const conv = (x: number[], w: number[], options?: Conv2dOptions) =>
    conv2d(input('x', x), input('w', w), options);

  it('on a GPU is direct for first layers and an implicit matrix product for the others', () => {
    expect(kernelNames(false, conv([64, 28, 28, 1], [5, 5, 1, 32]))).toEqual(['conv2d/2_direct']);
    expect(kernelNames(false, conv([64, 14, 14, 32], [3, 3, 32, 64]))).toEqual(['conv2d/3_implicit_gemm']);
    const dy = input('dy', [64, 14, 14, 64]);
    const dx = conv2dGradInput(dy, input('w', [4, 4, 32, 64]), [64, 28, 28, 32], {
      stride: 2,
      padding: 'same',
    });
    const [weights, main] = lowered(false, dx);
    expect([weights.kernel.name, main.kernel.name]).toEqual([
      'conv2d/phase_weights',
      'conv2d/3_implicit_gemm',
    ]);
    expect(main.workgroups).toEqual([((64 * 14 * 14) / 128) * 4, 1, 1]); // tiles of 128, of four phases of 14 × 14
    const dw = conv2dGradFilter(input('x', [64, 28, 28, 32]), dy, [4, 4], { stride: 2, padding: 'same' });
    expect(kernelNames(false, dw)).toEqual([
      'conv2d/grad_filter_3_implicit_gemm',
      'conv2d/grad_filter_reduce_workgroup',
    ]);
  });

  it('on a software adapter has no workgroup memory', () => {
    const all = [
      ...lowered(true, conv([64, 12, 12, 8], [5, 5, 8, 16])),
      ...lowered(true, conv2dGradFilter(input('x', [64, 12, 12, 8]), input('dy', [64, 8, 8, 16]), [5, 5])),
    ];
    expect(all.map(({ kernel }) => kernel.workgroupBytes)).toEqual([0, 0, 0]);
  });

  it('on a software adapter with subgroups hands values from lane to lane, save in the smallest', () => {
    const names = (tensor: Tensor) => lowered(true, tensor, {}, 8).map(({ kernel }) => kernel.name);
    const [x, dy] = [input('x', [64, 12, 12, 8]), input('dy', [64, 8, 8, 16])];
    expect(names(conv([64, 12, 12, 8], [5, 5, 8, 16]))).toEqual(['conv2d/4_broadcast']);
    expect(names(conv2dGradInput(dy, input('w', [5, 5, 8, 16]), [64, 12, 12, 8]))).toEqual([
      'conv2d/phase_weights',
      'conv2d/4_broadcast',
    ]);
    expect(names(conv2dGradFilter(x, dy, [5, 5]))).toEqual([
      'conv2d/grad_filter_4_broadcast',
      'conv2d/grad_filter_reduce',
    ]);
    expect(names(conv([1, 5, 5, 1], [3, 3, 1, 8]))).toEqual(['conv2d/1_naive']);
    expect(() => lowered(true, conv([1, 5, 5, 1], [3, 3, 1, 8]), { conv2d: 'broadcast' })).toThrow(
      'has no variant "broadcast"',
    );
  });

  it('stays within 65,535 workgroups per dimension', () => {
    for (const [software, subgroupSize] of [[true], [true, 4], [false]] as const) {
      for (const tensor of [
        conv([512, 512, 512, 3], [3, 3, 3, 16]),
        conv([512, 512, 512, 32], [3, 3, 32, 16]),
      ]) {
        const [{ workgroups }] = lowered(software, tensor, {}, subgroupSize);
        expect(Math.max(...workgroups)).toBeLessThanOrEqual(65535);
      }
    }
  });
});
