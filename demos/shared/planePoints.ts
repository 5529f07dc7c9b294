import { randomStream } from '../../src/data/random.ts';

/** A point of the plane, from −1 to 1 to the right and up, and whether it is blue or orange. */
export interface PlanePoint {
  readonly x: number;
  readonly y: number;
  readonly blue: boolean;
}

export const SHAPES = ['moons', 'rings', 'spirals', 'squares'] as const;
export type Shape = (typeof SHAPES)[number];

/** A click this close to a point selects it. */
const CLOSE = 0.05;

/** The position of a point of a shape; `u` and `v` are random, from 0 to 1. */
const PLACES: Readonly<Record<Shape, (blue: boolean, u: number, v: number) => readonly [number, number]>> = {
  moons(blue, u) {
    const [x, y] = [Math.cos(Math.PI * u), Math.sin(Math.PI * u)];
    return blue ? [0.55 * (x - 0.5), 0.55 * (y - 0.25)] : [0.55 * (0.5 - x), 0.55 * (0.25 - y)];
  },
  rings(blue, u, v) {
    const radius = blue ? 0.38 * Math.sqrt(v) : 0.65 + 0.2 * v;
    return [radius * Math.cos(2 * Math.PI * u), radius * Math.sin(2 * Math.PI * u)];
  },
  spirals(blue, u) {
    const [radius, angle] = [0.06 + 0.84 * u, 1.5 * 2 * Math.PI * u + (blue ? 0 : Math.PI)];
    return [radius * Math.sin(angle), radius * Math.cos(angle)];
  },
  squares(blue, u, v) {
    const [x, y] = [0.05 + 0.85 * Math.abs(2 * u - 1), 0.05 + 0.85 * v];
    const right = u > 0.5 ? 1 : -1;
    return [right * x, (blue ? right : -right) * y];
  },
};

export interface PointSet {
  readonly shape: Shape;
  readonly count: number;
  /** The standard deviation of what is added to each coordinate. */
  readonly noise: number;
  readonly seed: number;
  /** Sets of one seed with different streams are independent. */
  readonly stream: number;
}

/** The points of a shape, half of them blue; the same for the same seed and stream. */
export function pointSet({ shape, count, noise, seed, stream }: PointSet): PlanePoint[] {
  const random = randomStream(seed, stream);
  // Box & Muller 1958
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, (_, i) => {
    const blue = i % 2 === 0;
    const [x, y] = PLACES[shape](blue, random(), random()).map((place) => place + noise * normal());
    return { x, y, blue };
  });
}

/** Removes the points at a place; where there is none, adds one. The last points stay: a batch is chosen from them. */
export function edited(points: readonly PlanePoint[], at: PlanePoint): readonly PlanePoint[] {
  const left = points.filter(({ x, y }) => Math.hypot(x - at.x, y - at.y) > CLOSE);
  if (left.length === 0 && points.length > 0) return points;
  return left.length < points.length ? left : [...points, at];
}
