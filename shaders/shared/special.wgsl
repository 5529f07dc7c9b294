// Trigonometric and hyperbolic functions, their inverses, and the error function
//
// Written over `Value` (f32 or vec4f, declared by the calling kernel). WGSL has builtins for most of them, of which it
// demands little (asin and acos may be off by 7e-5); these are right to about 1e-6. Outside of its domain a function is NaN.
// The polynomials of the inverse functions are those of Moshier's Cephes (1989), least-squares fits in f32.
//
// Library: no bindings, no entry point. Reference: test/reference/special.ts.
const HALF_PI: f32 = 1.5707963268;
const LOG_2: f32 = 0.6931471806;

fn nan_if(x: Value, out: Bits) -> Value { return bitcast<Value>(select(bitcast<Bits>(x), Bits(0x7fc00000u), out != Bits(0u))); }
// y ≥ 0 with the sign of x.
fn with_sign(x: Value, y: Value) -> Value {
  return bitcast<Value>((bitcast<Bits>(x) & Bits(0x80000000u)) | (bitcast<Bits>(y) & Bits(0x7fffffffu)));
}

// atan t for t in [0, 1]: above tan(π/8) it is π/4 + atan((t - 1) / (t + 1)).
fn atan_unit(t: Value) -> Value {
  let upper = t > Value(0.4142135624);
  let s = select(t, (t - Value(1.0)) / (t + Value(1.0)), upper);
  let q = s * s;
  let tail = ((Value(0.0805374450) * q - Value(0.1387768560)) * q + Value(0.1997771065)) * q - Value(0.3333294915);
  return select(Value(0.0), Value(0.5 * HALF_PI), upper) + (s + tail * q * s);
}
// atan x = π/2 - atan(1/x) for x > 1.
fn arctangent(x: Value) -> Value {
  let a = abs(x);
  let far = a > Value(1.0);
  let near = atan_unit(select(a, Value(1.0) / a, far));
  return keep_nan(x, with_sign(x, select(near, Value(HALF_PI) - near, far)));
}
// The angle of the point (x, y), in [-π, π]. Both infinite: on a diagonal. Both 0: 0, or ±π for x = -0 (IEEE 754).
fn arctangent_2(y: Value, x: Value) -> Value {
  let a = abs(y);
  let b = abs(x);
  let even = a == b; // 0 / 0 and Infinity / Infinity, too
  let ratio = select(min(a, b) / max(a, b), select(Value(1.0), Value(0.0), a == Value(0.0)), even);
  let angle = atan_unit(ratio);
  let first = select(angle, Value(HALF_PI) - angle, a > b);
  let behind = bitcast<Bits>(x) >= Bits(0x80000000u);
  return keep_nans(x, y, with_sign(y, select(first, Value(2.0 * HALF_PI) - first, behind)));
}

// asin s for s = √z in [0, 1/2].
fn asin_half(s: Value, z: Value) -> Value {
  let high = (Value(0.0421631990) * z + Value(0.0241813110)) * z + Value(0.0454700260);
  return s + s * z * ((high * z + Value(0.0749530027)) * z + Value(0.1666675242));
}
// For |x| > 1/2, asin |x| = π/2 - 2 asin √((1 - |x|) / 2), which has no cancellation near 1.
fn arcsine(x: Value) -> Value {
  let a = abs(x);
  let far = a > Value(0.5);
  let z = select(a * a, Value(0.5) * (Value(1.0) - a), far);
  let s = asin_half(select(a, sqrt(max(z, Value(0.0))), far), z);
  let y = with_sign(x, select(s, Value(HALF_PI) - Value(2.0) * s, far));
  return keep_nan(x, nan_if(y, select(Bits(0u), Bits(1u), a > Value(1.0))));
}
fn arccosine(x: Value) -> Value {
  let a = abs(x);
  let z = max(Value(0.5) * (Value(1.0) - a), Value(0.0));
  let s = Value(2.0) * asin_half(sqrt(z), z);
  let far = select(s, Value(2.0 * HALF_PI) - s, x < Value(0.0));
  let y = select(Value(HALF_PI) - arcsine(clamp(x, Value(-0.5), Value(0.5))), far, a > Value(0.5));
  return keep_nan(x, nan_if(y, select(Bits(0u), Bits(1u), a > Value(1.0))));
}

// (e^x - e^-x) / 2, below 1 by its series; e^(a - log 2) is finite wherever sinh is.
fn hyperbolic_sine(x: Value) -> Value {
  let a = abs(x);
  let q = x * x;
  let high = Value(0.0083333333) + q * (Value(0.00019841270) + q * Value(0.0000027557319));
  let near = x + x * q * (Value(0.1666666667) + q * high);
  let far = with_sign(x, exp(a - Value(LOG_2)) - exp(-a - Value(LOG_2)));
  return keep_nan(x, select(far, near, a < Value(1.0)));
}
fn hyperbolic_cosine(x: Value) -> Value {
  let a = abs(x);
  return keep_nan(x, exp(a - Value(LOG_2)) + exp(-a - Value(LOG_2)));
}
// log(a + √(a² + 1)), where log 1p keeps the digits of a small a; beyond 1e9 the square may overflow, and is a².
fn area_sine(x: Value) -> Value {
  let a = abs(x);
  let b = min(a, Value(1e9));
  let near = log1p(b + b * b / (Value(1.0) + sqrt(b * b + Value(1.0))));
  return keep_nan(x, with_sign(x, select(near, log(a) + Value(LOG_2), a > Value(1e9))));
}
// log(x + √(x² - 1)) with t = x - 1; NaN below 1.
fn area_cosine(x: Value) -> Value {
  let t = clamp(x - Value(1.0), Value(0.0), Value(1e9));
  let near = log1p(t + sqrt(t * (t + Value(2.0))));
  let y = select(near, log(max(x, Value(1.0))) + Value(LOG_2), x > Value(1e9));
  return keep_nan(x, nan_if(y, select(Bits(0u), Bits(1u), x < Value(1.0))));
}
// log((1 + x) / (1 - x)) / 2; ±Infinity at ±1, NaN beyond.
fn area_tangent(x: Value) -> Value {
  let a = abs(x);
  let near = Value(0.5) * log1p(Value(2.0) * a / (Value(1.0) - min(a, Value(0.99999994))));
  let y = select(near, Value(float_of(INFINITY_BITS)), a == Value(1.0));
  return keep_nan(x, nan_if(with_sign(x, y), select(Bits(0u), Bits(1u), a > Value(1.0))));
}

// erf x = 2/√π ∫₀ˣ e^-t² dt. Below 1/2 by its series, beyond from Φ (see normal_cdf), as erf x = 2 Φ(√2 x) - 1.
fn error_function(x: Value) -> Value {
  let q = x * x;
  let high = Value(-0.0238095238) + q * (Value(0.0046296296) - q * Value(0.00075757576));
  let near = Value(1.1283791671) * x * (Value(1.0) - q * (Value(0.3333333333) - q * (Value(0.1) + q * high)));
  let far = Value(1.0) - Value(2.0) * normal_cdf(Value(-1.4142135624) * min(abs(x), Value(10.0)));
  return keep_nan(x, select(with_sign(x, far), near, abs(x) < Value(0.5)));
}
