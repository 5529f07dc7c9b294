import source from '../../../shaders/shared/special.wgsl?raw';
import { fill } from '../core/leaves.ts';
import { requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import * as ew from './elementwise.ts';
import { call, elementwiseOp } from './op.ts';
import type { Gradient, Literals } from './op.ts';

/** Their functions are in a file of their own, which only programs that call one of them have. */
const file = { name: 'shared/special', source };
/* @__NO_SIDE_EFFECTS__ */
const op = (name: string, fn: string, gradient: Gradient, arity = 1) =>
  elementwiseOp(name, fn, arity, gradient, file);

const TWO_BY_ROOT_PI = 2 / Math.sqrt(Math.PI);
const onePlusSquare = (x: Tensor) => ew.shift(ew.square(x), 1);
/** 1 / √((1 − x)(1 + x)): NaN where |x| > 1. */
const cosineOf = (x: Tensor) => ew.rsqrt(ew.multiply(ew.subtract(1, x), ew.shift(x, 1)));

/** Elementwise ops that are not in the table: their WGSL functions and, above each gradient, the math. */
export const specialOps = {
  // d tan x = (1 + tan² x) dx
  tan: elementwiseOp('tan', 'tan', 1, (_i, y, dy) => [ew.multiply(dy, onePlusSquare(y))]),
  // d asin x = dx / √(1 − x²)
  asin: op('asin', 'arcsine', ([x], _y, dy) => [ew.multiply(dy, cosineOf(x))]),
  // d acos x = −dx / √(1 − x²)
  acos: op('acos', 'arccosine', ([x], _y, dy) => [ew.negate(ew.multiply(dy, cosineOf(x)))]),
  // d atan x = dx / (1 + x²)
  atan: op('atan', 'arctangent', ([x], _y, dy) => [ew.divide(dy, onePlusSquare(x))]),
  // d atan2(y, x) = (x dy − y dx) / (x² + y²)
  atan2: op(
    'atan2',
    'arctangent_2',
    ([y, x], _r, dr) => {
      const share = ew.divide(dr, ew.add(ew.square(x), ew.square(y)));
      return [ew.multiply(share, x), ew.negate(ew.multiply(share, y))];
    },
    2,
  ),
  // d sinh x = cosh x dx
  sinh: op('sinh', 'hyperbolic_sine', ([x], _y, dy) => [ew.multiply(dy, cosh(x))]),
  // d cosh x = sinh x dx
  cosh: op('cosh', 'hyperbolic_cosine', ([x], _y, dy) => [ew.multiply(dy, sinh(x))]),
  // d asinh x = dx / √(x² + 1)
  asinh: op('asinh', 'area_sine', ([x], _y, dy) => [ew.multiply(dy, ew.rsqrt(onePlusSquare(x)))]),
  // d acosh x = dx / (√(x − 1) √(x + 1)), NaN below 1
  acosh: op('acosh', 'area_cosine', ([x], _y, dy) => [
    ew.multiply(dy, ew.multiply(ew.rsqrt(ew.shift(x, -1)), ew.rsqrt(ew.shift(x, 1)))),
  ]),
  // d atanh x = dx / (1 − x²), NaN where atanh is
  atanh: op('atanh', 'area_tangent', ([x], y, dy) => [
    ew.keepNan(y, ew.divide(dy, ew.multiply(ew.subtract(1, x), ew.shift(x, 1)))),
  ]),
  // d erf x = 2/√π e^(−x²) dx
  erf: op('erf', 'error_function', ([x], _y, dy) => [
    ew.multiply(dy, ew.scale(ew.exp(ew.negate(ew.square(x))), TWO_BY_ROOT_PI)),
  ]),
};

/* @__NO_SIDE_EFFECTS__ */
const unary = (of: Op<Literals>) => (x: Tensor) => call(of, [x]);
const asTensor = (value: ew.Operand): Tensor => (typeof value === 'number' ? fill([], value) : value);

/** sin x / cos x. NaN at ±Infinity; for large angles as good as the adapter's own. */
export const tan = unary(specialOps.tan);
/** In [−π/2, π/2]; NaN where |x| > 1. The slope is infinite at ±1. */
export const asin = unary(specialOps.asin);
/** In [0, π]; NaN where |x| > 1. The slope is infinite at ±1. */
export const acos = unary(specialOps.acos);
/** In [−π/2, π/2], its values at ±Infinity. */
export const atan = unary(specialOps.atan);
/** The angle of the point (x, y), in [−π, π]: NumPy's arctan2, also where x or y are 0 or infinite. */
export const atan2 = (y: ew.Operand, x: ew.Operand): Tensor =>
  call(specialOps.atan2, [asTensor(y), asTensor(x)]);
/** (e^x − e^−x) / 2: ±Infinity beyond ±89.4. */
export const sinh = unary(specialOps.sinh);
/** (e^x + e^−x) / 2: Infinity beyond ±89.4. */
export const cosh = unary(specialOps.cosh);
/** log(x + √(x² + 1)). */
export const asinh = unary(specialOps.asinh);
/** log(x + √(x² − 1)) ≥ 0; NaN below 1. */
export const acosh = unary(specialOps.acosh);
/** log((1 + x) / (1 − x)) / 2: ±Infinity at ±1, NaN beyond. */
export const atanh = unary(specialOps.atanh);
/** 2/√π ∫₀ˣ e^(−t²) dt, in [−1, 1], within 1e-6. `gelu(x)` is x (1 + erf(x / √2)) / 2. */
export const erf = unary(specialOps.erf);
/** Whether x is NaN: 1 or 0. Derivative 0. */
export function isNan(x: Tensor): Tensor {
  requireTensor('isNan', x);
  return ew.notEqual(x, x);
}
/** Whether x is neither NaN nor ±Infinity: 1 or 0. Derivative 0. */
export function isFinite(x: Tensor): Tensor {
  requireTensor('isFinite', x);
  return ew.less(ew.abs(x), Infinity);
}

type Truth = (a: ew.Operand, b: ew.Operand) => Tensor;
/** Of the truth of two operands, 0 or 1. */
/* @__NO_SIDE_EFFECTS__ */
const logical =
  (name: string, f: Truth): Truth =>
  (...operands) => {
    const [a, b] = operands.map((operand, i) => {
      if (typeof operand !== 'number') requireTensor(name, operand, `input ${i + 1}`);
      return ew.notEqual(operand, 0);
    });
    return f(a, b);
  };
/** Whether both are true: 1 or 0. What is not 0 is true, NaN too (NumPy). Derivative 0, as of the others. */
export const logicalAnd = logical('logicalAnd', ew.multiply);
export const logicalOr = logical('logicalOr', ew.maximum);
export const logicalXor = logical('logicalXor', ew.notEqual);
export function logicalNot(x: Tensor): Tensor {
  requireTensor('logicalNot', x);
  return ew.equal(x, 0);
}
