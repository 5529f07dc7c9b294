import { describe, expect, it } from 'vitest';
import { conv2dGradInput } from '../../../src/ops/conv2d/conv2d.ts';
import type { Conv2dOptions } from '../../../src/ops/conv2d/conv2d.ts';
import { conv2dTranspose } from '../../../src/ops/conv2d/transpose.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Pair } from '../../../src/ops/core/window.ts';
import { add, sigmoid, tanh } from '../../../src/ops/elementwise/elementwise.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import { testAdapter } from '../../helpers/device.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { map, random } from '../../reference/array.ts';
import * as reference from '../../reference/conv2d.ts';

const { features } = await testAdapter();

interface Case {
  /** [N, H, W, few], of which it is the gradient. */
  x: [number, number, number, number];
  /** [KH, KW, few, channels] */
  w: [number, number, number, number];
  options?: Conv2dOptions;
  variant?: string;
}

/** Channels that are no multiple of a subgroup or of four, several blocks of them, odd sizes, strides 1 to 3, gaps. */
const cases: Case[] = [
  { x: [5, 28, 28, 1], w: [4, 4, 1, 16], options: { stride: 2, padding: 'same' } },
  { x: [1, 1, 1, 1], w: [1, 1, 1, 1], options: { padding: 'same' } },
  { x: [2, 9, 7, 4], w: [3, 3, 4, 5], options: { padding: 'same' } },
  { x: [3, 11, 13, 3], w: [5, 4, 3, 12], options: { stride: 2 } },
  { x: [2, 10, 8, 2], w: [3, 3, 2, 40], options: { stride: 3, padding: [1, 2, 0, 1] } },
  { x: [1, 8, 9, 1], w: [2, 2, 1, 19], options: { stride: 3 }, variant: 'channel_lanes:1' },
  { x: [9, 6, 5, 1], w: [3, 2, 1, 8], options: { stride: [2, 1], dilation: [1, 2], padding: [2, 2, 1, 1] } },
  { x: [2, 12, 6, 1], w: [5, 5, 1, 3], options: { padding: 'same' }, variant: 'channel_lanes:4' },
];

function referenceOptions({ x, w, options = {} }: Case): reference.Conv2dOptions {
  const { stride = 1, padding = 'valid', dilation = 1 } = options;
  const pair = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value);
  const [strides, dilations] = [pair(stride), pair(dilation)];
  const pads =
    typeof padding === 'string'
      ? reference.padding2d(padding, [x[1], x[2]], [w[0], w[1]], strides, dilations)
      : padding;
  return { strides, padding: pads, dilations };
}

describe.skipIf(!features.has('subgroups'))('channel_lanes', () => {
  it.each(cases)('agrees with the reference: $x $w $options $variant', async (each) => {
    const { variant = 'channel_lanes' } = each;
    const ref = referenceOptions(each);
    const dy = random(1, reference.conv2dShape(each.x, each.w, ref));
    const [w, bias] = [random(2, each.w), random(3, [each.x[3]])];
    const run = () =>
      evaluate((a, b, c) => tanh(add(conv2dGradInput(a, b, each.x, each.options), c)), [dy, w, bias], {
        subgroups: true,
        variants: { conv2dGradInput: variant },
      });
    const [found] = await run();
    const expected = map(reference.conv2dGradInput(dy, w, each.x, ref), (value, i) =>
      Math.tanh(value + bias.data[i % bias.data.length]),
    );
    expect(found).toBeAllClose(expected, { rtol: 2e-5, atol: 2e-5 });
    expect(await run()).toEqual([found]); // the same bits
  });

  it('computes the transposed convolution, with bias and sigmoid', async () => {
    const [x, w, bias] = [random(4, [3, 5, 7, 6]), random(5, [4, 4, 1, 6]), random(6, [1])];
    const [found] = await evaluate(
      (a, b, c) => sigmoid(add(conv2dTranspose(a, b, { stride: 2, padding: 'same' }), c)),
      [x, w, bias],
      { subgroups: true, variants: { conv2dTranspose: 'channel_lanes' } },
    );
    const pads = reference.padding2d('same', [10, 14], [4, 4], [2, 2]);
    const y = reference.conv2dTranspose(x, w, [10, 14], { strides: [2, 2], padding: pads });
    const expected = map(y, (value) => 1 / (1 + Math.exp(-value - bias.data[0])));
    expect(found).toBeAllClose(expected, { rtol: 2e-5, atol: 2e-5 });
  });

  it('keeps what is not finite to the outputs that meet it', async () => {
    const [x, w] = [random(7, [1, 5, 5, 5]), random(8, [2, 2, 1, 5])];
    x.data[4] = Infinity; // the last channel at row 0, column 0
    w.data.forEach((value, i) => (w.data[i] = Math.abs(value) + 0.1));
    const [found] = await evaluate((a, b) => conv2dTranspose(a, b, { stride: 2 }), [x, w], {
      subgroups: true,
      variants: { conv2dTranspose: 'channel_lanes' },
    });
    const meets = (i: number) => Math.floor(i / 10) < 2 && i % 10 < 2;
    found.data.forEach((value, i) => expect(value === Infinity).toBe(meets(i)));
    expect(found.data.every((value) => !Number.isNaN(value))).toBe(true);
  });
});

describe('the choice of channel_lanes', () => {
  const limits = {
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupsPerDimension: 65535,
    maxUniformBufferBindingSize: 65536,
  };
  const chosen = (channels: number, few: number, software: boolean, subgroupSize?: number) => {
    const [x, w] = [input('x', [64, 14, 14, channels]), input('w', [4, 4, few, channels])];
    const y = conv2dTranspose(x, w, { stride: 2, padding: 'same' });
    return lowerGraph([y], [], [], { target: { software, limits, subgroupSize } })
      .map(({ kernel }) => kernel.name.replace('conv2d/', ''))
      .join();
  };

  it('needs a software adapter with subgroups of eight and few channels of the output', () => {
    expect(chosen(16, 1, true, 8)).toBe('grad_input_channel_lanes');
    expect(chosen(16, 1, true, 4)).toBe('phase_weights,4_broadcast');
    expect(chosen(16, 4, true, 8)).toBe('grad_input_channel_lanes');
    expect(chosen(18, 3, true, 8)).toBe('phase_weights,4_broadcast');
    expect(chosen(16, 8, true, 8)).toBe('phase_weights,4_broadcast');
    expect(chosen(16, 1, true)).toBe('phase_weights,2_direct');
    expect(chosen(16, 1, false, 32)).toBe('phase_weights,2_direct');
  });
});
