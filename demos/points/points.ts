import { randomStream } from '../../src/data/random.ts';

/** A point of the plane, from −1 to 1 to the right and up, and whether it is blue or orange. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly blue: boolean;
}

export interface Points {
  /** The training points; the reader may add and remove some. */
  train: readonly Point[];
  /** Test points of the same shape, which the network is not trained on. */
  readonly test: readonly Point[];
}

export const SHAPES = ['moons', 'rings', 'spirals', 'squares'] as const;
export type Shape = (typeof SHAPES)[number];

const COUNT = { train: 200, test: 400 };
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

/** The points of a shape, half of them blue; the same for the same seed. */
export function pointsOf(shape: Shape, noise: number, seed: number): Points {
  const make = (count: number, stream: number): Point[] => {
    const random = randomStream(seed, stream);
    // Box & Muller 1958
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Array.from({ length: count }, (_, i) => {
      const blue = i % 2 === 0;
      const [x, y] = PLACES[shape](blue, random(), random()).map((place) => place + noise * normal());
      return { x, y, blue };
    });
  };
  return { train: make(COUNT.train, 0), test: make(COUNT.test, 1) };
}

/** Removes the points at a place; where there is none, adds one. */
export function edited(points: readonly Point[], at: Point): readonly Point[] {
  const left = points.filter(({ x, y }) => Math.hypot(x - at.x, y - at.y) > CLOSE);
  return left.length < points.length ? left : [...points, at];
}
