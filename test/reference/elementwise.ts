import { map, type Array64 } from './array.ts';
import { broadcastShape, broadcastTo, sumTo } from './broadcast.ts';

/**
 * A function of one number and its derivative. Further arguments are the function's parameters (alpha, …).
 * Where a function has a kink, the derivative is that of the side named in its comment.
 */
export interface Unary {
  f: (x: number, ...parameters: number[]) => number;
  df: (x: number, ...parameters: number[]) => number;
  /** Where to draw test inputs from; default [-3, 3]. */
  domain?: readonly [number, number];
}

const SELU_ALPHA = 1.6732632423543772; // Klambauer et al. 2017
const SELU_SCALE = 1.0507009873554805;
const GELU_CUBIC = 0.044715; // Hendrycks & Gimpel 2016
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

/** Error function, by the all-positive series 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!, to float64 precision. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x); // 1 − erf(6) < 2.2e-17
  let term = x;
  let sum = 0;
  for (let n = 0; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 3);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Nearest integer, halves to the even one, as WGSL and IEEE 754 have it (Math.round takes halves up). */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** The slope, but NaN where x is NaN: comparisons would take it for one side. */
const unlessNan = (x: number, slope: number) => (Number.isNaN(x) ? NaN : slope);
/** x itself, or ±700, beyond which e^−|x| · x is 0: keeps products from being Infinity · 0. */
const near = (x: number) => Math.min(Math.max(x, -700), 700);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))); // log(1 + eˣ), no overflow
const normalDensity = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI); // φ
const normalCdf = (x: number) => (1 + erf(x / Math.SQRT2)) / 2; // Φ
const geluInner = (x: number) => Math.tanh(SQRT_2_OVER_PI * (x + GELU_CUBIC * x ** 3));

/** a^b as IEEE 754 defines pow; JavaScript's 1 ** NaN and (±1) ** ±Infinity are NaN. */
export function ieeePower(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  return a ** b;
}

export const unaryTable = {
  negate: { f: (x) => -x, df: () => -1 },
  abs: { f: Math.abs, df: Math.sign }, // 0 at 0
  sign: { f: Math.sign, df: () => 0 },
  exp: { f: Math.exp, df: Math.exp },
  log: { f: Math.log, df: (x) => 1 / x, domain: [0.1, 4] },
  log1p: { f: Math.log1p, df: (x) => 1 / (1 + x), domain: [-0.9, 3] },
  expm1: { f: Math.expm1, df: Math.exp },
  sqrt: { f: Math.sqrt, df: (x) => 0.5 / Math.sqrt(x), domain: [0.1, 4] },
  rsqrt: { f: (x) => 1 / Math.sqrt(x), df: (x) => -0.5 / (x * Math.sqrt(x)), domain: [0.1, 4] },
  square: { f: (x) => x * x, df: (x) => 2 * x },
  reciprocal: { f: (x) => 1 / x, df: (x) => -1 / (x * x), domain: [0.2, 3] },
  sin: { f: Math.sin, df: Math.cos },
  cos: { f: Math.cos, df: (x) => -Math.sin(x) },
  floor: { f: Math.floor, df: () => 0 },
  ceil: { f: Math.ceil, df: () => 0 },
  round: { f: roundHalfEven, df: () => 0 },
  /** 1 inside [low, high], bounds included. */
  clip: {
    f: (x, low = 0, high = 1) => Math.min(Math.max(x, low), high),
    df: (x, low = 0, high = 1) => unlessNan(x, x >= low && x <= high ? 1 : 0),
  },
  /** 0 at 0. */
  relu: { f: (x) => Math.max(x, 0), df: (x) => unlessNan(x, x > 0 ? 1 : 0) },
  /** 0 at 0 and at 6. */
  relu6: { f: (x) => Math.min(Math.max(x, 0), 6), df: (x) => unlessNan(x, x > 0 && x < 6 ? 1 : 0) },
  /** alpha at 0. */
  leakyRelu: {
    f: (x, alpha = 0.2) => (x > 0 ? x : alpha * x),
    df: (x, alpha = 0.2) => unlessNan(x, x > 0 ? 1 : alpha),
  },
  /** alpha at 0. */
  elu: {
    f: (x, alpha = 1) => (x > 0 ? x : alpha * Math.expm1(x)),
    df: (x, alpha = 1) => (x > 0 ? 1 : alpha * Math.exp(x)),
  },
  /** scale · alpha at 0. */
  selu: {
    f: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
    df: (x) => SELU_SCALE * (x > 0 ? 1 : SELU_ALPHA * Math.exp(x)),
  },
  /** The tanh approximation: x/2 · (1 + t), t = tanh(√(2/π) (x + 0.044715 x³)). Within 5e-4 of the exact one. */
  geluTanh: {
    f: (x) => 0.5 * Math.max(x, -700) * (1 + geluInner(x)),
    df: (x) => {
      const t = geluInner(x);
      const slope = SQRT_2_OVER_PI * (1 + 3 * GELU_CUBIC * near(x) ** 2);
      return 0.5 * (1 + t) + 0.5 * near(x) * (1 - t * t) * slope;
    },
  },
  /** x Φ(x), by erf. */
  gelu: {
    f: (x) => Math.max(x, -700) * normalCdf(x),
    df: (x) => normalCdf(x) + near(x) * normalDensity(near(x)),
  },
  /** (x + √(x² + b)) / 2, below 0 by b/2 / (√(x² + b) − x). */
  squareplus: {
    f: (x, b = 4) =>
      x < 0 ? b / 2 / (Math.hypot(x, Math.sqrt(b)) - x) : (x + Math.hypot(x, Math.sqrt(b))) / 2,
    df: (x, b = 4) => 0.5 + (Math.abs(x) === Infinity ? Math.sign(x) : x / Math.hypot(x, Math.sqrt(b))) / 2,
  },
  /** 0 at ±limit. */
  hardShrink: {
    f: (x, limit = 0.5) => (Math.abs(x) <= limit ? 0 : x),
    df: (x, limit = 0.5) => unlessNan(x, Math.abs(x) > limit ? 1 : 0),
  },
  /** 0 at ±limit. */
  softShrink: {
    f: (x, limit = 0.5) => x - Math.min(Math.max(x, -limit), limit),
    df: (x, limit = 0.5) => unlessNan(x, Math.abs(x) > limit ? 1 : 0),
  },
  tanhShrink: { f: (x) => x - Math.tanh(x), df: (x) => Math.tanh(x) ** 2 },
  logSigmoid: { f: (x) => -softplus(-x), df: (x) => sigmoid(-x) },
  celu: {
    f: (x, alpha = 1) => (x > 0 ? x : alpha * Math.expm1(x / alpha)),
    df: (x, alpha = 1) => (x > 0 ? 1 : Math.exp(x / alpha)),
  },
  /** 0 at ±1. */
  hardTanh: {
    f: (x) => Math.min(Math.max(x, -1), 1),
    df: (x) => unlessNan(x, Math.abs(x) < 1 ? 1 : 0),
  },
  /** 0 at −3; 1 at 3, where the slope within would be 1.5. */
  hardSilu: {
    f: (x) => Math.max(x, -3) * (Math.min(Math.max(x + 3, 0), 6) / 6),
    df: (x) => unlessNan(x, x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
  },
  sparsePlus: {
    f: (x) => (Math.min(Math.max(x, -1), 1) + 1) ** 2 / 4 + Math.max(x - 1, 0),
    df: (x) => unlessNan(x, (Math.min(Math.max(x, -1), 1) + 1) / 2),
  },
  /** 0 at ±1. */
  sparseSigmoid: {
    f: (x) => (Math.min(Math.max(x, -1), 1) + 1) / 2,
    df: (x) => unlessNan(x, Math.abs(x) < 1 ? 0.5 : 0),
  },
  /** 0 at the threshold. */
  threshold: {
    f: (x, threshold = 0, value = 0) => (x <= threshold ? value : x),
    df: (x, threshold = 0) => unlessNan(x, x > threshold ? 1 : 0),
  },
  sigmoid: { f: sigmoid, df: (x) => sigmoid(x) * sigmoid(-x) },
  tanh: { f: Math.tanh, df: (x) => 1 - Math.tanh(x) ** 2 },
  softplus: { f: softplus, df: sigmoid },
  softsign: {
    f: (x) => (Math.abs(x) === Infinity ? Math.sign(x) : x / (1 + Math.abs(x))),
    df: (x) => 1 / (1 + Math.abs(x)) ** 2,
  },
  silu: { f: (x) => Math.max(x, -700) * sigmoid(x), df: (x) => sigmoid(x) * (1 + near(x) * sigmoid(-x)) },
  mish: {
    f: (x) => Math.max(x, -700) * Math.tanh(softplus(x)),
    df: (x) => {
      const t = Math.tanh(softplus(x));
      return t + near(x) * (1 - t * t) * sigmoid(x);
    },
  },
  /** Keras: relu6(x + 3) / 6; derivative 0 at ±3. */
  hardSigmoid: {
    f: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
    df: (x) => unlessNan(x, x > -3 && x < 3 ? 1 / 6 : 0),
    domain: [-5, 5],
  },
} satisfies Record<string, Unary>;

export type UnaryName = keyof typeof unaryTable;

/** A function of two numbers and its derivatives along each. */
export interface Binary {
  f: (a: number, b: number) => number;
  da: (a: number, b: number) => number;
  db: (a: number, b: number) => number;
  /** Where to draw test inputs from, for a and b; default [-3, 3]. */
  domains?: readonly [readonly [number, number], readonly [number, number]];
}

const zero = () => 0;
const comparison = (holds: (a: number, b: number) => boolean): Binary => ({
  f: (a, b) => (holds(a, b) ? 1 : 0),
  da: zero,
  db: zero,
});

export const binaryTable = {
  add: { f: (a, b) => a + b, da: () => 1, db: () => 1 },
  subtract: { f: (a, b) => a - b, da: () => 1, db: () => -1 },
  multiply: { f: (a, b) => a * b, da: (_, b) => b, db: (a) => a },
  divide: {
    f: (a, b) => a / b,
    da: (_, b) => 1 / b,
    db: (a, b) => -a / (b * b),
    domains: [
      [-3, 3],
      [0.2, 3],
    ],
  },
  /** At ties the gradient is a's, as in TensorFlow. */
  maximum: {
    f: Math.max,
    da: (a, b) => unlessNan(Math.max(a, b), a >= b ? 1 : 0),
    db: (a, b) => unlessNan(Math.max(a, b), a >= b ? 0 : 1),
  },
  /** At ties the gradient is a's, as in TensorFlow. */
  minimum: {
    f: Math.min,
    da: (a, b) => unlessNan(Math.max(a, b), a <= b ? 1 : 0),
    db: (a, b) => unlessNan(Math.max(a, b), a <= b ? 0 : 1),
  },
  /**
   * a^b; along b the derivative is 0 where a ≤ 0 (the logarithm has no value there), as in TensorFlow, and −Infinity
   * for 0 to a negative exponent.
   */
  power: {
    f: ieeePower,
    da: (a, b) => (b === 0 ? 0 : b * ieeePower(a, b - 1)),
    db: (a, b) => {
      const y = ieeePower(a, b);
      if (Number.isNaN(y)) return NaN;
      if (a > 0) return y === 0 ? 0 : y * Math.log(a);
      return a === 0 && b < 0 ? -Infinity : 0;
    },
    domains: [
      [0.1, 3],
      [-3, 3],
    ],
  },
  equal: comparison((a, b) => a === b),
  notEqual: comparison((a, b) => a !== b),
  less: comparison((a, b) => a < b),
  lessEqual: comparison((a, b) => a <= b),
  greater: comparison((a, b) => a > b),
  greaterEqual: comparison((a, b) => a >= b),
} satisfies Record<string, Binary>;

export type BinaryName = keyof typeof binaryTable;

/** f(x) of every element. */
export function unary(name: UnaryName, x: Array64, ...parameters: number[]): Array64 {
  const { f } = unaryTable[name] as Unary;
  return map(x, (value) => f(value, ...parameters));
}

/** dy · f′(x). */
export function unaryGrad(name: UnaryName, x: Array64, dy: Array64, ...parameters: number[]): Array64 {
  const { df } = unaryTable[name] as Unary;
  return map(x, (value, i) => dy.data[i] * df(value, ...parameters));
}

/** f(a, b) of every pair, after broadcasting. */
export function binary(name: BinaryName, a: Array64, b: Array64): Array64 {
  const shape = broadcastShape(a.shape, b.shape);
  const right = broadcastTo(b, shape);
  return map(broadcastTo(a, shape), (value, i) => binaryTable[name].f(value, right.data[i]));
}

/** Gradients along a and b: dy · ∂f, summed over what was broadcast. */
export function binaryGrad(name: BinaryName, a: Array64, b: Array64, dy: Array64): [Array64, Array64] {
  const left = broadcastTo(a, dy.shape);
  const right = broadcastTo(b, dy.shape);
  const { da, db } = binaryTable[name] as Binary;
  return [
    sumTo(
      map(dy, (d, i) => d * da(left.data[i], right.data[i])),
      a.shape,
    ),
    sumTo(
      map(dy, (d, i) => d * db(left.data[i], right.data[i])),
      b.shape,
    ),
  ];
}

/** a where condition ≠ 0, else b, after broadcasting. */
export function where(condition: Array64, a: Array64, b: Array64): Array64 {
  const shape = broadcastShape(condition.shape, broadcastShape(a.shape, b.shape));
  const [c, yes, no] = [condition, a, b].map((operand) => broadcastTo(operand, shape));
  return map(c, (value, i) => (value !== 0 ? yes : no).data[i]);
}

/** Gradients of `where` along a and b: dy where each was taken. */
export function whereGrad(condition: Array64, a: Array64, b: Array64, dy: Array64): [Array64, Array64] {
  const c = broadcastTo(condition, dy.shape);
  return [
    sumTo(
      map(dy, (d, i) => (c.data[i] !== 0 ? d : 0)),
      a.shape,
    ),
    sumTo(
      map(dy, (d, i) => (c.data[i] !== 0 ? 0 : d)),
      b.shape,
    ),
  ];
}
