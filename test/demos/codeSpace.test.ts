import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { ops } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import { CodeSpace } from '../../demos/drawing/codeSpace.ts';
import { uploadImages } from '../../demos/drawing/dataImages.ts';
import type { DataImages } from '../../demos/drawing/dataImages.ts';

/** Images of 2 × 2 pixels: the code of two numbers is the ink of the left and of the right column. */
const SHAPE = [2, 2, 1] as const;
const CODES = [
  [0, 255],
  [255, 0],
  [255, 255],
  [51, 204],
  [102, 0],
];
const LABELS = Uint8Array.of(1, 0, 8, 1, 0);
const TO_CODE = ops.constant(Float32Array.of(0.5, 0, 0, 0.5, 0.5, 0, 0, 0.5), [4, 2]);
const coder = {
  size: 2,
  encode: (images: Parameters<typeof ops.reshape>[0]) =>
    ops.matmul(ops.reshape(images, [images.shape[0], 4]), TO_CODE),
  decode: (code: Parameters<typeof ops.reshape>[0]) =>
    ops.reshape(
      ops.matmul(code, ops.constant(Float32Array.of(1, 0, 1, 0, 0, 1, 0, 1), [2, 4])),
      [1, 2, 2, 1],
    ),
};

/** What the map is to say, computed here: standard deviations from the mean, along each number. */
function expected(): { places: number[][]; deviations: number[]; means: number[] } {
  const codes = CODES.map((code) => code.map((byte) => byte / 255));
  const means = [0, 1].map((axis) => codes.reduce((sum, code) => sum + code[axis] / codes.length, 0));
  const deviations = [0, 1].map((axis) =>
    Math.sqrt(codes.reduce((sum, code) => sum + (code[axis] - means[axis]) ** 2 / codes.length, 0)),
  );
  const places = codes.map((code) => code.map((value, axis) => (value - means[axis]) / deviations[axis]));
  return { places, deviations, means };
}

describe('the space of codes', () => {
  let gpu: Gpu;
  let images: DataImages;
  let space: CodeSpace;

  beforeAll(async () => {
    gpu = await testGpu();
    const bytes = Uint8Array.from(CODES.flatMap(([left, right]) => [left, right, left, right]));
    images = uploadImages(gpu, bytes, LABELS, SHAPE);
    space = await CodeSpace.create(gpu, coder, images);
    await space.remap();
  });

  afterAll(() => {
    space.destroy();
    images.destroy();
  });

  it('finds the image whose code is nearest, with its place, class and pixels', async () => {
    const { places } = expected();
    for (const [image, place] of places.entries()) {
      const found = await space.nearest([place[0] + 0.05, place[1] - 0.05]);
      expect(found).toMatchObject({ image, label: LABELS[image] });
      expect([...found.place]).toBeAllClose(place);
      expect([...found.pixels]).toEqual([...CODES[image], ...CODES[image]]);
    }
  });

  it('knows where the classes lie', async () => {
    const { places } = expected();
    const { rows, images: count } = await space.centres();
    expect(count).toBe(5);
    expect(rows).toHaveLength(10);
    const middle = (one: number[], other: number[]) => one.map((value, axis) => (value + other[axis]) / 2);
    expect(rows[0]).toBeAllClose(middle(places[1], places[4]));
    expect(rows[1]).toBeAllClose(middle(places[0], places[3]));
    expect(rows[8]).toBeAllClose(places[2]);
  });

  it('decodes the code that lies some standard deviations from the mean', async () => {
    const { means, deviations } = expected();
    space.scores = Float32Array.of(1.5, -0.5, 0, 0, 0, 0, 0, 0);
    await space.decode();
    const sources = new Map(space.sources);
    expect([...sources.keys()]).toEqual(['map', 'decoded', 'decoded-code']);
    const code = [means[0] + 1.5 * deviations[0], means[1] - 0.5 * deviations[1]];
    const decoded = sources.get('decoded')!;
    if (decoded.kind !== 'tensor') throw new Error('an image is a tensor');
    const { buffer, offset, bytes } = decoded.values;
    const copy = await gpu.device.read(buffer, offset, bytes);
    expect(new Float32Array(copy)).toBeAllClose([...code, ...code]);
  });
});
