// Elementwise arithmetic: one function for each op of the elementwise table (src/ops/elementwise/elementwise.ts)
//
// Written over `Value`, which the calling kernel declares as f32 or vec4f, so one source serves scalar and vector
// kernels. Truth values are the numbers 0 and 1. WGSL's builtins (abs, exp, sqrt, …) are called by their own names and
// have no function here, unless the builtin may lose a NaN (max, sign, …).
//
// Library: no bindings, no entry point. Reference: test/reference/elementwise.ts.

fn add(a: Value, b: Value) -> Value { return a + b; }
fn subtract(a: Value, b: Value) -> Value { return a - b; }
fn multiply(a: Value, b: Value) -> Value { return a * b; }
fn divide(a: Value, b: Value) -> Value { return a / b; }
fn negate(x: Value) -> Value { return -x; }
fn square(x: Value) -> Value { return x * x; }
fn reciprocal(x: Value) -> Value { return Value(1.0) / x; }
fn scale(x: Value, factor: f32) -> Value { return x * Value(factor); }
fn shift(x: Value, offset: f32) -> Value { return x + Value(offset); }
fn signum(x: Value) -> Value { return keep_nan(x, sign(x)); }
fn larger(a: Value, b: Value) -> Value { return keep_nans(a, b, max(a, b)); }
fn smaller(a: Value, b: Value) -> Value { return keep_nans(a, b, min(a, b)); }
// For the gradients of `larger` and `smaller`: dy where a >= b, or where a > b, else 0; NaN where one of them is NaN.
fn at_least_gradient(a: Value, b: Value, dy: Value) -> Value {
  return keep_nan(dy, keep_nans(a, b, select(Value(0.0), dy, a >= b)));
}
fn above_gradient(a: Value, b: Value, dy: Value) -> Value {
  return keep_nan(dy, keep_nans(a, b, select(Value(0.0), dy, a > b)));
}
fn clip(x: Value, low: f32, high: f32) -> Value { return keep_nan(x, clamp(x, Value(low), Value(high))); }
// d clip / dx is 1 strictly inside the interval and on its borders, 0 outside.
fn clip_gradient(x: Value, dy: Value, low: f32, high: f32) -> Value {
  return keep_nans(x, dy, select(Value(0.0), dy, (x >= Value(low)) & (x <= Value(high))));
}

// a^b as IEEE 754 defines pow, for any sign of a: |a|^b, negated where a is negative and b is odd.
//   0^b = 0 for b > 0, Infinity for b < 0      a^b = NaN for a < 0 (and finite) unless b is an integer
//   a^0 = 1 and 1^b = 1, even for NaN          (-1)^±Infinity = 1
fn power(a: Value, b: Value) -> Value {
  let infinity = Value(float_of(INFINITY_BITS));
  let zero = a == Value(0.0);
  let of_zero = select(infinity, Value(0.0), b > Value(0.0));
  let general = pow(select(abs(a), Value(1.0), zero), b);
  let of_one = (abs(a) == Value(1.0)) & (abs(b) == infinity);
  let magnitude = select(select(general, of_zero, zero), Value(1.0), of_one);
  let odd = abs(b - Value(2.0) * floor(b * Value(0.5))) == Value(1.0);
  let minus = bitcast<Bits>(a) >= Bits(0x80000000u);
  let invalid = (a < Value(0.0)) & (a > -infinity) & (floor(b) != b);
  let signed = select(select(magnitude, -magnitude, minus & odd), Value(float_of(NAN_BITS)), invalid);
  return select(keep_nans(a, b, signed), Value(1.0), (b == Value(0.0)) | (a == Value(1.0)));
}

// log(1 + x), accurate also for small x, where 1 + x rounds most of x away. Below 1/4 it is the series
// log(1 + x) = 2 artanh(s) = 2 (s + s³/3 + s⁵/5 + …) with s = x / (2 + x), |s| ≤ 1/7. Four terms have a relative error
// of 2e-8.
fn log1p(x: Value) -> Value {
  let s = x / (Value(2.0) + x);
  let q = s * s;
  let series = Value(2.0) * s * (Value(1.0) + q * (Value(0.33333333) + q * (Value(0.2) + q * Value(0.14285714))));
  return select(log(Value(1.0) + x), series, abs(x) < Value(0.25));
}

// exp(x) - 1, accurate also for small x: below 0.05 five terms of the series.
fn expm1(x: Value) -> Value {
  let series = x * (Value(1.0) + x * (Value(0.5) + x * (Value(0.16666667) + x * (Value(0.041666668) + x * Value(0.008333334)))));
  return select(exp(x) - Value(1.0), series, abs(x) < Value(0.05));
}

// NaN is unequal to everything, and neither less nor greater (IEEE 754).
fn equal(a: Value, b: Value) -> Value { return unless_nan(a, b, select(Value(0.0), Value(1.0), a == b), 0.0); }
fn not_equal(a: Value, b: Value) -> Value { return unless_nan(a, b, select(Value(0.0), Value(1.0), a != b), 1.0); }
fn less(a: Value, b: Value) -> Value { return unless_nan(a, b, select(Value(0.0), Value(1.0), a < b), 0.0); }
fn less_equal(a: Value, b: Value) -> Value { return unless_nan(a, b, select(Value(0.0), Value(1.0), a <= b), 0.0); }
fn greater(a: Value, b: Value) -> Value { return less(b, a); }
fn greater_equal(a: Value, b: Value) -> Value { return less_equal(b, a); }
// condition ? a : b. A NaN condition is not 0, so it selects a.
fn choose(condition: Value, a: Value, b: Value) -> Value { return select(b, a, condition != Value(0.0)); }

// Binary cross-entropy of a probability p: -t log p - (1 - t) log(1 - p). p and 1 - p are raised to at least 1e-7, so
// that it is at most 16.1. d/dp = (1 - t) / (1 - p) - t / p where p and 1 - p are at least 1e-7, else 0.
const SMALLEST_PROBABILITY: f32 = 1e-7;
fn binary_crossentropy(p: Value, target_value: Value) -> Value {
  let yes = log(clip(p, SMALLEST_PROBABILITY, 1.0));
  let no = log(clip(Value(1.0) - p, SMALLEST_PROBABILITY, 1.0));
  return -target_value * yes - (Value(1.0) - target_value) * no;
}
fn binary_crossentropy_gradient(p: Value, target_value: Value, dy: Value) -> Value {
  let q = Value(1.0) - p;
  let yes = target_value / clip(p, SMALLEST_PROBABILITY, 1.0);
  let no = (Value(1.0) - target_value) / clip(q, SMALLEST_PROBABILITY, 1.0);
  let slope = clip_gradient(p, no - yes, SMALLEST_PROBABILITY, 1.0);
  return dy * clip_gradient(q, slope, SMALLEST_PROBABILITY, 1.0);
}

// log cosh x = |x| + log(1 + e^-2|x|) - log 2. Below 1/4 this would cancel, so the series x²/2 - x⁴/12 + x⁶/45 -
// 17x⁸/2520 is used, with a relative error of 7e-8.
fn log_cosh(x: Value) -> Value {
  let a = abs(x);
  let q = x * x;
  let series = q * (Value(0.5) + q * (Value(-0.083333336) + q * (Value(0.022222223) + q * Value(-0.0067460317))));
  return select(a + log1p(exp(Value(-2.0) * a)) - Value(0.6931471806), series, a < Value(0.25));
}

// Huber (1964): x²/2 for |x| <= delta, delta (|x| - delta/2) beyond; with a = min(|x|, delta) both are a (|x| - a/2).
fn huber(x: Value, delta: f32) -> Value {
  let a = min(abs(x), Value(delta));
  return a * (abs(x) - Value(0.5) * a);
}
