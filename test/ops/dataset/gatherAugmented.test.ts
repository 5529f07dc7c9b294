import { describe, expect, it } from 'vitest';
import { sampleAt } from '../../../src/data/permutation.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { DType } from '../../../src/ops/core/shape.ts';
import { cos, sin } from '../../../src/ops/elementwise/elementwise.ts';
import { gatherAugmented } from '../../../src/ops/dataset/gatherAugmented.ts';
import type { AugmentOptions } from '../../../src/ops/dataset/gatherAugmented.ts';
import { gatherBatch } from '../../../src/ops/dataset/gatherBatch.ts';
import { FIRST_STREAM, withStreams } from '../../../src/ops/random/random.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { array, map, random, randomIntegers } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { augmentImage, drawsOf } from '../../reference/augment.ts';
import type { Augmentation, Turn } from '../../reference/augment.ts';

import '../../helpers/close.ts';

const seed = 2 ** 34 + 7;
const streams = { stream: FIRST_STREAM, noiseStream: FIRST_STREAM + 1 };

interface Case {
  shape: [number, number, number, number];
  dtype: DType;
  batchSize: number;
  step: number;
  software?: boolean;
}

const cases: Case[] = [
  { shape: [7, 28, 28, 1], dtype: 'u8', batchSize: 4, step: 0 },
  { shape: [7, 8, 12, 1], dtype: 'u8', batchSize: 4, step: 2, software: false },
  { shape: [5, 13, 9, 3], dtype: 'u8', batchSize: 6, step: 1 },
  { shape: [3, 5, 7, 3], dtype: 'f32', batchSize: 2, step: 1, software: false },
  { shape: [1, 1, 1, 1], dtype: 'f32', batchSize: 1, step: 0 },
  { shape: [2, 3, 1, 2], dtype: 'u8', batchSize: 2, step: 0 },
];

/** The options as the reference takes them: pixels and radians. */
function settled(options: AugmentOptions, [height, width]: number[]): Augmentation {
  const { shift = 0, rotate = 0, scale = 0, flipHorizontal, flipVertical, ...same } = options;
  const [down, right] = typeof shift === 'number' ? [shift, shift] : shift;
  return {
    shift: [down * height, right * width],
    rotate: (rotate * Math.PI) / 180,
    zoom: typeof scale === 'number' ? [1 - scale, 1 + scale] : scale,
    flipX: flipHorizontal,
    flipY: flipVertical,
    ...same,
  };
}

function imagesOf({ shape, dtype }: Case): Array64 {
  return dtype === 'u8' ? randomIntegers(3, shape, 256) : random(3, shape, -2, 2);
}

const imageAt = ({ shape, data }: Array64, i: number) => {
  const size = data.length / shape[0];
  return array(shape.slice(1), data.subarray(i * size, (i + 1) * size));
};

/** How far off cosines and sines may be in WGSL. */
const OFF = 2 ** -11;

/** Cosines and sines as the device has them, which are close to the exact ones: a picture shows half a thousandth of a turn. */
async function turnsOf(angles: number[], software?: boolean): Promise<Turn[]> {
  const padded = array([8], [...angles, ...new Array<number>(8 - angles.length).fill(0)]); // one kernel for all
  const [c, s] = await evaluate((t) => [cos(t), sin(t)], [padded], { software });
  expect(c).toBeAllClose(map(padded, Math.cos), { rtol: 0, atol: OFF });
  expect(s).toBeAllClose(map(padded, Math.sin), { rtol: 0, atol: OFF });
  return angles.map((_, i) => ({ cos: c.data[i], sin: s.data[i] }));
}

/** Batch of the case's step, from the GPU and by the reference, as lists of images. */
async function both(options: Case, augment: AugmentOptions) {
  const { dtype, batchSize, step, software, shape } = options;
  const source = imagesOf(options);
  const [batch] = await evaluate(
    (t) => withStreams(() => gatherAugmented({ source: t, batchSize, augment }))[0],
    [source],
    { dtypes: [dtype], seed, software, steps: step + 1 },
  );
  const changes = settled(augment, shape.slice(1));
  const draws = Array.from({ length: batchSize }, (_, row) => ({ row, step, seed, ...streams }));
  const turns = await turnsOf(
    draws.map((draw) => drawsOf(draw, changes).angle),
    software,
  );
  const expected = draws.map((draw, row) => {
    const sample = imageAt(source, sampleAt(step, row, { size: shape[0], batchSize, seed }));
    return augmentImage(sample, changes, draw, turns[row]);
  });
  return { actual: Array.from({ length: batchSize }, (_, row) => imageAt(batch, row)), expected };
}

const changes: [string, AugmentOptions][] = [
  ['shift', { shift: [0.2, 0.4] }],
  ['rotate', { rotate: 40 }],
  ['scale', { scale: 0.3 }],
  ['scale between two factors', { scale: [1.5, 4] }],
  ['flipHorizontal', { flipHorizontal: true }],
  ['flipVertical', { flipVertical: true }],
  ['noise', { noise: 0.5 }],
  ['cutout', { cutout: 3, fill: 7 }],
  [
    'everything',
    {
      shift: 0.1,
      rotate: 180,
      scale: 0.2,
      flipHorizontal: true,
      flipVertical: true,
      noise: 0.1,
      cutout: 2,
      fill: -3,
    },
  ],
];

describe.each(cases)(
  '$dtype images [$shape], batch of $batchSize at step $step, software: $software',
  (options) => {
    // Each change alone where images are large; every kernel costs the driver half a second.
    const few = options.shape[1] * options.shape[2] < 100 ? changes.slice(-1) : changes;
    it.each(few)('%s: as the twin draws and computes it', async (_, augment) => {
      const { actual, expected } = await both(options, augment);
      // Positions are rounded to 2^-20 pixels or so, which a step of 255 between neighbours turns into 1e-3.
      // Noise is a radius, up to 4 or so, times a cosine or sine of the device.
      const atol = (options.dtype === 'u8' ? 2e-3 : 2e-5) + 4 * OFF * (augment.noise ?? 0);
      actual.forEach((image, row) => expect(image).toBeAllClose(expected[row], { rtol: 1e-5, atol }));
    });

    it('without a change is plain gathering, bit for bit', async () => {
      const { dtype, batchSize, software } = options;
      const source = imagesOf(options);
      const [augmented, plain] = await evaluate(
        (t) => [
          gatherAugmented({ source: t, batchSize, augment: {}, scale: 1 / 255, offset: -0.5 })[0],
          gatherBatch({ source: t, batchSize, dtype: 'f32', scale: 1 / 255, offset: -0.5 }),
        ],
        [source],
        { dtypes: [dtype], seed, software },
      );
      expect(augmented).toEqual(plain);
    });
  },
);

it('gathers the labels of the same samples', async () => {
  const source = array(
    [9, 2, 2, 1],
    Array.from({ length: 36 }, (_, i) => Math.floor(i / 4)),
  );
  const labels = array(
    [9],
    Array.from({ length: 9 }, (_, i) => 10 * i),
  );
  for (const dtype of ['u8', 'i32'] as const) {
    const [batch, ofBatch] = await evaluate(
      (t, l) => [...gatherAugmented({ source: t, labels: l, batchSize: 4, augment: { flipVertical: true } })],
      [source, labels],
      { dtypes: ['u8', dtype], seed },
    );
    expect([...ofBatch.data]).toEqual([0, 1, 2, 3].map((row) => 10 * batch.data[4 * row]));
  }
});

it('normalises what it has changed, noise apart', async () => {
  const source = array([1, 1, 2, 1], [0, 255]);
  const gather = (augment: AugmentOptions) =>
    evaluate(
      (t) => gatherAugmented({ source: t, batchSize: 1, augment, scale: 2 / 255, offset: -1 })[0],
      [source],
      {
        dtypes: ['u8'],
      },
    );
  expect([...(await gather({}))[0].data]).toEqual([-1, 1]);
  expect([...(await gather({ cutout: 4 }))[0].data]).toEqual([-1, -1]);
});

it('draws evenly: means and extremes of 400 images', () => {
  const options = { shift: [3, 5], rotate: 1, zoom: [0.5, 2], flipX: true, flipY: true } as const;
  const draws = Array.from({ length: 400 }, (_, row) => drawsOf({ row, step: 5, seed, ...streams }, options));
  const mean = (of: (draw: (typeof draws)[0]) => number) => draws.reduce((sum, d) => sum + of(d), 0) / 400;
  expect(Math.abs(mean((d) => d.shift[0]))).toBeLessThan(0.3);
  expect(Math.abs(mean((d) => d.shift[1]))).toBeLessThan(0.5);
  expect(Math.abs(mean((d) => d.angle))).toBeLessThan(0.1);
  expect(Math.abs(mean((d) => d.zoom) - 1.25)).toBeLessThan(0.08);
  expect(Math.abs(mean((d) => d.mirror[0]))).toBeLessThan(0.15);
  expect(Math.abs(mean((d) => d.mirror[1]))).toBeLessThan(0.15);
  expect(Math.abs(mean((d) => d.mirror[0] * d.mirror[1]))).toBeLessThan(0.15);
});

describe('mistakes', () => {
  const images = input('images', [4, 8, 8, 1], 'u8');
  const gather = (augment: AugmentOptions, source = images) =>
    gatherAugmented({ source, batchSize: 2, augment });

  it.each<[AugmentOptions, string]>([
    [{ shift: 1.5 }, 'augment: shift is 1.5; it must be a share'],
    [{ rotate: -1 }, 'augment: rotate is -1; it must be an angle from 0 to 180'],
    [{ scale: 1 }, 'augment: scale is 1; it must be at least 0 and below 1'],
    [{ scale: [2, 1] }, 'augment: scale is 2,1'],
    [{ noise: NaN }, 'augment: noise is NaN'],
    [{ cutout: 1.5 }, 'augment: cutout is 1.5; it must be a whole number'],
    [{ fill: Infinity }, 'augment: fill is Infinity'],
    [
      { rotation: 3 } as AugmentOptions,
      'augment: there is no option "rotation"; did you mean "rotate"? It takes shift, rotate',
    ],
  ])('%o', (augment, message) => {
    expect(() => gather(augment)).toThrow(message);
  });

  it('data that are no images', () => {
    expect(() => gather({}, input('rows', [4, 8]))).toThrow('works on u8 or f32 images');
    expect(() => gather({}, input('images', [4, 8, 8, 1], 'i32'))).toThrow('got i32 [4, 8, 8, 1]');
    expect(() => gatherAugmented({ source: images, batchSize: 0, augment: {} })).toThrow(
      'gatherAugmented: batchSize',
    );
  });
});

it('gives the images of the whole where a source lies in pieces', async () => {
  const source = randomIntegers(5, [9, 4, 6, 2], 256);
  const size = source.data.length / 9;
  const piece = (start: number, end: number) =>
    array([end - start, 4, 6, 2], source.data.slice(start * size, end * size));
  const augment = { shift: 0.2, rotate: 20, flipHorizontal: true, noise: 0.1, cutout: 2 };
  const gather = (parts: Array64[]) =>
    evaluate((...t) => withStreams(() => gatherAugmented({ source: t, batchSize: 7, augment }))[0], parts, {
      dtypes: parts.map(() => 'u8'),
      seed,
      steps: 3,
    });
  const whole = await gather([source]);
  expect(await gather([piece(0, 4), piece(4, 8), piece(8, 9)])).toEqual(whole);
});
