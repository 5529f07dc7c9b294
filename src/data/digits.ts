import { ArgumentError } from '../errors.ts';
import { dataset } from './dataset.ts';
import type { Dataset } from './dataset.ts';
import { GLYPHS } from './digitStrokes.ts';
import type { StrokePoint } from './digitStrokes.ts';
import { randomStream } from './random.ts';
import { requireSeed, settle } from '../options.ts';

/** Height and width of a digit image in pixels, as in MNIST. */
export const DIGIT_SIZE = 28;
export const DIGIT_NAMES: readonly string[] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

const PIXELS = DIGIT_SIZE * DIGIT_SIZE;
/** MNIST scales every digit into a box of 20 pixels, then centres its mass in the image. */
const BOX = 20;
/** Straight pieces drawn between two points of a stroke. */
const PIECES = 4;
/** Width in pixels of the antialiased edge. */
const EDGE = 1.4;
const MAX_IMAGES = 2_000_000;
/** Far from any index of a training image, so that no test image equals a training image. */
const TEST_STREAM = 2 ** 30;

/** Uniform numbers in [0, 1). */
type Random = () => number;

/** The pieces of one digit's strokes: piece i runs from (x0, y0)[i] to (x1, y1)[i] with that radius. */
interface Pieces {
  count: number;
  x0: Float64Array;
  y0: Float64Array;
  x1: Float64Array;
  y1: Float64Array;
  radius: Float64Array;
}

const MAX_PIECES = 200;
const createPieces = (): Pieces => ({
  count: 0,
  x0: new Float64Array(MAX_PIECES),
  y0: new Float64Array(MAX_PIECES),
  x1: new Float64Array(MAX_PIECES),
  y1: new Float64Array(MAX_PIECES),
  radius: new Float64Array(MAX_PIECES),
});

/**
 * A hand-written-looking digit set made from nothing: for when MNIST cannot be had, and for tests.
 *
 * Each image starts from one of several ways to write its digit (digitStrokes.ts). Its points are jittered, a
 * smooth curve is led through them, and the curve is slanted, stretched, turned and bent by a random smooth
 * map; then it is drawn antialiased with a pen of random width and placed as MNIST places its digits. Only
 * additions, multiplications, divisions and square roots are used, so a seed gives the same bytes everywhere.
 *
 * @param options.train number of training images, default 60000
 * @param options.test number of test images, default 10000; other random numbers than the training images
 * @param options.seed default 1
 * @returns x: u8 [28, 28, 1], ink 255 on 0; y: u8 digit, each digit once in every ten samples
 * @throws ArgumentError if a number of images is not a whole number from 1 to 2,000,000
 */
export function syntheticDigits(options: { train?: number; test?: number; seed?: number } = {}): {
  train: Dataset;
  test: Dataset;
} {
  const { train, test, seed } = settle('syntheticDigits', options, { train: 60000, test: 10000, seed: 1 });
  for (const [option, size] of Object.entries({ train, test })) {
    if (!Number.isInteger(size) || size < 1 || size > MAX_IMAGES) {
      throw new ArgumentError(
        `syntheticDigits: ${option} is ${size}, expected a whole number from 1 to ${MAX_IMAGES}.`,
      );
    }
  }
  requireSeed('syntheticDigits', seed);
  return { train: drawSet(train, seed, 0), test: drawSet(test, seed, TEST_STREAM) };
}

function drawSet(size: number, seed: number, firstStream: number): Dataset {
  const x = new Uint8Array(size * PIXELS);
  const y = new Uint8Array(size);
  const pieces = createPieces();
  const order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  for (let index = 0; index < size; index++) {
    const random = randomStream(seed, firstStream + index);
    // Every ten samples hold each digit once, in random order: any prefix of the set is balanced.
    const slot = index % 10;
    const other = slot + Math.floor(random() * (10 - slot));
    [order[slot], order[other]] = [order[other], order[slot]];
    y[index] = order[slot];
    drawDigit(order[slot], random, pieces, x.subarray(index * PIXELS, (index + 1) * PIXELS));
  }
  const shape = [DIGIT_SIZE, DIGIT_SIZE, 1];
  return dataset({
    name: 'synthetic digits',
    x,
    y,
    inputShape: shape,
    synthetic: true,
    classNames: DIGIT_NAMES,
  });
}

/** Draws one digit into `image` (28 × 28 bytes, all zero before). */
function drawDigit(digit: number, random: Random, pieces: Pieces, image: Uint8Array): void {
  const glyphs = GLYPHS[digit];
  const glyph = glyphs[Math.floor(random() * glyphs.length)];
  const warp = randomWarp(random);
  pieces.count = 0;
  for (const stroke of glyph) traceStroke(stroke, random, warp, pieces);
  const radius = 0.95 + 1.2 * random() * random();
  const taper = 0.35 * (random() - 0.5);
  for (let i = 0; i < pieces.count; i++) {
    pieces.radius[i] = radius * (1 + taper * (1 - (2 * i) / pieces.count));
  }
  placeInBox(pieces, radius);
  for (let i = 0; i < pieces.count; i++) drawPiece(pieces, i, image);
}

/** Uniform in [-size, size). */
const spread = (random: Random, size: number) => (2 * random() - 1) * size;
/** Bell-shaped in (-size, size): the mean of two uniform numbers. */
const bell = (random: Random, size: number) => (random() + random() - 1) * size;

/** Appends the pieces of the Catmull–Rom curve through the stroke's points, jittered and then warped. */
function traceStroke(
  stroke: readonly StrokePoint[],
  random: Random,
  warp: (x: number, y: number) => [number, number],
  pieces: Pieces,
): void {
  const shiftX = spread(random, 0.03);
  const shiftY = spread(random, 0.03);
  const xs = stroke.map((point) => point.x + shiftX + bell(random, 0.06));
  const ys = stroke.map((point) => point.y + shiftY + bell(random, 0.06));
  const last = stroke.length - 1;
  const broken = (i: number) => i === 0 || i === last || stroke[i].corner;
  let [fromX, fromY] = warp(xs[0], ys[0]);
  for (let i = 0; i < last; i++) {
    // Tangents: half of the way from the point before to the point after; at an end or corner, one-sided.
    const startX = broken(i) ? xs[i + 1] - xs[i] : (xs[i + 1] - xs[i - 1]) / 2;
    const startY = broken(i) ? ys[i + 1] - ys[i] : (ys[i + 1] - ys[i - 1]) / 2;
    const endX = broken(i + 1) ? xs[i + 1] - xs[i] : (xs[i + 2] - xs[i]) / 2;
    const endY = broken(i + 1) ? ys[i + 1] - ys[i] : (ys[i + 2] - ys[i]) / 2;
    for (let piece = 1; piece <= PIECES; piece++) {
      // Cubic Hermite basis in t.
      const t = piece / PIECES;
      const end = t * t * (3 - 2 * t);
      const leave = t * (1 - t) * (1 - t);
      const arrive = t * t * (t - 1);
      const x = xs[i] + (xs[i + 1] - xs[i]) * end + startX * leave + endX * arrive;
      const y = ys[i] + (ys[i + 1] - ys[i]) * end + startY * leave + endY * arrive;
      const [toX, toY] = warp(x, y);
      const at = pieces.count++;
      pieces.x0[at] = fromX;
      pieces.y0[at] = fromY;
      pieces.x1[at] = toX;
      pieces.y1[at] = toY;
      fromX = toX;
      fromY = toY;
    }
  }
}

/**
 * A random map of the plane: a free-form deformation (Sederberg & Parry 1986) by a 4 × 4 lattice of Bernstein
 * cubics, then stretch, slant and rotation. The rotation by the angle whose half has tangent h needs no sine:
 * cos = (1 - h²) / (1 + h²), sin = 2h / (1 + h²).
 */
function randomWarp(random: Random): (x: number, y: number) => [number, number] {
  const bend = 0.08 + 0.22 * random();
  const latticeX = Array.from({ length: 16 }, () => spread(random, bend));
  const latticeY = Array.from({ length: 16 }, () => spread(random, bend));
  const stretch = 0.95 + spread(random, 0.35);
  const slant = 0.12 + bell(random, 0.5);
  const half = bell(random, 0.2);
  const cos = (1 - half * half) / (1 + half * half);
  const sin = (2 * half) / (1 + half * half);
  return (x, y) => {
    const weightsX = bernstein(x);
    const weightsY = bernstein(y);
    let bentX = x - 0.5;
    let bentY = y - 0.5;
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 4; column++) {
        const weight = weightsY[row] * weightsX[column];
        bentX += weight * latticeX[4 * row + column];
        bentY += weight * latticeY[4 * row + column];
      }
    }
    const slantedX = bentX * stretch - bentY * slant;
    return [slantedX * cos - bentY * sin, slantedX * sin + bentY * cos];
  };
}

function bernstein(t: number): [number, number, number, number] {
  const u = 1 - t;
  return [u * u * u, 3 * t * u * u, 3 * t * t * u, t * t * t];
}

/** Scales the pieces into MNIST's box and moves their centre of mass to the image's centre, in pixels. */
function placeInBox(pieces: Pieces, radius: number): void {
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  let mass = 0;
  let massX = 0;
  let massY = 0;
  for (let i = 0; i < pieces.count; i++) {
    const [x0, y0, x1, y1] = [pieces.x0[i], pieces.y0[i], pieces.x1[i], pieces.y1[i]];
    left = Math.min(left, x0, x1);
    right = Math.max(right, x0, x1);
    top = Math.min(top, y0, y1);
    bottom = Math.max(bottom, y0, y1);
    const length = Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
    mass += length;
    massX += (length * (x0 + x1)) / 2;
    massY += (length * (y0 + y1)) / 2;
  }
  const scale = (BOX - 2 * radius) / Math.max(right - left, bottom - top);
  // A lopsided digit, such as a 7, must not leave the image when its mass is centred.
  const centre = DIGIT_SIZE / 2;
  const keep = (low: number, high: number, middle: number) =>
    Math.min(
      Math.max(centre - middle * scale, radius + 1 - low * scale),
      DIGIT_SIZE - 1 - radius - high * scale,
    );
  const moveX = keep(left, right, massX / mass);
  const moveY = keep(top, bottom, massY / mass);
  for (let i = 0; i < pieces.count; i++) {
    pieces.x0[i] = pieces.x0[i] * scale + moveX;
    pieces.y0[i] = pieces.y0[i] * scale + moveY;
    pieces.x1[i] = pieces.x1[i] * scale + moveX;
    pieces.y1[i] = pieces.y1[i] * scale + moveY;
  }
}

/** Inks every pixel by the distance of its centre from the piece; the darkest piece wins. */
function drawPiece(pieces: Pieces, i: number, image: Uint8Array): void {
  const x0 = pieces.x0[i];
  const y0 = pieces.y0[i];
  const dx = pieces.x1[i] - x0;
  const dy = pieces.y1[i] - y0;
  const reach = pieces.radius[i] + EDGE / 2;
  const inverseLength = 1 / Math.max(dx * dx + dy * dy, 1e-12);
  const firstColumn = Math.max(0, Math.floor(Math.min(x0, x0 + dx) - reach));
  const lastColumn = Math.min(DIGIT_SIZE - 1, Math.floor(Math.max(x0, x0 + dx) + reach));
  const firstRow = Math.max(0, Math.floor(Math.min(y0, y0 + dy) - reach));
  const lastRow = Math.min(DIGIT_SIZE - 1, Math.floor(Math.max(y0, y0 + dy) + reach));
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const pixel = row * DIGIT_SIZE + column;
      if (image[pixel] === 255) continue;
      const px = column + 0.5 - x0;
      const py = row + 0.5 - y0;
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) * inverseLength));
      const ex = px - along * dx;
      const ey = py - along * dy;
      const squared = ex * ex + ey * ey;
      if (squared >= reach * reach) continue;
      const ink = Math.min(255, Math.round((255 * (reach - Math.sqrt(squared))) / EDGE));
      if (ink > image[pixel]) image[pixel] = ink;
    }
  }
}
