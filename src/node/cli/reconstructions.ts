import type { Dataset } from '../../data/dataset.ts';
import { encodePng, imageGrid } from '../../io/png.ts';
import { drawPictures } from './digits.ts';
import type { Picture } from './digits.ts';
import { formatLoss } from './format.ts';

/** Images drawn in the terminal. */
const DRAWN = 6;
/** Columns of the PNG: so many images of each class, one after another. */
const COLUMNS = 20;

/** Mean over pixels and images of (output − pixel/255)². */
export function meanSquaredError({ x: { data } }: Dataset, outputs: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (outputs[i] - data[i] / 255) ** 2;
  return sum / data.length;
}

/** Some images from the smallest loss to the largest, each over its reconstruction, for a terminal. */
export function drawReconstructions(
  test: Dataset,
  outputs: Float32Array,
  losses: Float32Array,
  columns: number,
): string {
  const byLoss = Array.from(losses.keys()).sort((a, b) => losses[a] - losses[b] || a - b);
  const count = Math.min(DRAWN, byLoss.length);
  const chosen = Array.from({ length: count }, (_, i) => {
    return byLoss[Math.round((i * (byLoss.length - 1)) / Math.max(1, count - 1))];
  });
  const [height, width] = test.x.shape;
  const size = height * width;
  const pictures = chosen.map((i): Picture => {
    const label = test.labels ? `${test.classNames?.[test.labels.data[i]] ?? test.labels.data[i]}, ` : '';
    const pixels = new Uint8Array(2 * size);
    pixels.set(test.x.data.subarray(i * size, (i + 1) * size));
    pixels.set(bytesOf(outputs.subarray(i * size, (i + 1) * size)), size);
    return { pixels, width, height: 2 * height, caption: `${label}${formatLoss(losses[i])}` };
  });
  return drawPictures(pictures, columns);
}

/** A row of test images, class by class where they have labels, over the row of their reconstructions. */
export async function reconstructionsPng(test: Dataset, outputs: Float32Array): Promise<Uint8Array> {
  const chosen = examples(test);
  const [height, width] = test.x.shape;
  const size = height * width;
  const data = new Uint8Array(2 * chosen.length * size);
  chosen.forEach((image, column) => {
    const at = image * size;
    data.set(test.x.data.subarray(at, at + size), column * size);
    data.set(bytesOf(outputs.subarray(at, at + size)), (chosen.length + column) * size);
  });
  return encodePng(imageGrid({ width, height, channels: 1, data, columns: chosen.length }));
}

/** The numbers of the images to show: as many of each class, in the order of the classes. */
function examples({ size, labels, classNames }: Dataset): number[] {
  const all = Array.from({ length: size }, (_, i) => i);
  if (!labels || !classNames) return all.slice(0, COLUMNS);
  const perClass = Math.max(1, Math.floor(COLUMNS / classNames.length));
  return classNames.flatMap((_, own) => all.filter((i) => labels.data[i] === own).slice(0, perClass));
}

/** 0 … 1 to 0 … 255; a linear output may be outside. */
function bytesOf(values: Float32Array): Uint8Array {
  return Uint8Array.from(values, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
}
