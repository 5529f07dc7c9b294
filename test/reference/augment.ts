import { at, fromFunction, type Array64 } from './array.ts';
import { philox4x32, uniform01 } from './random.ts';

export interface Augmentation {
  /** Pixels down and right. */
  shift?: readonly [number, number];
  /** Radians. */
  rotate?: number;
  zoom?: readonly [number, number];
  flipX?: boolean;
  flipY?: boolean;
  noise?: number;
  cutout?: number;
  fill?: number;
}

export interface Draw {
  /** Row of the batch. */
  row: number;
  step: number;
  seed: number;
  stream: number;
  noiseStream: number;
}

/** Of an angle, as a device computes them: WGSL lets them be 2⁻¹¹ off. */
export interface Turn {
  readonly cos: number;
  readonly sin: number;
}

/** What an image's random numbers come to: two blocks of Philox at (row, step, stream). */
export function drawsOf({ row, step, seed, stream }: Draw, options: Augmentation) {
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  const u = [0, 1].flatMap((block) => philox4x32([row, step, stream, block], key).map(uniform01));
  const between = (i: number, low: number, high: number) => low + (high - low) * u[i];
  const { shift = [0, 0], rotate = 0, zoom = [1, 1], flipX = false, flipY = false } = options;
  return {
    shift: [between(0, -shift[0], shift[0]), between(1, -shift[1], shift[1])],
    angle: between(2, -rotate, rotate),
    zoom: between(3, zoom[0], zoom[1]),
    mirror: [flipY && u[4] < 0.5 ? -1 : 1, flipX && u[5] < 0.5 ? -1 : 1],
    /** As a share of the image: where the hole's middle lies. */
    hole: [u[6], u[7]],
  };
}

/**
 * An image [H, W, C], changed: output pixel p shows the image at c + F R(−θ) (p − c − t) / s, c being the centre;
 * noise is added, and a square filled.
 *
 * @param turn cosine and sine of θ; default: the exact ones
 */
export function augmentImage(
  image: Array64,
  options: Augmentation,
  draw: Draw,
  { cos, sin }: Turn = {
    cos: Math.cos(drawsOf(draw, options).angle),
    sin: Math.sin(drawsOf(draw, options).angle),
  },
): Array64 {
  const [height, width, channels] = image.shape;
  const { noise = 0, cutout = 0, fill = 0 } = options;
  const { shift, zoom, mirror, hole } = drawsOf(draw, options);
  const centre = [(height - 1) / 2, (width - 1) / 2];
  const pixel = (y: number, x: number, c: number) =>
    y >= 0 && y < height && x >= 0 && x < width ? at(image, y, x, c) : fill;
  const key = [draw.seed % 2 ** 32, Math.floor(draw.seed / 2 ** 32)];
  const blocks = Math.ceil((height * width * channels) / 4);

  return fromFunction(image.shape, (y, x, c) => {
    const top = Math.floor(hole[0] * height) - Math.floor(cutout / 2);
    const left = Math.floor(hole[1] * width) - Math.floor(cutout / 2);
    if (y >= top && y < top + cutout && x >= left && x < left + cutout) return fill;

    const [dy, dx] = [y - centre[0] - shift[0], x - centre[1] - shift[1]];
    const sy = centre[0] + (mirror[0] * (cos * dy - sin * dx)) / zoom;
    const sx = centre[1] + (mirror[1] * (sin * dy + cos * dx)) / zoom;
    const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
    let value = 0;
    for (const [i, wy] of [y0 + 1 - sy, sy - y0].entries()) {
      for (const [j, wx] of [x0 + 1 - sx, sx - x0].entries()) value += wy * wx * pixel(y0 + i, x0 + j, c);
    }

    const element = (y * width + x) * channels + c;
    const counter = [draw.row * blocks + Math.floor(element / 4), draw.step, draw.noiseStream, 0];
    const words = philox4x32(counter, key).map(uniform01);
    const pair = element % 4 < 2 ? 0 : 2;
    const radius = Math.sqrt(-2 * Math.log(1 - words[pair]));
    const turn = 2 * Math.PI * words[pair + 1];
    return value + noise * radius * (element % 2 === 0 ? Math.cos(turn) : Math.sin(turn));
  });
}
