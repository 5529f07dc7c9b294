import { describe, expect, it } from 'vitest';
import { dataset, shuffle, splitValidation, take } from '../../src/data/dataset.ts';
import { ArgumentError, NumericError, ShapeError } from '../../src/errors.ts';

const x = Float32Array.from({ length: 12 }, (_, i) => i);
const y = Uint8Array.from([0, 1, 2, 0, 1, 2]);
const six = dataset({ name: 'six', x, y, inputShape: [2], classNames: ['a', 'b', 'c'] });

describe('dataset', () => {
  it('binds arrays without copying them', () => {
    expect(six).toEqual({
      name: 'six',
      size: 6,
      synthetic: false,
      x: { data: x, shape: [2] },
      y: { data: y, shape: [] },
      classNames: ['a', 'b', 'c'],
    });
    expect(six.x.data).toBe(x);
  });

  it('takes targets of any shape', () => {
    const set = dataset({ x, y: new Float32Array(18), inputShape: [2], targetShape: [3], synthetic: true });
    expect([set.size, set.y.shape, set.synthetic, set.name]).toEqual([6, [3], true, 'data']);
  });

  it('refuses arrays that do not fit each other, and says how they would', () => {
    expect(() => dataset({ x, y, inputShape: [5] })).toThrow(ShapeError);
    expect(() => dataset({ name: 'n', x, y, inputShape: [5] })).toThrow(
      /'n': x has 12 values.*5.*shape \[5\]/,
    );
    expect(() => dataset({ x, y: new Float32Array(18), inputShape: [2] })).toThrow(/targetShape: \[3\]/);
    expect(() => dataset({ x, y: new Float32Array(7), inputShape: [2] })).toThrow(
      /needs 6.*has 7.*same samples/,
    );
  });

  it('refuses NaN and infinity with their place', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const bad = x.slice();
      bad[7] = value;
      const make = () => dataset({ name: 'n', x: bad, y, inputShape: [2] });
      expect(make).toThrow(NumericError);
      expect(make).toThrow(`x[7] (sample 3, value 1) is ${value}`);
    }
    expect(() => dataset({ x, y: Float32Array.from([0, 1, NaN, 0, 1, 2]), inputShape: [2] })).toThrow(
      /y\[2\]/,
    );
  });

  it('refuses empty sets, other arrays and odd shapes', () => {
    const none = new Float32Array(0);
    expect(() => dataset({ x: none, y: none, inputShape: [2] })).toThrow(/x is empty/);
    for (const wrong of [
      new DataView(new ArrayBuffer(48)),
      new ArrayBuffer(48),
      undefined,
      null,
      'text',
      5,
    ]) {
      expect(() => dataset({ x: wrong as never, y, inputShape: [2] })).toThrow(ArgumentError);
    }
    for (const shape of [[0], [-2], [1.5], [NaN], 2, undefined]) {
      expect(() => dataset({ x, y, inputShape: shape as never })).toThrow(ArgumentError);
    }
  });

  it('refuses labels without a name', () => {
    expect(() => dataset({ x, y, inputShape: [2], classNames: ['a', 'b'] })).toThrow(/y\[2\] is 2.*0 to 1/);
    const negative = Int32Array.from([0, -1, 0, 0, 0, 0]);
    expect(() => dataset({ x, y: negative, inputShape: [2], classNames: ['a'] })).toThrow(/y\[1\] is -1/);
  });
});

describe('take', () => {
  it('views a range of samples', () => {
    const part = take(six, 2, 4);
    expect([part.size, [...part.x.data], [...part.y.data]]).toEqual([2, [4, 5, 6, 7], [2, 0]]);
    expect(part.x.data.buffer).toBe(x.buffer);
    expect(take(six, 5).size).toBe(1);
  });

  it('refuses ranges outside', () => {
    for (const [start, end] of [
      [0, 7],
      [-1, 3],
      [3, 3],
      [4, 2],
      [0.5, 2],
      [0, NaN],
    ]) {
      expect(() => take(six, start, end), `${start} to ${end}`).toThrow(ArgumentError);
    }
  });
});

describe('splitValidation', () => {
  it('sets the last samples aside', () => {
    const { train, validation } = splitValidation(six, 1 / 3);
    expect([train.size, validation.size, [...validation.y.data]]).toEqual([4, 2, [1, 2]]);
  });

  it('refuses fractions that leave a side empty', () => {
    for (const fraction of [0, 1, -1, 2, NaN, 0.99]) {
      expect(() => splitValidation(six, fraction), `${fraction}`).toThrow(ArgumentError);
    }
  });
});

describe('shuffle', () => {
  it('moves whole samples, the same way for the same seed', () => {
    const many = dataset({
      x: Float32Array.from({ length: 2000 }, (_, i) => i),
      y: Int32Array.from({ length: 1000 }, (_, i) => i),
      inputShape: [2],
    });
    const mixed = shuffle(many, 3);
    expect([...mixed.y.data].sort((a, b) => a - b)).toEqual([...many.y.data]);
    expect([...mixed.y.data]).not.toEqual([...many.y.data]);
    expect(shuffle(many, 3).y.data).toEqual(mixed.y.data);
    expect(shuffle(many, 4).y.data).not.toEqual(mixed.y.data);
    mixed.y.data.forEach((label, i) =>
      expect([mixed.x.data[2 * i], mixed.x.data[2 * i + 1]]).toEqual([2 * label, 2 * label + 1]),
    );
  });

  it('puts every sample in every place equally often', () => {
    const counts = new Float64Array(36);
    for (let seed = 0; seed < 6000; seed++) {
      shuffle(dataset({ x, y: Uint8Array.from([0, 1, 2, 3, 4, 5]), inputShape: [2] }), seed).y.data.forEach(
        (label, at) => counts[6 * at + label]++,
      );
    }
    // Each count is binomial with mean 1000 and standard deviation 29.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * 29);
  });
});
