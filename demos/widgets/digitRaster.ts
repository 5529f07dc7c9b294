/** A point of a pen stroke on a pad one unit wide and high, y downwards. */
export interface Point {
  readonly x: number;
  readonly y: number;
}
export type Stroke = readonly Point[];

/** Height and width of the image in pixels, and of the box that MNIST scales its digits into. */
export const SIDE = 28;
const BOX = 20;
/** Half the width of MNIST's pens in pixels, and the width of their soft edge. */
const RADIUS = 1.25;
const EDGE = 1.3;
/** What is smaller than this share of the pad is not blown up to fill the box: a dot stays small. */
const SMALLEST = 0.25;

/**
 * A drawn digit as MNIST would hold it: scaled into a box of 20 × 20 pixels, whatever its size on the pad, then
 * moved so that its centre of mass lies in the middle of the 28 × 28 pixels; ink 255 on 0. Strokes are scaled, not
 * pixels, so the pen is equally wide in large and small digits.
 */
export function rasterizeDigit(strokes: readonly Stroke[]): Uint8Array {
  const points = strokes.flat();
  if (points.length === 0) return new Uint8Array(SIDE * SIDE);
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = (BOX - 2 * RADIUS) / Math.max(right - left, bottom - top, SMALLEST);
  const place = (offsetX: number, offsetY: number) =>
    strokes.map((stroke) =>
      stroke.map(({ x, y }) => ({
        x: (x - (left + right) / 2) * scale + SIDE / 2 + offsetX,
        y: (y - (top + bottom) / 2) * scale + SIDE / 2 + offsetY,
      })),
    );
  const [massX, massY] = centreOfMass(draw(place(0, 0)));
  // A lopsided digit must not leave the image when its mass is centred.
  const room = (extent: number) => (SIDE - extent * scale) / 2 - RADIUS - 0.5;
  const limit = (shift: number, extent: number) => Math.max(-room(extent), Math.min(room(extent), shift));
  return draw(place(limit(SIDE / 2 - massX, right - left), limit(SIDE / 2 - massY, bottom - top)));
}

/** Inks every pixel by the distance of its centre from the nearest stroke. */
function draw(strokes: readonly Stroke[]): Uint8Array {
  const image = new Uint8Array(SIDE * SIDE);
  for (const stroke of strokes) {
    for (let i = 0; i < Math.max(1, stroke.length - 1); i++) {
      inkPiece(image, stroke[i], stroke[Math.min(i + 1, stroke.length - 1)]);
    }
  }
  return image;
}

function inkPiece(image: Uint8Array, from: Point, to: Point): void {
  const reach = RADIUS + EDGE / 2;
  const range = (a: number, b: number) => [
    Math.max(0, Math.floor(Math.min(a, b) - reach)),
    Math.min(SIDE - 1, Math.floor(Math.max(a, b) + reach)),
  ];
  const [firstRow, lastRow] = range(from.y, to.y);
  const [firstColumn, lastColumn] = range(from.x, to.x);
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const inverse = 1 / Math.max(dx * dx + dy * dy, 1e-12);
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const [px, py] = [column + 0.5 - from.x, row + 0.5 - from.y];
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) * inverse));
      const distance = Math.hypot(px - along * dx, py - along * dy);
      const ink = Math.max(0, Math.min(255, Math.round((255 * (reach - distance)) / EDGE)));
      const pixel = row * SIDE + column;
      image[pixel] = Math.max(image[pixel], ink);
    }
  }
}

function centreOfMass(image: Uint8Array): [number, number] {
  let [mass, x, y] = [0, 0, 0];
  image.forEach((ink, pixel) => {
    mass += ink;
    x += ink * ((pixel % SIDE) + 0.5);
    y += ink * (Math.floor(pixel / SIDE) + 0.5);
  });
  return mass > 0 ? [x / mass, y / mass] : [SIDE / 2, SIDE / 2];
}

/** The smooth curve (Catmull–Rom) through a stroke's points, `pieces` straight pieces from each to the next. */
export function smoothStroke(points: readonly (Point & { corner?: boolean })[], pieces = 6): Stroke {
  const last = points.length - 1;
  const tangent = (i: number, side: -1 | 1): Point => {
    const ends = i === 0 || i === last || points[i].corner;
    const [before, after] = ends ? (side < 0 ? [i - 1, i] : [i, i + 1]) : [i - 1, i + 1];
    const share = ends ? 1 : 0.5;
    return {
      x: (points[after].x - points[before].x) * share,
      y: (points[after].y - points[before].y) * share,
    };
  };
  const curve: Point[] = [points[0]];
  for (let i = 0; i < last; i++) {
    const [leave, arrive] = [tangent(i, 1), tangent(i + 1, -1)];
    for (let piece = 1; piece <= pieces; piece++) {
      // Cubic Hermite basis in t.
      const t = piece / pieces;
      const [h, a, b] = [t * t * (3 - 2 * t), t * (1 - t) * (1 - t), t * t * (t - 1)];
      const at = (axis: 'x' | 'y') =>
        points[i][axis] + (points[i + 1][axis] - points[i][axis]) * h + leave[axis] * a + arrive[axis] * b;
      curve.push({ x: at('x'), y: at('y') });
    }
  }
  return curve;
}
