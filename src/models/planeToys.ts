import { dataset } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { randomStream } from '../data/random.ts';
import { ArgumentError } from '../errors.ts';

/**
 * A distribution of points of the plane: a curve, and normal noise around it. As the noise is of a known deviation, the density of
 * the points is known, too, and with it the least loss that any model of them can have.
 */
export interface PlaneToy {
  readonly name: string;
  /** A random place on the curve, given uniform numbers in [0, 1). */
  readonly place: (random: () => number) => readonly [x: number, y: number];
  /** Deviation of the noise along x and along y. */
  readonly noise: readonly [x: number, y: number];
}

/** Both coordinates of scikit-learn's moons are shifted and divided by these, which brings them near mean 0 and deviation 1. */
const MOONS = { middle: [0.5, 0.25], scale: [0.87, 0.5], noise: 0.05 } as const;
/** The angle at a spiral's end, 1.5 turns, and what brings its points near deviation 1. */
const SPIRALS = { end: 3 * Math.PI, scale: 4.8, noise: 0.3 } as const;

export const PLANE_TOYS = {
  /** Two half circles, each of which reaches into the other; entropy 1.107 nats. */
  moons: {
    name: 'moons',
    place(random) {
      const [isLower, angle] = [random() < 0.5, Math.PI * random()];
      const x = isLower ? 1 - Math.cos(angle) : Math.cos(angle);
      const y = isLower ? 0.5 - Math.sin(angle) : Math.sin(angle);
      return [(x - MOONS.middle[0]) / MOONS.scale[0], (y - MOONS.middle[1]) / MOONS.scale[1]];
    },
    noise: [MOONS.noise / MOONS.scale[0], MOONS.noise / MOONS.scale[1]],
  },
  /** Two spirals of one and a half turns, one within the other; entropy 1.60 nats. */
  spirals: {
    name: 'spirals',
    place(random) {
      const [sign, angle] = [random() < 0.5 ? 1 : -1, SPIRALS.end * Math.sqrt(random())];
      const radius = (sign * angle) / SPIRALS.scale;
      return [-radius * Math.cos(angle), radius * Math.sin(angle)];
    },
    noise: [SPIRALS.noise / SPIRALS.scale, SPIRALS.noise / SPIRALS.scale],
  },
} as const satisfies Readonly<Record<string, PlaneToy>>;
export type PlaneToyName = keyof typeof PLANE_TOYS;

/** The least number of points of a drawn shape. */
const LEAST = 2;

/**
 * A shape of points, such as those along the strokes of a drawing; each is as likely as any other.
 *
 * @param points x and y of each, one after the other
 * @param options.noise deviation of the noise around them; default 0.08
 * @throws ArgumentError if they are fewer than two points, or not finite
 */
export function drawnToy(points: ArrayLike<number>, { noise = 0.08 }: { noise?: number } = {}): PlaneToy {
  const count = points.length / 2;
  if (!Number.isInteger(count) || count < LEAST || !Array.from(points).every(Number.isFinite)) {
    throw new ArgumentError(
      `drawnToy: ${points.length} numbers are no shape; give x and y of at least ${LEAST} points, all of them finite`,
    );
  }
  if (!(noise > 0 && Number.isFinite(noise))) {
    throw new ArgumentError(`drawnToy: noise is ${noise}; it must be a number above 0`);
  }
  return {
    name: 'drawn shape',
    place(random) {
      const i = Math.floor(random() * count);
      return [points[2 * i], points[2 * i + 1]];
    },
    noise: [noise, noise],
  };
}

/** x and y of `count` places on the curve, which depend on seed and stream alone. */
export function placesOf(toy: PlaneToy, count: number, seed: number, stream: number): Float32Array {
  const random = randomStream(seed, stream);
  const places = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) places.set(toy.place(random), 2 * i);
  return places;
}

/** Points of the toy: places with noise, drawn on the CPU. */
export function pointsOf(toy: PlaneToy, count: number, seed: number, stream: number): Float32Array {
  const random = randomStream(seed, stream);
  const points = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [x, y] = toy.place(random);
    // Two normal numbers of two uniform ones (Box & Muller 1958).
    const [radius, angle] = [Math.sqrt(-2 * Math.log(1 - random())), 2 * Math.PI * random()];
    points[2 * i] = x + toy.noise[0] * radius * Math.cos(angle);
    points[2 * i + 1] = y + toy.noise[1] * radius * Math.sin(angle);
  }
  return points;
}

/** Places of each part, all drawn independently of each other; the noise is added on the GPU, other one in each step. */
const SIZES = { train: 65_536, validation: 4096, test: 20_480 } as const;

/** Places on the toy's curve as data sets; a flow of the plane draws the noise around them itself. */
export function planeData(
  toy: PlaneToy,
  { seed = 0 }: { seed?: number } = {},
): Readonly<Record<keyof typeof SIZES, Dataset>> {
  const part = (size: number, stream: number) => {
    const x = placesOf(toy, size, seed, stream);
    return dataset({ name: toy.name, x, y: [x, x], inputShape: [2], targetShape: [[2], [2]] });
  };
  return { train: part(SIZES.train, 0), validation: part(SIZES.validation, 1), test: part(SIZES.test, 2) };
}

/** Centres further off, as squares of deviations, add less than 1e-20 of what one does that is near. */
const NEAR = 100;

/**
 * −log p of points in nats, on average, where p is the mean of normal densities around `centres`:
 *
 *     p(x) = 1/n Σ_i N(x; c_i, diag(σ²))
 *
 * With places on a toy's curve and the toy's noise p is the true density, and the result its entropy; with other points of the toy
 * and a width of one's choice it is a kernel density estimate.
 */
export function mixtureNll(
  points: Float32Array,
  centres: Float32Array,
  [sx, sy]: readonly [number, number],
): number {
  const count = centres.length / 2;
  let total = 0;
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i], points[i + 1]];
    let sum = 0;
    for (let j = 0; j < centres.length; j += 2) {
      const [dx, dy] = [(x - centres[j]) / sx, (y - centres[j + 1]) / sy];
      const square = dx * dx + dy * dy;
      if (square < NEAR) sum += Math.exp(-0.5 * square);
    }
    total -= Math.log(Math.max(sum, 1e-300) / (count * 2 * Math.PI * sx * sy));
  }
  return (2 * total) / points.length;
}

/** −log p of points in nats, on average, of the normal distribution with their own mean and covariance Σ: 1 + log 2π + ½ log |Σ|. */
export function gaussianNll(points: Float32Array): number {
  const count = points.length / 2;
  const mean = [0, 0];
  points.forEach((value, i) => (mean[i % 2] += value / count));
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < points.length; i += 2) {
    const [dx, dy] = [points[i] - mean[0], points[i + 1] - mean[1]];
    xx += (dx * dx) / count;
    xy += (dx * dy) / count;
    yy += (dy * dy) / count;
  }
  return 1 + Math.log(2 * Math.PI) + 0.5 * Math.log(xx * yy - xy * xy);
}

/** The entropy of a toy in nats, no less than which the loss of any model is: −log of its true density at points of it. */
export const entropyOf = (toy: PlaneToy, points: Float32Array, centres = CENTRES): number =>
  mixtureNll(points, placesOf(toy, centres, 0, 12), toy.noise);

/** Centres of the densities on the CPU. */
const CENTRES = 20_000;
/** Widths that a kernel estimate tries, in deviations of the toy's noise. */
const WIDTHS = [0.35, 0.5, 0.7, 1];

/**
 * The −log p in nats that a kernel estimate gives points of a toy, with the best of some widths.
 *
 * @param centres other points of the toy that it is made of
 */
export function kernelNll(toy: PlaneToy, points: Float32Array, centres = CENTRES): number {
  const known = pointsOf(toy, centres, 0, 11);
  const [x, y] = toy.noise;
  return Math.min(...WIDTHS.map((width) => mixtureNll(points, known, [width * x, width * y])));
}
