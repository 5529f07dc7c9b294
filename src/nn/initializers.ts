import { ArgumentError } from '../errors.ts';
import type { Shape } from '../ops/core/shape.ts';
import { fillNormal, fillTruncatedNormal, fillUniform } from './philox.ts';

/** Fills a weight's initial values. `seed` and `stream` key the random generator: same key, same values. */
export type Initializer = (data: Float32Array, shape: Shape, key: { seed: number; stream: number }) => void;

/**
 * Inputs and outputs of one unit: [in, out] for dense weights, [KH, KW, IC, OC] for convolutions,
 * where the window counts on both sides (Glorot & Bengio 2010; Keras).
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const window = shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  return { fanIn: window * shape.at(-2)!, fanOut: window * shape.at(-1)! };
}

type Scaling = (fan: { fanIn: number; fanOut: number }) => number;

/** U(−√(3v), √(3v)): uniform with variance v. */
const uniformOf =
  (variance: Scaling): Initializer =>
  (data, shape, key) => {
    const limit = Math.sqrt(3 * variance(fans(shape)));
    fillUniform(data, key, -limit, limit);
  };

/** Normal with variance v, cut off at two standard deviations and scaled up to make good for the cut. */
const normalOf =
  (variance: Scaling): Initializer =>
  (data, shape, key) => {
    // 0.8796… is the standard deviation of N(0, 1) cut off at ±2.
    fillTruncatedNormal(data, key, 0, Math.sqrt(variance(fans(shape))) / 0.87962566103423978);
  };

const glorot: Scaling = ({ fanIn, fanOut }) => 2 / (fanIn + fanOut);
const he: Scaling = ({ fanIn }) => 2 / fanIn;
const lecun: Scaling = ({ fanIn }) => 1 / fanIn;

/** The initializers by name, with the variances of their papers and the distributions of Keras. */
export const initializers = {
  zeros: ((data) => data.fill(0)) as Initializer,
  ones: ((data) => data.fill(1)) as Initializer,
  /** U(±√(6 / (fanIn + fanOut))): Glorot & Bengio 2010; the default. */
  glorotUniform: uniformOf(glorot),
  glorotNormal: normalOf(glorot),
  /** U(±√(6 / fanIn)): He et al. 2015, for relu. */
  heUniform: uniformOf(he),
  heNormal: normalOf(he),
  /** U(±√(3 / fanIn)): LeCun et al. 1998, for selu and tanh. */
  lecunUniform: uniformOf(lecun),
  lecunNormal: normalOf(lecun),
} satisfies Record<string, Initializer>;

export type InitializerName = keyof typeof initializers;

/** Every value the same. */
export const constantInitializer =
  (value: number): Initializer =>
  (data) =>
    data.fill(value);

/** U(low, high). */
export const randomUniformInitializer =
  (low = -0.05, high = 0.05): Initializer =>
  (data, _shape, key) =>
    fillUniform(data, key, low, high);

/** N(mean, deviation²), without a cut; DCGAN takes N(0, 0.02²). */
export const randomNormalInitializer =
  (mean = 0, deviation = 0.05): Initializer =>
  (data, _shape, key) =>
    fillNormal(data, key, mean, deviation);

export function initializerOf(initializer: InitializerName | Initializer): Initializer {
  if (typeof initializer === 'function') return initializer;
  if (!Object.hasOwn(initializers, initializer)) {
    throw new ArgumentError(
      `There is no initializer "${initializer}"; choose one of ${Object.keys(initializers).join(', ')}, or pass a function`,
    );
  }
  return initializers[initializer];
}
