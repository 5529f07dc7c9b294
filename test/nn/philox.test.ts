import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import {
  fillNormal,
  fillTruncatedNormal,
  fillUniform,
  Philox,
  philox4x32,
  uniform01,
} from '../../src/nn/philox.ts';
import '../helpers/close.ts';
import { randomIntegers } from '../reference/array.ts';
import * as reference from '../reference/random.ts';

const key = { seed: 2 ** 40 + 17, stream: 3, step: 1000 };

describe('philox4x32', () => {
  it('gives the published known answers (Random123, kat_vectors)', () => {
    const ones = 0xffffffff;
    expect([...philox4x32([0, 0, 0, 0], [0, 0])]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    expect([...philox4x32([ones, ones, ones, ones], [ones, ones])]).toEqual([
      0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
    ]);
    expect([
      ...philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    ]).toEqual([0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]);
  });

  it('agrees with the reference on random counters and keys', () => {
    const words = randomIntegers(1, [500, 6], 2 ** 32).data;
    for (let i = 0; i < words.length; i += 6) {
      const counter = Array.from(words.subarray(i, i + 4));
      const randomKey = Array.from(words.subarray(i + 4, i + 6));
      expect([...philox4x32(counter, randomKey)]).toEqual(reference.philox4x32(counter, randomKey));
    }
  });

  it('maps words to [0, 1) as the reference does', () => {
    for (const bits of [0, 255, 256, 0x80000000, 0xffffffff])
      expect(uniform01(bits)).toBe(reference.uniform01(bits));
  });
});

describe('filling', () => {
  it.each([0, 1, 3, 4, 5, 1023])('%i elements follows the contract', (count) => {
    const shape = [count];
    const close = { rtol: 1e-7, atol: 1e-9 }; // float32 rounding of the result
    expect(fillUniform(new Float32Array(count), key, -2, 3)).toBeAllClose(
      reference.uniform(shape, key, -2, 3),
      close,
    );
    expect(fillNormal(new Float32Array(count), key, 1, 2)).toBeAllClose(
      reference.normal(shape, key, 1, 2),
      close,
    );
    expect(fillTruncatedNormal(new Float32Array(count), key, 1, 2)).toBeAllClose(
      reference.truncatedNormal(shape, key, 1, 2),
      close,
    );
  });

  it('takes seed alone, with stream and step 0', () => {
    const plain = fillUniform(new Float32Array(8), { seed: 1 });
    expect(plain).toEqual(fillUniform(new Float32Array(8), { seed: 1, stream: 0, step: 0 }));
    expect(plain.every((value) => value >= 0 && value < 1)).toBe(true);
  });

  it('refuses keys that are not words', () => {
    const out = new Float32Array(1);
    for (const seed of [-1, 0.5, 2 ** 53, NaN]) {
      expect(() => fillUniform(out, { seed })).toThrow(ArgumentError);
    }
    expect(() => fillUniform(out, { seed: 1, stream: 2 ** 32 })).toThrow(
      'random stream must be an integer in [0, 2^32), got 4294967296',
    );
    expect(() => fillUniform(out, { seed: 1, step: -1 })).toThrow('random step');
  });
});

describe('Philox', () => {
  it('walks along the random tensor', () => {
    const flat = new Philox(key);
    const bell = new Philox(key);
    for (let i = 0; i < 11; i++) {
      expect(flat.uniform()).toBe(reference.uniformAt(i, key));
      expect(bell.normal()).toBe(reference.normalAt(i, key));
    }
  });

  it('never uses the same bits for a uniform and a normal', () => {
    const mixed = new Philox(key);
    const drawn = [
      mixed.uniform(),
      mixed.normal(),
      mixed.uniform(),
      mixed.normal(),
      mixed.normal(),
      mixed.uniform(),
    ];
    const { uniformAt, normalAt } = reference;
    // elements: 0 | 2 and 3 | 4 | (3) | 6 and 7 | 8
    expect(drawn).toEqual([
      uniformAt(0, key),
      normalAt(2, key),
      uniformAt(4, key),
      normalAt(3, key),
      normalAt(6, key),
      uniformAt(8, key),
    ]);
  });
});
