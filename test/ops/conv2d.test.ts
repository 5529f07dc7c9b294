import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { conv2d, conv2dTranspose } from '../../src/ops/conv2d.ts';
import type { Conv2dOptions } from '../../src/ops/conv2d.ts';
import { conv2dGradFilter, conv2dGradFilterBias } from '../../src/ops/conv2dGradFilter.ts';
import { conv2dGradInput } from '../../src/ops/conv2dGradInput.ts';
import { add, relu } from '../../src/ops/elementwise.ts';
import { input } from '../../src/ops/leaves.ts';
import { resolveWindow } from '../../src/ops/window.ts';
import type { Pair } from '../../src/ops/window.ts';
import { array, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as reference from '../reference/conv2d.ts';
import { checkGradient, evaluate } from '../helpers/evaluate.ts';

interface Case {
  /** [N, H, W, IC] */
  x: [number, number, number, number];
  /** [KH, KW, IC / groups, OC] */
  w: [number, number, number, number];
  options?: Conv2dOptions;
}

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
  { x: [1, 13, 12, 2], w: [3, 4, 2, 8], options: { stride: [2, 4], dilation: [3, 2], padding: [4, 3, 2, 5] } },
  { x: [2, 6, 7, 8], w: [3, 3, 2, 16], options: { groups: 4, padding: 'same' } },
  { x: [8, 6, 5, 6], w: [3, 3, 1, 6], options: { groups: 6, stride: 2, padding: 'same' } },
  { x: [2, 5, 6, 4], w: [3, 3, 1, 8], options: { groups: 4 } },
  { x: [2, 6, 6, 20], w: [1, 1, 20, 36] },
  { x: [2, 7, 7, 4], w: [1, 1, 4, 4], options: { stride: 3 } },
  { x: [5, 4, 3, 16], w: [3, 3, 16, 1], options: { padding: 'same' } },
  { x: [1, 9, 17, 17], w: [2, 3, 17, 66], options: { padding: [0, 1, 1, 0] } },
];
const named = cases.map((each) => ({ name: JSON.stringify(each).replaceAll('"', ''), ...each }));

function referenceOptions({ x, w, options = {} }: Case): reference.Conv2dOptions {
  const { stride = 1, padding = 'valid', dilation = 1, groups = 1 } = options;
  const pair = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value);
  const [strides, dilations] = [pair(stride), pair(dilation)];
  const resolved = typeof padding === 'string' ? reference.padding2d(padding, [x[1], x[2]], [w[0], w[1]], strides, dilations) : padding;
  return { strides, padding: resolved, dilations, groups };
}

const biasRelu = (y: Array64, bias: Array64) => map(y, (value, i) => Math.max(0, value + bias.data[i % bias.data.length]));
const tolerance = { rtol: 2e-5, atol: 2e-5 };

describe.each(['naive', 'direct', 'implicit_gemm'])('%s', (variant) => {
  for (const software of [true, false]) {
    const where = software ? 'software' : 'gpu';
    const options = { software, variants: { conv2d: variant, conv2dGradInput: variant, conv2dGradFilter: variant, conv2dGradFilterBias: variant, conv2dTranspose: variant } };

    it.each(named)(`conv2d and its gradients, for ${where}: $name`, async (each) => {
      const ref = referenceOptions(each);
      const [x, w, bias] = [random(1, each.x), random(2, each.w), random(3, [each.w[3]])];
      const y = reference.conv2d(x, w, ref);
      const dy = random(4, y.shape);
      const kernel: Pair = [each.w[0], each.w[1]];
      const found = await evaluate(
        (tx, tw, tb, tdy) => [
          conv2d(tx, tw, each.options),
          relu(add(conv2d(tx, tw, each.options), tb)),
          conv2dGradInput(tdy, tw, each.x, each.options),
          conv2dGradFilter(tx, tdy, kernel, each.options),
          ...(variant === 'naive' ? [] : conv2dGradFilterBias(tx, tdy, kernel, each.options)),
        ],
        [x, w, bias, dy],
        options,
      );
      expect(found[0], 'forward').toBeAllClose(y, tolerance);
      expect(found[1], 'with bias and relu').toBeAllClose(biasRelu(y, bias), tolerance);
      expect(found[2], 'by the input').toBeAllClose(reference.conv2dGradInput(dy, w, each.x, ref), tolerance);
      const dw = reference.conv2dGradFilter(x, dy, each.w, ref);
      expect(found[3], 'by the weights').toBeAllClose(dw, tolerance);
      if (variant === 'naive') return;
      expect(found[4], 'by the weights, with the bias').toBeAllClose(dw, tolerance);
      const db = array([each.w[3]], new Float64Array(each.w[3]));
      dy.data.forEach((value, i) => (db.data[i % db.data.length] += value));
      expect(found[5], 'by the bias').toBeAllClose(db, tolerance);
    });
  }
});
