import type { Rgb } from '../../shared/palette.ts';
import type { Point } from './plot.ts';

/** Values over a square grid of points, row by row from low to high y, each from low to high x. */
export interface Field {
  readonly side: number;
  readonly range: readonly [number, number];
  readonly values: readonly number[];
}

/** The points of a grid, in the order of a field's values. */
export function gridPoints(side: number, [low, high]: readonly [number, number]): Point[] {
  const at = (i: number) => low + ((high - low) * i) / (side - 1);
  return Array.from({ length: side * side }, (_, i) => [at(i % side), at(Math.floor(i / side))]);
}

/** Where a field has the value `level`: a line through each cell of the grid that it crosses (marching squares). */
export function contour({ side, range, values }: Field, level: number): [Point, Point][] {
  const points = gridPoints(side, range);
  const lines: [Point, Point][] = [];
  for (let row = 0; row < side - 1; row++) {
    for (let column = 0; column < side - 1; column++) {
      const corner = row * side + column;
      const corners = [corner, corner + 1, corner + side + 1, corner + side];
      const crossings = corners.flatMap((from, k) => {
        const to = corners[(k + 1) % 4];
        const [a, b] = [values[from] - level, values[to] - level];
        return a < 0 === b < 0 ? [] : [between(points[from], points[to], a / (a - b))];
      });
      for (let i = 0; i + 1 < crossings.length; i += 2) lines.push([crossings[i], crossings[i + 1]]);
    }
  }
  return lines;
}

const between = ([x1, y1]: Point, [x2, y2]: Point, share: number): Point => [
  x1 + (x2 - x1) * share,
  y1 + (y2 - y1) * share,
];

/** A field as a picture, a pixel for each value, that a plot can show behind its axes. */
export function picture({ side, values }: Field, colour: (value: number) => Rgb): string {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [side, side];
  // Kept on the CPU: reading it back from the GPU would block the page until all that is queued there has run.
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const image = context.createImageData(side, side);
  values.forEach((value, i) => {
    const top = side - 1 - Math.floor(i / side); // pictures begin at the top
    const at = 4 * (top * side + (i % side));
    colour(value).forEach((part, k) => (image.data[at + k] = part * 255));
    image.data[at + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** Between two colours. */
export const mix = (from: Rgb, to: Rgb, share: number): Rgb => {
  const at = (i: number) => from[i] + (to[i] - from[i]) * share;
  return [at(0), at(1), at(2)];
};
