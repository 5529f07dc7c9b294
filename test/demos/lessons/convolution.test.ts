import { describe, expect, it } from 'vitest';
import {
  FILTERS,
  IMAGE,
  outputSide,
  paddedSide,
  ringOf,
  SIDE,
  windowOf,
} from '../../../demos/lessons/convolution/geometry.ts';
import { create } from '../../../demos/lessons/convolution/kernels.ts';
import '../../helpers/close.ts';
import { GPUS } from './gpus.ts';

describe.each(GPUS)('the lesson of a convolution on $name', async ({ open }) => {
  const { calls } = await create(await open());
  const image = [...IMAGE].map(Number);

  it.each([
    [1, 'valid', 5],
    [1, 'same', 7],
    [2, 'valid', 3],
    [2, 'same', 4],
  ] as const)(
    'stride %i, padding %s: %i outputs a side, each the sum of its products',
    async (stride, padding, side) => {
      const geometry = { stride, padding };
      expect(outputSide(geometry)).toBe(side);
      const found = await calls.convolve(geometry, image, FILTERS.sharpen);
      const ring = ringOf(geometry);
      const pixel = (row: number, column: number) => {
        const inside = [row, column].every((at) => at >= ring && at < SIDE + ring);
        return inside ? image[(row - ring) * SIDE + column - ring] : 0;
      };
      const padded = found.padded.map((_, i) =>
        pixel(Math.floor(i / paddedSide(geometry)), i % paddedSide(geometry)),
      );
      expect(found.padded).toEqual(padded);
      expect(found.map).toHaveLength(side * side);
      found.map.forEach((sum, output) => {
        const pixels = windowOf(geometry, output).map((place) => padded[place]);
        const products = pixels.map((own, tap) => own * FILTERS.sharpen[tap]);
        expect(found.windows.slice(9 * output, 9 * output + 9)).toEqual(pixels);
        expect(found.products.slice(9 * output, 9 * output + 9)).toBeAllClose(products);
        expect([sum]).toBeAllClose([products.reduce((total, product) => total + product)]);
      });
    },
  );
});
