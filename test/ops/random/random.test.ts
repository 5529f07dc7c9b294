import { describe, expect, it } from 'vitest';
import { relu } from '../../../src/ops/elementwise/elementwise.ts';
import {
  FIRST_STREAM,
  nextStream,
  randomBits,
  randomNormal,
  randomTruncatedNormal,
  randomUniform,
  withStreams,
} from '../../../src/ops/random/random.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { map } from '../../reference/array.ts';
import * as reference from '../../reference/random.ts';

/** Of a standard normal: WGSL allows sin and cos an error of 2^-11, which √(−2 ln u) ≤ 5.77 multiplies. */
const ERROR = 5.8 * 2 ** -11;
const seed = 2 ** 33 + 12_345; // both words of the key

it('draws the words of the published generator, bit for bit', async () => {
  for (const [size, stream] of [
    [1, 0],
    [3, 7],
    [257, 2 ** 32 - 1],
  ]) {
    const [bits] = await evaluate(() => randomBits([size], { stream }), [], { seed });
    const expected = Array.from({ length: size }, (_, i) => reference.bitsAt(i, { seed, stream })[i % 4]);
    expect([...bits.data]).toEqual(expected);
  }
});

// https://github.com/DEShawResearch/random123, tests/kat_vectors: philox4x32 10, counter 0, key 0
it('draws the known answer for counter 0 and key 0', async () => {
  const [bits] = await evaluate(() => randomBits([4], { stream: 0 }), [], { seed: 0 });
  expect([...bits.data]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
});

describe.each([[1], [5], [2, 3], [64, 3], [65]])('shape [%s]', (...shape) => {
  it('uniform, normal, truncated normal are those of the contract', async () => {
    const [uniform, normal, truncated] = await evaluate(
      () => [
        randomUniform(shape, -2, 5, { stream: 1 }),
        randomNormal(shape, 1, 2, { stream: 2 }),
        randomTruncatedNormal(shape, -1, 3, { stream: 3 }),
      ],
      [],
      { seed },
    );
    const key = (stream: number) => ({ seed, stream });
    expect(uniform).toBeAllClose(reference.uniform(shape, key(1), -2, 5), { rtol: 1e-6, atol: 1e-6 });
    expect(normal).toBeAllClose(reference.normal(shape, key(2), 1, 2), { rtol: 0, atol: 2 * ERROR });
    expect(truncated).toBeAllClose(reference.truncatedNormal(shape, key(3), -1, 3), {
      rtol: 0,
      atol: 3 * ERROR,
    });
  });
});

it('draws other numbers in every step, and the same for the same step', async () => {
  const at = async (steps: number) =>
    (await evaluate(() => randomUniform([33], 0, 1, { stream: 9 }), [], { seed, steps }))[0];
  const [first, third, again] = [await at(1), await at(3), await at(3)];
  expect(third).toEqual(again);
  expect(first).toBeAllClose(reference.uniform([33], { seed, stream: 9, step: 0 }), { rtol: 0, atol: 1e-7 });
  expect(third).toBeAllClose(reference.uniform([33], { seed, stream: 9, step: 2 }), { rtol: 0, atol: 1e-7 });
});

it('fills more blocks than a dispatch has workgroups along x', async () => {
  const size = 4 * 64 * 65_535 + 5;
  const [bits] = await evaluate(() => randomBits([size], { stream: 4 }), [], { seed });
  for (const i of [0, 1, 4 * 64 * 40_000 + 3, size - 6, size - 5, size - 1]) {
    expect(bits.data[i]).toBe(reference.bitsAt(i, { seed, stream: 4 })[i % 4]);
  }
  const mean = bits.data.reduce((sum, value) => sum + value, 0) / size / 2 ** 32;
  expect(mean).toBeCloseTo(0.5, 3); // deviation of the mean: 1 / √(12 size) = 7e-5
});

it('takes what follows into its kernel', async () => {
  const [result] = await evaluate(() => relu(randomNormal([9, 7], 0, 1, { stream: 6 })), [], { seed });
  const expected = map(reference.normal([9, 7], { seed, stream: 6 }), (value) => Math.max(value, 0));
  expect(result).toBeAllClose(expected, { rtol: 0, atol: ERROR });
});

describe('streams', () => {
  it('number the random ops of one graph alike, however often it is built', () => {
    const build = () => [nextStream(), nextStream()];
    expect(withStreams(build)).toEqual([FIRST_STREAM, FIRST_STREAM + 1]);
    nextStream();
    expect(withStreams(build)).toEqual([FIRST_STREAM, FIRST_STREAM + 1]);
    expect(withStreams(() => [nextStream(), withStreams(build), nextStream()])).toEqual([
      FIRST_STREAM,
      [FIRST_STREAM, FIRST_STREAM + 1],
      FIRST_STREAM + 1,
    ]);
  });

  it('are restored when the build throws', () => {
    const before = nextStream();
    const broken = () => {
      nextStream();
      throw new Error('no graph');
    };
    expect(() => withStreams(broken)).toThrow('no graph');
    expect(nextStream()).toBe(before + 1);
  });
});

it('refuses bad arguments, with the op and the value', () => {
  expect(() => randomUniform([2], 3, 1)).toThrow('randomUniform: low 3 is above high 1');
  expect(() => randomNormal([2], NaN)).toThrow('randomNormal: mean is NaN');
  expect(() => randomNormal([2, 0])).toThrow('randomNormal: shape [2, 0]');
  expect(() => randomBits([2], { stream: -1 })).toThrow('randomBits: stream is -1');
});
