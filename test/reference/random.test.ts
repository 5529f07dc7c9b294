import { describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import {
  fans,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
} from './initializers.ts';
import { dropoutMask, normal, philox4x32, truncatedNormal, uniform, uniform01 } from './random.ts';
import { moments } from './reduce.ts';

describe('Philox4x32-10', () => {
  it('gives the published known answers (Random123, kat_vectors)', () => {
    expect(philox4x32([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const ones = 0xffffffff;
    expect(philox4x32([ones, ones, ones, ones], [ones, ones])).toEqual([
      0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
    ]);
    expect(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });

  it('maps words to [0, 1)', () => {
    expect([0, 0xff, 0x100, 0x80000000, 0xffffffff].map(uniform01)).toEqual([
      0,
      0,
      2 ** -24,
      0.5,
      1 - 2 ** -24,
    ]);
  });
});

describe('random tensors', () => {
  const key = { seed: 42, stream: 3, step: 5 };
  const count = 20_000;
  const deviation = (data: Float64Array) =>
    Math.sqrt(moments({ shape: [data.length], data }).variance.data[0]);
  const mean = (data: Float64Array) => moments({ shape: [data.length], data }).mean.data[0];

  it('have the moments of their distribution, to 4 standard errors', () => {
    const error = 4 / Math.sqrt(count);
    const flat = uniform([count], key, -1, 3).data;
    expect(Math.abs(mean(flat) - 1)).toBeLessThan(error * 2);
    expect(Math.abs(deviation(flat) - 4 / Math.sqrt(12))).toBeLessThan(error);
    expect(flat.every((value) => value >= -1 && value < 3)).toBe(true);

    const bell = normal([count], key, 2, 3).data;
    expect(Math.abs(mean(bell) - 2)).toBeLessThan(error * 3);
    expect(Math.abs(deviation(bell) - 3)).toBeLessThan(error * 3);

    const cut = truncatedNormal([count], key).data;
    expect(cut.every((value) => Math.abs(value) <= 2)).toBe(true);
    expect(Math.abs(mean(cut))).toBeLessThan(error);
    expect(Math.abs(deviation(cut) - 0.8796256610342398)).toBeLessThan(error);
  });

  it('differ by seed, both its words, stream, step and element', () => {
    const variants = [
      key,
      { ...key, seed: 43 },
      { ...key, seed: 42 + 2 ** 32 },
      { ...key, stream: 4 },
      { ...key, step: 6 },
    ];
    const values = variants.flatMap((variant) => [...uniform([50], variant).data]);
    expect(new Set(values).size).toBe(250);
  });

  it('make dropout masks that keep the mean', () => {
    const mask = dropoutMask([count], key, 0.3).data;
    expect(new Set(mask)).toEqual(new Set([0, 1 / 0.7]));
    expect(mean(mask)).toBeCloseTo(1, 1);
    expect(dropoutMask([100], key, 0).data.every((value) => value === 1)).toBe(true);
  });

  it('have the variance an initializer promises', () => {
    expect(fans([20, 30])).toEqual({ fanIn: 20, fanOut: 30 });
    expect(fans([3, 5, 4, 8])).toEqual({ fanIn: 60, fanOut: 120 });
    const shape = [3, 3, 20, 60]; // fans 180 and 540
    for (const [initialize, variance] of [
      [glorotUniform, 2 / 720],
      [glorotNormal, 2 / 720],
      [heUniform, 2 / 180],
      [heNormal, 2 / 180],
      [lecunUniform, 1 / 180],
      [lecunNormal, 1 / 180],
    ] as const) {
      expect(deviation(initialize(shape, key).data) / Math.sqrt(variance)).toBeCloseTo(1, 1);
    }
    const limit = Math.sqrt(6 / 720);
    const values = glorotUniform(shape, key).data;
    expect(values.every((value) => Math.abs(value) <= limit)).toBe(true);
    expect(values.some((value) => value > 0.99 * limit)).toBe(true);
  });
});
