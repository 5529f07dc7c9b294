import { ArgumentError } from '../errors.ts';
import { didYouMean } from '../nearestName.ts';
import { checkOptions, describe, required, settle } from '../options.ts';
import type { Defaults } from '../options.ts';
import type { Shape } from '../ops/core/shape.ts';
import { fillIdentity, fillOrthogonal } from './matrices.ts';
import { fillNormal, fillTruncatedNormal, fillUniform } from './philox.ts';

/** Fills a weight's initial values. `seed` and `stream` key the random generator: same key, same values. */
export interface Initializer {
  (data: Float32Array, shape: Shape, key: { seed: number; stream: number }): void;
  /** For wgrad's own: the options it was made with, which represent it in files and options. */
  readonly config?: InitializerConfig;
}

/** An initializer with parameters as plain JSON. */
export type InitializerConfig =
  | { readonly name: 'constant'; readonly value: number }
  | { readonly name: 'randomUniform'; readonly low?: number; readonly high?: number }
  | { readonly name: 'randomNormal'; readonly mean?: number; readonly deviation?: number }
  | { readonly name: 'truncatedNormal'; readonly mean?: number; readonly deviation?: number }
  | { readonly name: 'orthogonal'; readonly gain?: number }
  | { readonly name: 'identity'; readonly gain?: number }
  | ({ readonly name: 'varianceScaling' } & Readonly<VarianceScalingOptions>);

/** An initializer as layers take it: by name, as a function, or as the JSON of one with parameters. */
export type InitializerSpec = InitializerName | Initializer | InitializerConfig;

/**
 * Inputs and outputs of one unit: [in, out] for dense weights, [KH, KW, IC, OC] for convolutions (IC of one group; of depthwise
 * windows the channels and their multiplier), where the window counts on both sides (Glorot & Bengio 2010; Keras).
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const window = shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  return { fanIn: window * shape.at(-2)!, fanOut: window * shape.at(-1)! };
}

type Fans = { readonly fanIn: number; readonly fanOut: number };
type Scaling = (fan: Fans) => number;

/** U(−√(3v), √(3v)): uniform with variance v. */
const uniformOf =
  (variance: Scaling): Initializer =>
  (data, shape, key) => {
    const limit = Math.sqrt(3 * variance(fans(shape)));
    fillUniform(data, key, -limit, limit);
  };

/** Normal with variance v, cut off at two standard deviations and scaled up to compensate for that. */
const normalOf =
  (variance: Scaling): Initializer =>
  (data, shape, key) => {
    // 0.8796… is the standard deviation of N(0, 1) cut off at ±2.
    fillTruncatedNormal(data, key, 0, Math.sqrt(variance(fans(shape))) / 0.87962566103423978);
  };

const glorot: Scaling = ({ fanIn, fanOut }) => 2 / (fanIn + fanOut);
const he: Scaling = ({ fanIn }) => 2 / fanIn;
const lecun: Scaling = ({ fanIn }) => 1 / fanIn;

/** An initializer that reports an error when it is called instead of passed. */
/* @__NO_SIDE_EFFECTS__ */
const named =
  (name: string, initialize: Initializer): Initializer =>
  (data, shape, key) => {
    if (!ArrayBuffer.isView(data)) {
      throw new ArgumentError(
        `initializers.${name}: was called with ${describe(data)}, but it fills an array. Pass it itself, { kernelInitializer: initializers.${name} }, or its name`,
      );
    }
    initialize(data, shape, key);
  };

/**
 * The initializers by name, with the variances of their papers and the distributions of Keras. Those that have parameters
 * stand here with Keras's defaults; functions such as `truncatedNormalInitializer(mean, deviation)` take others.
 */
export const initializers = {
  zeros: named('zeros', (data) => data.fill(0)),
  ones: named('ones', (data) => data.fill(1)),
  /** U(±√(6 / (fanIn + fanOut))): Glorot & Bengio 2010; the default. */
  glorotUniform: named('glorotUniform', uniformOf(glorot)),
  glorotNormal: named('glorotNormal', normalOf(glorot)),
  /** U(±√(6 / fanIn)): He et al. 2015, for relu. */
  heUniform: named('heUniform', uniformOf(he)),
  heNormal: named('heNormal', normalOf(he)),
  /** U(±√(3 / fanIn)): LeCun et al. 1998, for selu and tanh. */
  lecunUniform: named('lecunUniform', uniformOf(lecun)),
  lecunNormal: named('lecunNormal', normalOf(lecun)),
  /** U(−0.05, 0.05). */
  randomUniform: named('randomUniform', (data, _shape, key) => fillUniform(data, key, -0.05, 0.05)),
  /** N(0, 0.05²). */
  randomNormal: named('randomNormal', (data, _shape, key) => fillNormal(data, key, 0, 0.05)),
  /** N(0, 0.05²), cut off at ±0.1. */
  truncatedNormal: named('truncatedNormal', (data, _shape, key) => fillTruncatedNormal(data, key, 0, 0.05)),
  /** Variance 1 / fanIn, a normal cut off at two deviations: that of lecunNormal. */
  varianceScaling: named('varianceScaling', normalOf(lecun)),
  /** Rows or columns of length 1, orthogonal to each other. */
  orthogonal: named('orthogonal', (data, shape, key) => fillOrthogonal(data, shape, key, 1)),
  /** 1 on the diagonal. */
  identity: named('identity', (data, shape) => fillIdentity(data, shape, 1)),
} satisfies Record<string, Initializer>;

export type InitializerName = keyof typeof initializers;

/** Gives an initializer its config; its numbers must be finite in f32. */
function withConfig(config: InitializerConfig, initialize: Initializer): Initializer {
  for (const [parameter, value] of Object.entries(config)) {
    if (
      ['name', 'mode', 'distribution'].includes(parameter) ||
      (typeof value === 'number' && Number.isFinite(Math.fround(value)))
    )
      continue;
    throw new ArgumentError(
      `${config.name}Initializer: ${parameter} is ${describe(value)}; it must be a finite number`,
    );
  }
  return Object.assign(initialize, { config });
}

/**
 * Every value the same.
 *
 * @throws ArgumentError unless it is a finite number
 */
export const constantInitializer = (value: number): Initializer =>
  withConfig({ name: 'constant', value }, (data) => data.fill(value));

/**
 * U(low, high).
 *
 * @throws ArgumentError unless both are finite numbers, low at most high
 */
export function randomUniformInitializer(low = -0.05, high = 0.05): Initializer {
  if (low > high) {
    throw new ArgumentError(`randomUniformInitializer: low is ${low} and high ${high}; exchange them`);
  }
  return withConfig({ name: 'randomUniform', low, high }, (data, _shape, key) =>
    fillUniform(data, key, low, high),
  );
}

/**
 * N(mean, deviation²), without a cut; DCGAN takes N(0, 0.02²).
 *
 * @throws ArgumentError unless both are finite numbers, the deviation at least 0
 */
export function randomNormalInitializer(mean = 0, deviation = 0.05): Initializer {
  if (deviation < 0) {
    throw new ArgumentError(`randomNormalInitializer: deviation is ${deviation}; it must be at least 0`);
  }
  return withConfig({ name: 'randomNormal', mean, deviation }, (data, _shape, key) =>
    fillNormal(data, key, mean, deviation),
  );
}

/**
 * N(mean, deviation²), drawn again beyond two deviations from the mean (Keras's TruncatedNormal): 0.88 of the deviation is left.
 *
 * @throws ArgumentError unless both are finite numbers, the deviation at least 0
 */
export function truncatedNormalInitializer(mean = 0, deviation = 0.05): Initializer {
  if (deviation < 0) {
    throw new ArgumentError(`truncatedNormalInitializer: deviation is ${deviation}; it must be at least 0`);
  }
  return withConfig({ name: 'truncatedNormal', mean, deviation }, (data, _shape, key) =>
    fillTruncatedNormal(data, key, mean, deviation),
  );
}

/**
 * A random orthogonal matrix times `gain`: of a weight [..., out], seen as [rows, out], the columns or, if there are fewer, the
 * rows have length 1 and are orthogonal to each other (Saxe et al. 2014; Keras's OrthogonalInitializer).
 *
 * @throws ArgumentError unless the gain is a finite number; ShapeError, when it fills a weight, if that has a rank below 2
 */
export const orthogonalInitializer = (gain = 1): Initializer =>
  withConfig({ name: 'orthogonal', gain }, (data, shape, key) => fillOrthogonal(data, shape, key, gain));

/**
 * `gain` on the diagonal of a matrix, and 0 elsewhere (Keras's IdentityInitializer).
 *
 * @throws ArgumentError unless the gain is a finite number; ShapeError, when it fills a weight, if that is not a matrix
 */
export const identityInitializer = (gain = 1): Initializer =>
  withConfig({ name: 'identity', gain }, (data, shape) => fillIdentity(data, shape, gain));

export interface VarianceScalingOptions {
  /** Above 0; default 1. */
  scale?: number;
  /** The n that the variance scale / n has: the inputs of a unit, its outputs, or their mean. Default 'fanIn'. */
  mode?: 'fanIn' | 'fanOut' | 'fanAvg';
  /** Default 'truncatedNormal', cut off at two deviations and scaled up to compensate for that. */
  distribution?: 'truncatedNormal' | 'untruncatedNormal' | 'uniform';
}

/**
 * A variance of scale / n (Keras's VarianceScaling; He et al. 2015).
 *
 * @throws ArgumentError if the scale is not above 0, or there is no such mode or distribution
 */
export function varianceScalingInitializer(options: VarianceScalingOptions = {}): Initializer {
  const caller = 'varianceScalingInitializer';
  const { scale, mode, distribution } = settle(caller, options, {
    scale: 1,
    mode: 'fanIn' as NonNullable<VarianceScalingOptions['mode']>,
    distribution: 'truncatedNormal' as NonNullable<VarianceScalingOptions['distribution']>,
  });
  if (!(scale > 0)) throw new ArgumentError(`${caller}: scale is ${scale}; it must be a number above 0`);
  const counts = {
    fanIn: (fan: Fans) => fan.fanIn,
    fanOut: (fan: Fans) => fan.fanOut,
    fanAvg: (fan: Fans) => (fan.fanIn + fan.fanOut) / 2,
  };
  const fills = {
    truncatedNormal: normalOf,
    untruncatedNormal:
      (variance: Scaling): Initializer =>
      (data, shape, key) =>
        fillNormal(data, key, 0, Math.sqrt(variance(fans(shape)))),
    uniform: uniformOf,
  };
  for (const [option, value, known] of [
    ['mode', mode, counts],
    ['distribution', distribution, fills],
  ] as const) {
    if (typeof value === 'string' && Object.hasOwn(known, value)) continue;
    throw new ArgumentError(
      `${caller}: ${option} is ${describe(value)}; choose one of ${Object.keys(known).join(', ')}`,
    );
  }
  const initialize = fills[distribution]((fan) => scale / Math.max(1, counts[mode](fan)));
  return withConfig({ name: 'varianceScaling', scale, mode, distribution }, initialize);
}

/** The initializers with parameters, of their configs. */
const ofConfig = {
  constant: [{ name: required, value: required }, (c) => constantInitializer(c.value)],
  randomUniform: [
    { name: required, low: undefined, high: undefined },
    (c) => randomUniformInitializer(c.low, c.high),
  ],
  randomNormal: [
    { name: required, mean: undefined, deviation: undefined },
    (c) => randomNormalInitializer(c.mean, c.deviation),
  ],
  truncatedNormal: [
    { name: required, mean: undefined, deviation: undefined },
    (c) => truncatedNormalInitializer(c.mean, c.deviation),
  ],
  orthogonal: [{ name: required, gain: undefined }, (c) => orthogonalInitializer(c.gain)],
  identity: [{ name: required, gain: undefined }, (c) => identityInitializer(c.gain)],
  varianceScaling: [
    { name: required, scale: undefined, mode: undefined, distribution: undefined },
    ({ scale, mode, distribution }) => varianceScalingInitializer({ scale, mode, distribution }),
  ],
} satisfies {
  [N in InitializerConfig['name']]: [
    Defaults<Extract<InitializerConfig, { name: N }>>,
    (config: Extract<InitializerConfig, { name: N }>) => Initializer,
  ];
};

/**
 * @param owner whose initializer it is, for messages
 * @throws ArgumentError if there is none of that name, or a parameter is out of range
 */
export function initializerOf(spec: InitializerSpec, owner = 'initializer'): Initializer {
  if (typeof spec === 'function') return spec;
  if (typeof spec === 'string' && Object.hasOwn(initializers, spec)) return initializers[spec];
  if (typeof spec === 'object' && spec !== null && Object.hasOwn(ofConfig, spec.name)) {
    const [known, make] = ofConfig[spec.name];
    checkOptions(`${owner}: ${spec.name}`, spec, known);
    return (make as (config: InitializerConfig) => Initializer)(spec);
  }
  const names = Object.keys(initializers);
  const meant = typeof spec === 'string' ? didYouMean(spec, names) : '';
  throw new ArgumentError(
    `${owner}: there is no initializer ${describe(spec)}${meant ? `${meant} Choose` : '; choose'} one of ${names.join(', ')}, or pass a function`,
  );
}

/** Its name or config where it is one of wgrad's, checked; another function stays as it is. */
export function namedInitializer(spec: InitializerSpec, owner: string): InitializerSpec {
  const initializer = initializerOf(spec, owner);
  const [name] = Object.entries(initializers).find(([, own]) => own === initializer) ?? [];
  return (name as InitializerName | undefined) ?? initializer.config ?? initializer;
}
