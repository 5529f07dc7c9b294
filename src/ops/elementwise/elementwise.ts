import { ArgumentError } from '../../errors.ts';
import { checkFlag } from '../../options.ts';
import { fill } from '../core/leaves.ts';
import { requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { call, comparedOps, elementwiseOp, gradientOps } from './op.ts';
import type { Gradient, Literals } from './op.ts';

/** The smallest normal f32: GPUs may take anything below for 0. */
const SMALLEST = 2 ** -126;

/* @__NO_SIDE_EFFECTS__ */
const op1 = (name: string, fn: string, gradient: Gradient) => elementwiseOp(name, fn, 1, gradient);
/* @__NO_SIDE_EFFECTS__ */
const op2 = (name: string, fn: string, gradient: Gradient) => elementwiseOp(name, fn, 2, gradient);
const step: Gradient = () => []; // piecewise constant: the derivative is 0 almost everywhere

/** d a^b / db = a^b log a, 0 where a^b is; for a ≤ 0 it is taken as 0, but for 0^b with b < 0, which falls from Infinity. */
const powerSlope = (a: Tensor, b: Tensor, y: Tensor): Tensor =>
  where(
    greater(a, 0),
    where(equal(y, 0), 0, multiply(y, log(maximum(a, SMALLEST)))),
    keepNan(y, where(multiply(equal(a, 0), less(b, 0)), -Infinity, 0)),
  );

/** The gradient function `op` applied to the input x (or the output y) and dy. */
const ofInput =
  (op: Op<Literals>): Gradient =>
  ([x], _y, dy, literals) => [call(op, [x, dy], literals)];
const ofOutput =
  (op: Op<Literals>): Gradient =>
  (_x, y, dy, literals) => [call(op, [y, dy], literals)];

/** Every elementwise op: its WGSL function and, above each gradient, the math. */
export const elementwiseOps = {
  ...gradientOps,
  ...comparedOps,
  // the gradient goes to the second
  keepNan: op2('keepNan', 'keep_nan', ([x], _y, dy) => [undefined, keepNan(x, dy)]),
  // d(-x) = -dx
  negate: op1('negate', 'negate', (_i, _y, dy) => [negate(dy)]),
  // d|x| = sign(x) dx
  abs: op1('abs', 'abs', ([x], _y, dy) => [multiply(dy, sign(x))]),
  sign: op1('sign', 'signum', step),
  floor: op1('floor', 'floor', step),
  ceil: op1('ceil', 'ceil', step),
  round: op1('round', 'round', step),
  // d e^x = e^x dx
  exp: op1('exp', 'exp', (_i, y, dy) => [multiply(dy, y)]),
  // d(e^x - 1) = e^x dx = (y + 1) dx
  expm1: op1('expm1', 'expm1', (_i, y, dy) => [multiply(dy, shift(y, 1))]),
  // d log x = dx / x
  log: op1('log', 'log', ([x], _y, dy) => [divide(dy, x)]),
  // d log(1 + x) = dx / (1 + x)
  log1p: op1('log1p', 'log1p', ([x], _y, dy) => [divide(dy, shift(x, 1))]),
  // d √x = dx / (2√x)
  sqrt: op1('sqrt', 'sqrt', (_i, y, dy) => [divide(scale(dy, 0.5), y)]),
  // d x^-½ = -½ x^-1½ dx = -½ y³ dx
  rsqrt: op1('rsqrt', 'inverseSqrt', (_i, y, dy) => [multiply(scale(dy, -0.5), multiply(y, square(y)))]),
  // d x² = 2x dx
  square: op1('square', 'square', ([x], _y, dy) => [multiply(dy, scale(x, 2))]),
  // d(1/x) = -x^-2 dx
  reciprocal: op1('reciprocal', 'reciprocal', (_i, y, dy) => [negate(multiply(dy, square(y)))]),
  // d sin x = cos x dx
  sin: op1('sin', 'sin', ([x], _y, dy) => [multiply(dy, cos(x))]),
  // d cos x = -sin x dx
  cos: op1('cos', 'cos', ([x], _y, dy) => [negate(multiply(dy, sin(x)))]),
  // d(cx) = c dx
  scale: {
    ...op1('scale', 'scale', (_i, _y, dy, { factor }) => [scale(dy, factor)]),
    elementwise: ({ factor }) =>
      factor === 0 ? { fn: 'times_zero', literals: [] } : { fn: 'scale', literals: [factor] },
  } as Op<Literals>,
  // d(x + c) = dx
  shift: op1('shift', 'shift', (_i, _y, dy) => [dy]),
  clip: op1('clip', 'clip', ofInput(gradientOps.clipGradient)),
  relu: op1('relu', 'relu', ofOutput(gradientOps.reluGradient)),
  // From the output, which then needs no input beside it: it is above 0 where x is, unless the slope is negative.
  leakyRelu: op1('leakyRelu', 'leaky_relu', ([x], y, dy, literals) => [
    call(gradientOps.leakyReluGradient, [literals.slope >= 0 ? y : x, dy], literals),
  ]),
  elu: op1('elu', 'elu', ofOutput(gradientOps.eluGradient)),
  selu: op1('selu', 'selu', ofOutput(gradientOps.seluGradient)),
  gelu: op1('gelu', 'gelu', ofInput(gradientOps.geluGradient)),
  geluTanh: op1('geluTanh', 'gelu_tanh', ofInput(gradientOps.geluTanhGradient)),
  squareplus: op1('squareplus', 'squareplus', ofInput(gradientOps.squareplusGradient)),
  sigmoid: op1('sigmoid', 'sigmoid', ofOutput(gradientOps.sigmoidGradient)),
  tanh: op1('tanh', 'tanh_safe', ofOutput(gradientOps.tanhGradient)),
  softplus: op1('softplus', 'softplus', ofInput(gradientOps.softplusGradient)),
  softsign: op1('softsign', 'softsign', ofInput(gradientOps.softsignGradient)),
  silu: op1('silu', 'silu', ofInput(gradientOps.siluGradient)),
  mish: op1('mish', 'mish', ofInput(gradientOps.mishGradient)),
  hardSigmoid: op1('hardSigmoid', 'hard_sigmoid', ofInput(gradientOps.hardSigmoidGradient)),
  // d(a + b) = da + db
  add: op2('add', 'add', (_i, _y, dy) => [dy, dy]),
  // d(a - b) = da - db
  subtract: op2('subtract', 'subtract', (_i, _y, dy) => [dy, negate(dy)]),
  // d(ab) = b da + a db
  multiply: op2('multiply', 'multiply', ([a, b], _y, dy) => [multiply(dy, b), multiply(dy, a)]),
  // d(a/b) = da/b - (a/b) db/b
  divide: op2('divide', 'divide', ([, b], y, dy) => [divide(dy, b), negate(divide(multiply(dy, y), b))]),
  // d a^b = b a^(b-1) da + a^b log a db; the first term is 0 where b = 0
  power: op2('power', 'power', ([a, b], y, dy) => [
    multiply(dy, where(equal(b, 0), 0, multiply(b, power(a, shift(b, -1))))),
    multiply(dy, powerSlope(a, b, y)),
  ]),
  // the gradient goes to the larger; at ties to the first
  maximum: op2('maximum', 'larger', ([a, b], _y, dy) => [
    call(comparedOps.ifAtLeast, [a, b, dy]),
    call(comparedOps.ifAbove, [b, a, dy]),
  ]),
  // the gradient goes to the smaller; at ties to the first
  minimum: op2('minimum', 'smaller', ([a, b], _y, dy) => [
    call(comparedOps.ifAtLeast, [b, a, dy]),
    call(comparedOps.ifAbove, [a, b, dy]),
  ]),
  equal: op2('equal', 'equal', step),
  notEqual: op2('notEqual', 'not_equal', step),
  less: op2('less', 'less', step),
  lessEqual: op2('lessEqual', 'less_equal', step),
  greater: op2('greater', 'greater', step),
  greaterEqual: op2('greaterEqual', 'greater_equal', step),
  // the gradient goes to the branch that was taken
  where: elementwiseOp('where', 'choose', 3, ([condition], _y, dy) => [
    undefined,
    where(condition, dy, 0),
    where(condition, 0, dy),
  ]),
  // d/dx = sigmoid(x) - t, d/dt = -x
  bceWithLogits: op2('bceWithLogits', 'bce_with_logits', ([x, t], _y, dy) => [
    call(gradientOps.bceWithLogitsGradient, [x, t, dy]),
    negate(multiply(dy, x)),
  ]),
  // d/dp = (1 - t) / (1 - p) - t / p within the clip, d/dt = log(1 - p) - log p
  binaryCrossentropy: op2('binaryCrossentropy', 'binary_crossentropy', ([p, t], _y, dy) => [
    call(gradientOps.binaryCrossentropyGradient, [p, t, dy]),
    multiply(dy, subtract(log(clip(subtract(1, p), 1e-7, 1)), log(clip(p, 1e-7, 1)))),
  ]),
  // d log cosh x = tanh x dx
  logCosh: op1('logCosh', 'log_cosh', ([x], _y, dy) => [multiply(dy, tanh(x))]),
  // the slope is x, at most delta
  huber: op1('huber', 'huber', ([x], _y, dy, { delta }) => [multiply(dy, clip(x, -delta, delta))]),
};

const ops = elementwiseOps;
export type Operand = Tensor | number;
const toTensor = (value: Operand): Tensor => (typeof value === 'number' ? fill([], value) : value);
/* @__NO_SIDE_EFFECTS__ */
const unary = (op: Op<Literals>) => (x: Tensor) => call(op, [x]);
/* @__NO_SIDE_EFFECTS__ */
const binary = (op: Op<Literals>) => (a: Operand, b: Operand) => call(op, [toTensor(a), toTensor(b)]);

/*
 * NaN and Infinity. Where an input is NaN, so are the result and the gradient, and a NaN that arrives from behind (dL/dy) is
 * passed on: nothing hides one but what says so below. At ±Infinity a function has its limit. Beyond ±3.4e38 results are
 * ±Infinity; numbers below 1.2e-38 may count as 0.
 */

export const negate = unary(ops.negate);
export const abs = unary(ops.abs);
/** -1, 0 or 1. Derivative 0. */
export const sign = unary(ops.sign);
/** Whole numbers, which all above 2²⁴ are, stay. Derivative 0, as of ceil. */
export const floor = unary(ops.floor);
export const ceil = unary(ops.ceil);
/** To the nearest whole number, halves to even (WGSL). Derivative 0. */
export const round = unary(ops.round);
/** 0 at −Infinity; Infinity above 88.7. */
export const exp = unary(ops.exp);
/** e^x − 1, exact near 0; −1 at −Infinity. */
export const expm1 = unary(ops.expm1);
/** −Infinity at 0, NaN below. */
export const log = unary(ops.log);
/** log(1 + x), exact near 0: −Infinity at −1, NaN below. */
export const log1p = unary(ops.log1p);
/** NaN below 0; at 0 the slope is Infinity. */
export const sqrt = unary(ops.sqrt);
/** 1 / √x: Infinity at 0, NaN below. */
export const rsqrt = unary(ops.rsqrt);
export const square = unary(ops.square);
/** 1 / x: ±Infinity at 0. */
export const reciprocal = unary(ops.reciprocal);
/** NaN at ±Infinity; for large angles as good as the adapter's own. */
export const sin = unary(ops.sin);
/** NaN at ±Infinity; for large angles as good as the adapter's own. */
export const cos = unary(ops.cos);
/** max(x, 0). */
export const relu = unary(ops.relu);
/** 1.0507 · elu(x, 1.6733): −1.7581 at −Infinity. */
export const selu = unary(ops.selu);
/**
 * x Φ(x) with Φ(x) = (1 + erf(x / √2)) / 2; `approximate` gives `geluTanh` (Hendrycks & Gimpel 2016, Keras). 0 at −Infinity.
 */
export function gelu(x: Tensor, approximate = false): Tensor {
  requireTensor('gelu', x);
  checkFlag('gelu', 'approximate', approximate);
  return call(approximate ? ops.geluTanh : ops.gelu, [x]);
}
/** x/2 (1 + tanh(√(2/π)(x + 0.044715x³))): the tanh form of Hendrycks & Gimpel 2016. 0 at −Infinity. */
export const geluTanh = unary(ops.geluTanh);
/** 1 / (1 + e^−x): 0 and 1 at ∓Infinity. */
export const sigmoid = unary(ops.sigmoid);
/** ±1 at ±Infinity. */
export const tanh = unary(ops.tanh);
/** log(1 + e^x): 0 at −Infinity. */
export const softplus = unary(ops.softplus);
/** x / (1 + |x|): ±1 at ±Infinity. */
export const softsign = unary(ops.softsign);
/** x sigmoid(x): 0 at −Infinity. */
export const silu = unary(ops.silu);
/** x tanh(softplus(x)): 0 at −Infinity. */
export const mish = unary(ops.mish);
/** relu6(x + 3) / 6, as Keras 3 defines it. */
export const hardSigmoid = unary(ops.hardSigmoid);
/** x for x > 0, slope · x otherwise (Maas et al. 2013; the slope is Keras's). A slope of 0 is `relu`. */
export const leakyRelu = (x: Tensor, slope = 0.2): Tensor =>
  slope === 0 ? relu(x) : call(ops.leakyRelu, [x], { slope });
/** x for x > 0, alpha (e^x − 1) otherwise. */
export const elu = (x: Tensor, alpha = 1): Tensor => call(ops.elu, [x], { alpha });
/**
 * (x + √(x² + b)) / 2: smooth, and 0 at −Infinity (Barron 2021).
 *
 * @throws ArgumentError unless b is above 0
 */
export function squareplus(x: Tensor, b = 4): Tensor {
  if (!(b > 0)) throw new ArgumentError(`squareplus: b is ${b}; it must be a number above 0`);
  return call(ops.squareplus, [x], { b });
}
/** x · factor. For a factor of 0 it is 0 where x is finite, else NaN. */
export const scale = (x: Tensor, factor: number): Tensor => call(ops.scale, [x], { factor });
export const shift = (x: Tensor, offset: number): Tensor => call(ops.shift, [x], { offset });
/**
 * Limits values to [low, high]; NaN stays NaN.
 *
 * @throws ArgumentError if low is above high, or one is not finite
 */
export function clip(x: Tensor, low: number, high: number): Tensor {
  if (low > high) throw new ArgumentError(`clip: low ${low} is above high ${high}; swap them`);
  return call(ops.clip, [x], { low, high });
}
export const add = binary(ops.add);
export const subtract = binary(ops.subtract);
export const multiply = binary(ops.multiply);
/** ±Infinity where only b is 0, NaN for 0 / 0. */
export const divide = binary(ops.divide);
/**
 * a^b, as IEEE 754 defines pow: a negative base with an exponent that is not whole gives NaN, 0 to a negative exponent
 * Infinity, anything to the exponent 0 gives 1. The gradient along b is 0 where a ≤ 0 (TensorFlow), but −Infinity for
 * 0 to a negative exponent.
 */
export const power = binary(ops.power);
/** The larger; NaN where one is. At ties the gradient goes to a. */
export const maximum = binary(ops.maximum);
/** The smaller; NaN where one is. At ties the gradient goes to a. */
export const minimum = binary(ops.minimum);
/**
 * Comparisons give 1 where they hold and 0 where not. With a NaN none holds but notEqual (IEEE 754, NumPy). Derivative 0.
 */
export const equal = binary(ops.equal);
export const notEqual = binary(ops.notEqual);
export const less = binary(ops.less);
export const lessEqual = binary(ops.lessEqual);
export const greater = binary(ops.greater);
export const greaterEqual = binary(ops.greaterEqual);
/** a where the condition is not 0 (NaN is not), b elsewhere. The other one does not affect value and gradient, even if it is NaN. */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor =>
  call(ops.where, [condition, toTensor(a), toTensor(b)]);
/** y, but NaN where x is NaN. */
export const keepNan = (x: Tensor, y: Tensor): Tensor => call(ops.keepNan, [x, y]);
/**
 * Binary cross-entropy of logits against targets in [0, 1], per element. Finite for finite logits; of ±Infinity it is 0 for the
 * target on its side, else Infinity.
 */
export const bceWithLogits = binary(ops.bceWithLogits);
/** Binary cross-entropy of probabilities, p and 1 - p clipped to [1e-7, 1], against targets in [0, 1], per element. */
export const binaryCrossentropy = binary(ops.binaryCrossentropy);
/** log((e^x + e^−x) / 2): x²/2 near 0, |x| − log 2 far away. */
export const logCosh = unary(ops.logCosh);
/** x²/2 for |x| ≤ delta, delta (|x| − delta/2) beyond. */
export function huber(x: Tensor, delta = 1): Tensor {
  if (!(delta > 0)) throw new ArgumentError(`huber: delta is ${delta}; it must be a number above 0`);
  return call(ops.huber, [x], { delta });
}
