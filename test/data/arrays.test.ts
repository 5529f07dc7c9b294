import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { checkDataset } from '../../src/data/checks.ts';
import { dataset, shuffle, splitValidation, take } from '../../src/data/dataset.ts';
import type { Values } from '../../src/data/arrays.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { ArgumentError, NumericError, ShapeError } from '../../src/errors.ts';

const labels = Uint8Array.of(0, 1, 2);
/** Three samples of two values. */
const three = (x: unknown, inputShape: number[] = [2]): Dataset =>
  dataset({ name: 'n', x: x as Values, y: labels, inputShape });

const numbers = [0, 1, 2, 3, 250, 255];

describe('typed arrays', () => {
  it('are kept as they are: bytes, i32 and f32', () => {
    for (const kept of [Uint8Array.from(numbers), Int32Array.from(numbers), Float32Array.from(numbers)]) {
      expect(three(kept).x.data).toBe(kept);
    }
  });

  it.each([
    ['Uint8ClampedArray', Uint8ClampedArray.from(numbers), Uint8Array],
    ['Buffer', Buffer.from(numbers), Uint8Array],
    ['shared memory', new Uint8ClampedArray(new SharedArrayBuffer(6)), Uint8Array],
    ['a vm context', runInNewContext(`Float32Array.of(${numbers})`) as Float32Array, Float32Array],
    ['bytes of a vm context', runInNewContext(`Uint8Array.of(${numbers})`) as Uint8Array, Uint8Array],
    ['a resizable buffer', resizable(Float32Array.from(numbers)), Float32Array],
  ])('become a view of the same memory: %s', (_name, given, kind) => {
    given.set(numbers);
    const { data } = three(given).x;
    expect(Object.getPrototypeOf(data)).toBe(kind.prototype);
    expect([...data]).toEqual(numbers);
    given[0] = 7;
    expect(data[0]).toBe(7);
  });

  it.each([
    ['Int8Array', Int8Array.of(-128, 127, 0, 1, 2, 3), [-128, 127, 0, 1, 2, 3]],
    ['Int16Array', Int16Array.of(-32768, 32767, 0, 1, 2, 3), [-32768, 32767, 0, 1, 2, 3]],
    ['Uint16Array', Uint16Array.of(65535, 0, 1, 2, 3, 4), [65535, 0, 1, 2, 3, 4]],
    ['Uint32Array', Uint32Array.of(2147483647, 0, 1, 2, 3, 4), [2147483647, 0, 1, 2, 3, 4]],
    ['BigInt64Array', BigInt64Array.of(-2147483648n, 1n, 2n, 3n, 4n, 5n), [-2147483648, 1, 2, 3, 4, 5]],
    ['BigUint64Array', BigUint64Array.of(2147483647n, 1n, 2n, 3n, 4n, 5n), [2147483647, 1, 2, 3, 4, 5]],
  ])('of other integers become i32: %s', (_name, given, expected) => {
    expect(three(given).x.data).toEqual(Int32Array.from(expected));
  });

  it('of integers that i32 does not hold are refused with their place', () => {
    for (const big of [
      Uint32Array.of(0, 0, 0, 0, 0, 2147483648),
      BigInt64Array.of(0n, 0n, 0n, 0n, 0n, 2n ** 40n),
    ]) {
      expect(() => three(big)).toThrow(ArgumentError);
      expect(() => three(big)).toThrow(/data set 'n': x\[5\] is (2147483648|1099511627776).*Float32Array/);
    }
  });

  it('of 64-bit floats become f32, unless they overflow there', () => {
    const given = Float64Array.of(0.1, -1e-300, 3.4e38, 1, 2, 3);
    expect(three(given).x.data).toEqual(Float32Array.from(given));
    given[4] = 1e39;
    expect(() => three(given)).toThrow(NumericError);
    expect(() => three(given)).toThrow(/x\[4\] is 1e\+39, beyond the range of 32-bit floats/);
    given[4] = NaN;
    expect(() => three(given)).toThrow(/x\[4\] \(sample 2, value 0\) is NaN/);
  });

  it('are told from memory without a type', () => {
    for (const memory of [
      new ArrayBuffer(24),
      new SharedArrayBuffer(24),
      new DataView(new ArrayBuffer(24)),
    ]) {
      expect(() => three(memory)).toThrow(/Say what the bytes are: new Uint8Array\(buffer\)/);
    }
  });
});

describe('nested arrays', () => {
  const nested = [
    [0, 1],
    [2, 3],
    [250, 255],
  ];
  it.each<[string, unknown]>([
    ['samples', nested],
    ['numbers one after the other', numbers],
    ['rows that are typed arrays', nested.map((row) => Float32Array.from(row))],
    ['another realm', runInNewContext(JSON.stringify(nested))],
    ['with extents of 1', nested.map((row) => row.map((value) => [value]))],
  ])('become f32: %s', (_name, given) => {
    expect(three(given).x.data).toEqual(Float32Array.from(numbers));
  });

  it.each([
    ['Uint8Array', Uint8Array, Uint8Array],
    ['Uint8ClampedArray', Uint8ClampedArray, Uint8Array],
    ['Buffer', Buffer, Uint8Array],
    ['Int16Array', Int16Array, Int32Array],
    ['Int32Array', Int32Array, Int32Array],
    ['Float64Array', Float64Array, Float32Array],
  ])('keep the kind of rows that are typed arrays: %s', (_name, kind, kept) => {
    const rows = nested.map((row) => kind.from(row));
    expect(three(rows).x.data).toEqual(kept.from(numbers));
    expect(three([rows.slice(0, 1), rows.slice(1, 2), rows.slice(2)], [1, 2]).x.data).toEqual(
      kept.from(numbers),
    );
    const masks = dataset({ x: rows, y: rows, inputShape: [2], targetShape: [2] });
    expect(masks.y.data).toBe(masks.x.data);
    expect(masks.y.data).toEqual(kept.from(numbers));
  });

  it('take 64-bit integers as rows, if 32 bits hold them', () => {
    expect(
      three([BigInt64Array.of(1n, 2n), BigInt64Array.of(3n, -4n), BigInt64Array.of(5n, 6n)]).x.data,
    ).toEqual(Int32Array.of(1, 2, 3, -4, 5, 6));
    const big = [BigInt64Array.of(1n, 2n), BigInt64Array.of(3n, 2n ** 31n), BigInt64Array.of(5n, 6n)];
    expect(() => three(big)).toThrow(/data set 'n': x\[1\]\[1\] is 2147483648, which does not fit a signed/);
  });

  it('with rows of several kinds are refused', () => {
    const [bytes, floats, integers] = [Uint8Array.of(0, 255), Float32Array.of(0, 1), Int32Array.of(0, 1)];
    for (const [rows, found] of [
      [
        [bytes, bytes, floats],
        /x\[2\] is Float32Array, but the first row is Uint8Array.*Give all rows as one kind/,
      ],
      [[bytes, [0, 1], bytes], /x\[1\] is an array of numbers, but the first row is Uint8Array/],
      [[[0, 1], integers, [0, 1]], /x\[1\] is Int32Array, but the first row is an array of numbers/],
    ] as const) {
      expect(() => three(rows)).toThrow(ArgumentError);
      expect(() => three(rows)).toThrow(found);
    }
    expect(three([floats, [2, 3], Float64Array.of(4, 5)]).x.data).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
  });

  it('of bytes are read anew when rows are refilled, and refused when their kind has changed', () => {
    const rows: unknown[] = [Uint8Array.of(0, 1), Uint8Array.of(2, 3), Uint8Array.of(4, 5)];
    const set = three(rows);
    (rows[1] as Uint8Array)[0] = 200;
    checkDataset(set);
    expect(set.x.data).toEqual(Uint8Array.of(0, 1, 200, 3, 4, 5));
    rows.forEach((_, i) => (rows[i] = Float32Array.of(0.5, 0.5)));
    expect(() => checkDataset(set)).toThrow(/x has become Float32Array where it was Uint8Array/);
  });

  it('of images: their shape, or one row per image, but not another shape', () => {
    const image = (rows: number, columns: number) =>
      Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => r * columns + c));
    const expected = Float32Array.from({ length: 18 }, (_, i) => i % 6);
    for (const one of [image(2, 3), image(1, 6)[0], image(2, 3).map((row) => row.map((v) => [v]))]) {
      expect(three([one, one, one], [2, 3, 1]).x.data).toEqual(expected);
    }
    expect(() => three([image(3, 2), image(3, 2), image(3, 2)], [2, 3, 1])).toThrow(
      /nested as samples of shape \[3, 2\], not of \[2, 3, 1\]/,
    );
  });

  it('that are ragged or hold something else are refused with the place', () => {
    expect(() => three([[0, 1], [2, 3, 4], [5]])).toThrow(ShapeError);
    expect(() => three([[0, 1], [2, 3, 4], [5]])).toThrow(/data set 'n': x\[1\] has 3 entries/);
    expect(() => three([[0, 1], 2, [3, 4]])).toThrow(/x\[1\] is 2, where an array of 2 entries belongs/);
    expect(() =>
      three([
        [0, 1],
        [2, [3]],
        [3, 4],
      ]),
    ).toThrow(/x\[1\]\[1\] is an array, where a number belongs/);
    for (const wrong of [null, undefined, '1', true, 1n, {}]) {
      expect(() =>
        three([
          [0, 1],
          [2, wrong],
          [4, 5],
        ]),
      ).toThrow(ArgumentError);
      expect(() =>
        three([
          [0, 1],
          [2, wrong],
          [4, 5],
        ]),
      ).toThrow(/x\[1\]\[1\] is/);
    }
    // A first row of a million entries allocates nothing for the others.
    const wide: unknown[] = Array.from({ length: 1e6 }, () => [1]);
    wide[0] = new Float32Array(1e6);
    expect(() => dataset({ x: wide as Values, y: [1], inputShape: [1e6] })).toThrow(/x/);
  });

  it('as targets bring their shape with them', () => {
    const one = dataset({ x: numbers, y: [2, 1, 0], inputShape: [2], classNames: ['a', 'b', 'c'] });
    expect(one.y).toEqual({ data: Float32Array.of(2, 1, 0), shape: [] });
    const hot = dataset({ x: nested, y: [[1, 0], [0, 1], [1, 0]], inputShape: [2] }); // prettier-ignore
    expect(hot.y).toEqual({ data: Float32Array.of(1, 0, 0, 1, 1, 0), shape: [2] });
    const two = dataset({ x: nested, y: [[1, 2, 3], [4, 5, 6]], inputShape: [2], targetShape: [[], []] }); // prettier-ignore
    expect([two.y.data, two.moreTargets![0].data]).toEqual([
      Float32Array.of(1, 2, 3),
      Float32Array.of(4, 5, 6),
    ]);
  });

  it('of several inputs come in a list as long as that of the shapes', () => {
    const set = dataset({ x: [nested, numbers], y: labels, inputShape: [[2], [1, 2]] });
    expect(set.moreInputs![0]).toEqual({ data: Float32Array.from(numbers), shape: [1, 2] });
    expect(() => dataset({ x: [nested], y: labels, inputShape: [[2], [2]] })).toThrow(
      /list of as many arrays/,
    );
  });
});

it('an array that is input and target is converted once', () => {
  const x = Float64Array.from(numbers);
  const set = dataset({ x, y: x, inputShape: [2], targetShape: [2] });
  expect(set.y.data).toBe(set.x.data);
});

it('weights come in any type', () => {
  const set = (weights: unknown) =>
    dataset({ x: numbers, y: labels, inputShape: [2], weights: weights as Values });
  expect(set([1, 0.5, 2]).weights!.data).toEqual(Float32Array.of(1, 0.5, 2));
  expect(set(Float64Array.of(1, 0.5, 2)).weights!.data).toEqual(Float32Array.of(1, 0.5, 2));
  expect(() => set([1, -0.5, 2])).toThrow(/weights\[1\] is -0.5/);
  expect(() => set([1, 2])).toThrow(/one weight for each of the 3 samples, got 2/);
});

describe('when a data set is used', () => {
  const views = (set: Dataset) => [set, take(set, 1, 3), splitValidation(set, 0.5).validation];

  it('an array that was transferred away is an error, for views too', () => {
    const x = Float32Array.from(numbers);
    const all = views(three(x));
    structuredClone(x.buffer, { transfer: [x.buffer] });
    for (const set of all) {
      expect(() => checkDataset(set)).toThrow(ArgumentError);
      expect(() => checkDataset(set)).toThrow(
        /x has 0 values where there were \d: its memory was transferred away/,
      );
    }
    expect(() => take(all[0], 0, 1)).toThrow(/transferred away/);
    expect(() => shuffle(all[0])).toThrow(/transferred away/);
    expect(() => three(x)).toThrow(/x is empty.*transferred away/);
  });

  it('so is one that was converted, and a resizable buffer that shrank; one that grew is as it was', () => {
    const x = Float64Array.from(numbers);
    const converted = three(x);
    structuredClone(x.buffer, { transfer: [x.buffer] });
    expect(() => checkDataset(converted)).toThrow(/transferred away/);

    const growing = resizable(Float32Array.from(numbers));
    const set = three(growing);
    (growing.buffer as unknown as { resize(bytes: number): void }).resize(48);
    checkDataset(set);
    expect([...set.x.data]).toEqual(numbers);
    (growing.buffer as unknown as { resize(bytes: number): void }).resize(8);
    expect(() => checkDataset(set)).toThrow(/x has 0 values where there were 6/);
  });

  it.each<[string, () => { set: Dataset; refill: (values: number[]) => void }]>([
    ['f32', () => refilled(Float32Array.from(numbers))],
    ['f64', () => refilled(Float64Array.from(numbers))],
    ['u16', () => refilled(Uint16Array.from(numbers))],
    [
      'nested',
      () => {
        const x = [[0, 1], [2, 3], [4, 5]]; // prettier-ignore
        const refill = (values: number[]) => values.forEach((value, i) => (x[i >> 1][i % 2] = value));
        return { set: three(x), refill };
      },
    ],
  ])(
    'values that were refilled in place are the new ones, checked anew, for views too: %s',
    (_name, make) => {
      const { set, refill } = make();
      const all = views(set);
      const mixed = shuffle(set);
      const before = [...mixed.x.data];
      refill([9, 8, 7, 6, 5, 4]);
      for (const view of all) checkDataset(view);
      checkDataset(mixed);
      expect(all.map(({ x }) => [...x.data])).toEqual([
        [9, 8, 7, 6, 5, 4],
        [7, 6, 5, 4],
        [7, 6, 5, 4].slice(-2 * all[2].size),
      ]);
      expect([...mixed.x.data]).toEqual(before);
    },
  );

  it('and values that are none are told then', () => {
    const x = Float32Array.from(numbers);
    const set = three(x);
    x[3] = NaN;
    expect(() => checkDataset(set)).toThrow(/x\[3\] \(sample 1, value 1\) is NaN/);
    const y = Uint8Array.of(0, 1, 1);
    const named = dataset({ x: numbers, y, inputShape: [2], classNames: ['a', 'b'] });
    y[2] = 2;
    expect(() => checkDataset(named)).toThrow(/y\[2\] is 2, but classNames names 2 classes/);
  });

  it('what was written into a converted copy stays, as long as its source does', () => {
    const source = Float64Array.from(numbers);
    const set = three(source);
    set.x.data[0] = 42;
    checkDataset(set);
    expect(set.x.data[0]).toBe(42);
    source[1] = 43;
    checkDataset(set);
    expect([...set.x.data.subarray(0, 2)]).toEqual([0, 43]);
  });
});

function refilled(x: Float32Array | Float64Array | Uint16Array) {
  return { set: three(x), refill: (values: number[]) => x.set(values) };
}

/** The same values on a buffer that may grow and shrink, seen by an array that follows its length. */
function resizable(values: Float32Array): Float32Array {
  const Resizable = ArrayBuffer as unknown as new (bytes: number, options: object) => ArrayBuffer;
  const array = new Float32Array(new Resizable(values.byteLength, { maxByteLength: 64 }));
  array.set(values);
  return array;
}
