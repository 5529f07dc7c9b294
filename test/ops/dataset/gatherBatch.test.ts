import { describe, expect, it } from 'vitest';
import { sampleAt } from '../../../src/data/permutation.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { DType } from '../../../src/ops/core/shape.ts';
import { gatherBatch, gatherLabelledBatch } from '../../../src/ops/dataset/gatherBatch.ts';
import { evaluate, testGpu } from '../../helpers/evaluate.ts';
import { fromFunction, map, randomIntegers } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';

const seed = 2 ** 35 + 99;

/** Rows of `source` that step `step` has to give, by the CPU twin of the permutation. */
function expectedBatch(
  source: Array64,
  step: number,
  batchSize: number,
  options: Parameters<typeof sampleAt>[2],
): Array64 {
  const sample = source.data.length / source.shape[0];
  return fromFunction([batchSize, ...source.shape.slice(1)], (row, ...rest) => {
    const within = rest.reduce((index, coordinate, axis) => index * source.shape[axis + 1] + coordinate, 0);
    return source.data[sampleAt(step, row, options) * sample + within];
  });
}

interface Case {
  dtype: DType;
  size: number;
  sample: number[];
  batchSize: number;
  variant: 'bytes' | 'elements';
  software?: boolean;
}
const cases: Case[] = [
  { dtype: 'u8', size: 1, sample: [4], batchSize: 3, variant: 'bytes' },
  { dtype: 'u8', size: 10, sample: [28, 28, 1], batchSize: 4, variant: 'bytes' },
  { dtype: 'u8', size: 10, sample: [28, 28, 1], batchSize: 4, variant: 'bytes', software: false },
  { dtype: 'u8', size: 10, sample: [8], batchSize: 4, variant: 'elements' },
  { dtype: 'u8', size: 7, sample: [3], batchSize: 5, variant: 'elements' },
  { dtype: 'u8', size: 5, sample: [13, 31, 3], batchSize: 2, variant: 'elements', software: false },
  { dtype: 'u8', size: 9, sample: [], batchSize: 4, variant: 'elements' },
  { dtype: 'f32', size: 64, sample: [2], batchSize: 64, variant: 'elements' },
  { dtype: 'f32', size: 65, sample: [65], batchSize: 63, variant: 'elements', software: false },
  { dtype: 'f32', size: 9, sample: [3, 12], batchSize: 5, variant: 'elements' },
  { dtype: 'i32', size: 33, sample: [], batchSize: 8, variant: 'elements' },
];

describe.each(cases)('$dtype [$size; $sample], batch of $batchSize, $variant', (options) => {
  const { dtype, size, sample, batchSize, variant, software } = options;
  const bound = dtype === 'u8' ? 256 : 2 ** 20;
  const source = randomIntegers(size, [size, ...sample], bound);
  const signed = dtype === 'u8' ? source : map(source, (value) => value - 2 ** 19);
  const gather = (step: number, shuffle: boolean) =>
    evaluate((t) => gatherBatch({ source: t, batchSize, shuffle }), [signed], {
      dtypes: [dtype],
      variants: { gatherBatch: variant },
      software,
      seed,
      steps: step + 1,
    });

  it('gives the samples of the keyed permutation, in a later epoch too', async () => {
    for (const step of [0, 3]) {
      const [batch] = await gather(step, true);
      expect(batch).toEqual(expectedBatch(signed, step, batchSize, { size, batchSize, seed }));
    }
  });

  it('gives the samples in order, over and over, without shuffling', async () => {
    const [batch] = await gather(2, false);
    expect(batch).toEqual(expectedBatch(signed, 2, batchSize, { size, batchSize, shuffle: false }));
  });
});

it.each(['bytes', 'elements'])('normalises: scale · value + offset (%s)', async (variant) => {
  const source = randomIntegers(3, [6, 8], 256);
  const [batch] = await evaluate(
    (t) => gatherBatch({ source: t, batchSize: 6, shuffle: false, scale: 2 / 255, offset: -1 }),
    [source],
    { dtypes: ['u8'], variants: { gatherBatch: variant } },
  );
  expect(batch).toBeAllClose(
    map(source, (value) => (value * 2) / 255 - 1),
    { rtol: 1e-6, atol: 1e-6 },
  );
});

it('turns bytes into class indices', async () => {
  const source = randomIntegers(3, [11], 10);
  const [batch] = await evaluate((t) => gatherBatch({ source: t, batchSize: 11, dtype: 'i32' }), [source], {
    dtypes: ['u8'],
    seed,
  });
  expect(batch).toEqual(expectedBatch(source, 0, 11, { size: 11, batchSize: 11, seed }));
});

describe.each<[DType, DType, number[]]>([
  ['u8', 'u8', [4, 4]],
  ['u8', 'i32', [5]],
  ['f32', 'u8', [2]],
  ['f32', 'i32', [1]],
])('with labels: %s samples, %s labels', (dtype, labelType, sample) => {
  it.each([true, false])('keeps sample and label together (software %s)', async (software) => {
    const [size, batchSize, steps] = [23, 9, 4];
    const x = fromFunction([size, ...sample], (n) => n);
    const labels = fromFunction([size], (n) => (n * 7) % 251);
    const [batch, batchLabels] = await evaluate(
      (source, all) => gatherLabelledBatch({ source, labels: all, batchSize }),
      [x, labels],
      { dtypes: [dtype, labelType], software, seed, steps },
    );
    const stream = { size, batchSize, seed };
    expect(batch).toEqual(expectedBatch(x, steps - 1, batchSize, stream));
    expect(batchLabels).toEqual(expectedBatch(labels, steps - 1, batchSize, stream));
  });
});

it('gathers fields of one salt together, and of another salt in another order', async () => {
  const indices = fromFunction([50], (n) => n);
  const [a, b, c] = await evaluate(
    (t, u) => [
      gatherBatch({ source: t, batchSize: 50 }),
      gatherBatch({ source: u, batchSize: 50 }),
      gatherBatch({ source: t, batchSize: 50, salt: 1 }),
    ],
    [indices, map(indices, (n) => n + 1000)],
    { seed },
  );
  expect(b).toEqual(map(a, (n) => n + 1000));
  expect(c).not.toEqual(a);
  expect([...c.data].sort((p, q) => p - q)).toEqual([...indices.data]);
});

it('uses only the first `size` samples', async () => {
  const [batch] = await evaluate(
    (t) => gatherBatch({ source: t, batchSize: 12, size: 4 }),
    [fromFunction([9], (n) => n)],
    {
      seed,
      steps: 5,
    },
  );
  for (const start of [0, 4, 8]) {
    expect(batch.data.slice(start, start + 4).sort()).toEqual(Float64Array.of(0, 1, 2, 3));
  }
});

describe('a source in pieces', () => {
  /** Samples [start, end) of each piece, as an array of its own. */
  const cut = ({ shape: [size, ...sample], data }: Array64, bounds: number[]): Array64[] => {
    const stride = data.length / size;
    return bounds.slice(1).map((end, k) => ({
      shape: [end - bounds[k], ...sample],
      data: data.slice(bounds[k] * stride, end * stride),
    }));
  };

  it.each<[DType, number[], 'bytes' | 'elements']>([
    ['u8', [8], 'bytes'],
    ['u8', [3], 'elements'],
    ['f32', [5], 'elements'],
    ['i32', [], 'elements'],
  ])('gives the batches of the whole, bit for bit: %s %s (%s)', async (dtype, sample, variant) => {
    const source = randomIntegers(7, [23, ...sample], 256);
    const pieces = cut(source, [0, 9, 18, 23]);
    for (const shuffle of [true, false]) {
      const options = { batchSize: 10, shuffle, scale: 1, offset: 0 };
      const settings = { seed, steps: 4, variants: { gatherBatch: variant } };
      const [whole] = await evaluate((t) => gatherBatch({ source: t, ...options }), [source], {
        dtypes: [dtype],
        ...settings,
      });
      const [batch] = await evaluate((...t) => gatherBatch({ source: t, ...options }), pieces, {
        dtypes: pieces.map(() => dtype),
        ...settings,
      });
      expect(batch).toEqual(whole);
      expect(batch).toEqual(expectedBatch(source, 3, 10, { size: 23, batchSize: 10, shuffle, seed }));
    }
  });

  it('uses only the first samples, however they are cut', async () => {
    const pieces = cut(fromFunction([20], (n) => n), [0, 2, 4, 20]); // prettier-ignore
    const [batch] = await evaluate((...t) => gatherBatch({ source: t, batchSize: 6, size: 6 }), pieces, {
      seed,
    });
    expect([...batch.data].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is refused where the pieces differ, or labels are to come along', () => {
    const [a, b, labels] = [input('a', [4, 2]), input('b', [4, 3]), input('l', [8], 'u8')];
    expect(() => gatherBatch({ source: [a, b], batchSize: 2 })).toThrow(/one type and sample shape/);
    expect(() => gatherLabelledBatch({ source: [a, a], labels, batchSize: 2 })).toThrow(/without labels/);
  });
});

it('takes batches of more workgroups than fit along x', async () => {
  const batchSize = 65_535 + 70;
  const [batch] = await evaluate(
    (t) => gatherBatch({ source: t, batchSize }),
    [fromFunction([97], (n) => n)],
    { seed },
  );
  const expected = expectedBatch(
    fromFunction([97], (n) => n),
    0,
    batchSize,
    { size: 97, batchSize, seed },
  );
  expect(batch).toEqual(expected);
});

it('finds its place in any epoch: steps up to 2^32 - 1', async () => {
  const [size, batchSize] = [1000, 96];
  const gpu = await testGpu();
  const source = input('indices', [size], 'i32');
  const program = await gpu.compile(() => ({ batch: gatherBatch({ source, batchSize }) }), { seed });
  program.write(
    source,
    Int32Array.from({ length: size }, (_, i) => i),
  );
  for (const step of [10 ** 6, 2 ** 31 - 1, 2 ** 32 - 1]) {
    program.reset(step);
    await program.step();
    await program.finish();
    const expected = Array.from({ length: batchSize }, (_, row) =>
      sampleAt(step, row, { size, batchSize, seed }),
    );
    expect([...(await program.read('batch'))]).toEqual(expected);
  }
  program.destroy();
});

it('refuses what it cannot gather', () => {
  const source = input('source', [10, 3], 'u8');
  expect(() => gatherBatch({ source, batchSize: 0 })).toThrow('gatherBatch: batchSize is 0');
  expect(() => gatherBatch({ source, batchSize: 4, size: 11 })).toThrow('the source holds 10 samples');
  expect(() => gatherBatch({ source: input('n', []), batchSize: 4 })).toThrow(
    /must be u8, i32 or f32 samples/,
  );
  expect(() => gatherBatch({ source: input('big', [2 ** 24], 'u8'), batchSize: 256 })).toThrow(/below 2\^32/);
  expect(() => gatherBatch({ source, batchSize: 4, scale: Infinity })).toThrow(/must be finite/);
  const labels = input('labels', [10, 1], 'u8');
  expect(() => gatherLabelledBatch({ source, labels, batchSize: 4 })).toThrow(/one u8 or i32 class index/);
});
