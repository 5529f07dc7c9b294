/** Points that are moved: a multiple of 32, so that what lies behind them in a buffer can be bound. */
export const POINTS = 1024;
/** Lines of the grid in each direction, and points of each line. */
export const LINES = 17;
export const LINE_POINTS = 65;
/** Places on each side of the picture of the density. */
export const FIELD = 80;
/** What lies at the edge of the figures; the grid reaches less far. */
export const REACH = 3;
export const GRID_REACH = 2.5;

/** Which way points and grid go: squares of the data's plane bent to noise, or squares of the noise bent to data. */
export const WAYS = ['data', 'noise'] as const;
export type Way = (typeof WAYS)[number];

/** What the page calls. Panels: grid, points, density. */
export type Calls = {
  /** How many couplings the points have gone through, from 0, where they are data, to all, where they are noise. */
  place(couplings: number): void;
  /** The reader's own shape: x and y of points, one after the other; it is learned when the data are loaded next. */
  draw(points: Float32Array): void;
};

/** Messages of the worker. */
export type Tells = {
  model: { readonly parameters: number; readonly couplings: number };
  reading: Reading;
  references: References;
};

/** Of the points that are shown. */
export interface Reading {
  /** The largest |inverse(forward(x)) − x|. */
  readonly inverseError: number;
  /** −log p in nats, on average, of points of the data. */
  readonly nll: number;
}

/** −log p of points of the data in nats, on average, by what is no flow. */
export interface References {
  /** The true density, where it is known: no model is below. */
  readonly entropy: number;
  /** One normal distribution. */
  readonly gaussian: number;
  /** A normal distribution around each of 4,000 other points. */
  readonly kernel: number;
}
