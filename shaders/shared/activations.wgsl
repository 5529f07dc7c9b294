// Activation functions and their derivatives, in pairs
//
// Written over `Value` (f32 or vec4f, declared by the calling kernel). A gradient takes dy = dL/dy and returns dL/dx,
// computed from the input x or the output y, whichever is cheaper. Arguments of exp are kept at or below 0 and those of
// tanh within ±9.02 (where f32 tanh is already ±1), because drivers may return NaN beyond.
//
// A NaN in x, y or dy gives NaN: `keep_nan` adds this where a formula would lose it. At ±Infinity a function has its
// limit. Where a product would be Infinity · 0, x is limited to ±FAR, beyond which e^-|x| is 0 in f32.
//
// Library: no bindings, no entry point. Reference: test/reference/elementwise.ts.
const FAR: f32 = 104.0;

fn relu(x: Value) -> Value { return keep_nan(x, max(x, Value(0.0))); }
fn relu_gradient(y: Value, dy: Value) -> Value { return keep_nans(y, dy, select(Value(0.0), dy, y > Value(0.0))); }

fn leaky_relu(x: Value, slope: f32) -> Value { return select(Value(slope) * x, x, x > Value(0.0)); }
fn leaky_relu_gradient(x: Value, dy: Value, slope: f32) -> Value {
  return keep_nan(x, select(Value(slope) * dy, dy, x > Value(0.0)));
}

// elu(x) = x for x > 0, alpha (e^x - 1) otherwise (Clevert et al. 2015); dy/dx = y + alpha below 0.
fn elu(x: Value, alpha: f32) -> Value {
  return keep_nan(x, select(Value(alpha) * expm1(min(x, Value(0.0))), x, x > Value(0.0)));
}
fn elu_gradient(y: Value, dy: Value, alpha: f32) -> Value {
  return keep_nan(y, select(dy * (y + Value(alpha)), dy, y > Value(0.0)));
}

// selu(x) = scale · elu(x, alpha) with the fixed point of Klambauer et al. 2017.
const SELU_SCALE: f32 = 1.05070098735548;
const SELU_ALPHA: f32 = 1.67326324235437;
fn selu(x: Value) -> Value { return Value(SELU_SCALE) * elu(x, SELU_ALPHA); }
fn selu_gradient(y: Value, dy: Value) -> Value {
  return keep_nan(y, select(dy * (y + Value(SELU_SCALE * SELU_ALPHA)), Value(SELU_SCALE) * dy, y > Value(0.0)));
}

// 1 / (1 + e^-x), with e^-|x| so that the exponential never overflows.
fn sigmoid(x: Value) -> Value {
  let e = exp(-abs(x));
  return select(e, Value(1.0), x >= Value(0.0)) / (Value(1.0) + e);
}
fn sigmoid_gradient(y: Value, dy: Value) -> Value { return dy * y * (Value(1.0) - y); }

// Exactly ±1 from 9.02 on. Drivers may return slightly less, and (1 - t²) times a large x would then be large.
fn tanh_safe(x: Value) -> Value {
  return keep_nan(x, select(tanh(clamp(x, Value(-9.02), Value(9.02))), sign(x), abs(x) >= Value(9.02)));
}
fn tanh_gradient(y: Value, dy: Value) -> Value { return dy * (Value(1.0) - y * y); }

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
fn softplus(x: Value) -> Value { return max(x, Value(0.0)) + log1p(exp(-abs(x))); }
fn softplus_gradient(x: Value, dy: Value) -> Value { return dy * sigmoid(x); }

// For large |x| the sum 1 + |x| rounds to |x|, and the quotient is ±1.
fn softsign(x: Value) -> Value {
  let a = abs(x);
  return keep_nan(x, select(x / (Value(1.0) + a), sign(x), a > Value(1e9)));
}
fn softsign_gradient(x: Value, dy: Value) -> Value {
  let d = Value(1.0) + abs(x);
  return dy / (d * d);
}

// silu(x) = x sigmoid(x) (Elfwing et al. 2017); dy/dx = s (1 + x (1 - s))
fn silu(x: Value) -> Value { return max(x, Value(-FAR)) * sigmoid(x); }
fn silu_gradient(x: Value, dy: Value) -> Value {
  let s = sigmoid(x);
  return dy * s * (Value(1.0) + clamp(x, Value(-FAR), Value(FAR)) * (Value(1.0) - s));
}

// mish(x) = x tanh(softplus(x)) (Misra 2019); with t = tanh(softplus(x)), dy/dx = t + x (1 - t²) sigmoid(x)
fn mish(x: Value) -> Value { return max(x, Value(-FAR)) * tanh_safe(softplus(x)); }
fn mish_gradient(x: Value, dy: Value) -> Value {
  let t = tanh_safe(softplus(x));
  return dy * (t + clamp(x, Value(-FAR), Value(FAR)) * (Value(1.0) - t * t) * sigmoid(x));
}

// gelu_tanh(x) = x/2 (1 + tanh(u)), u = √(2/π) (x + 0.044715 x³): the tanh form of Hendrycks & Gimpel 2016.
const GELU_C: f32 = 0.7978845608;
fn gelu_tanh(x: Value) -> Value {
  let u = Value(GELU_C) * (x + Value(0.044715) * x * x * x);
  return Value(0.5) * max(x, Value(-FAR)) * (Value(1.0) + tanh_safe(u));
}
fn gelu_tanh_gradient(x: Value, dy: Value) -> Value {
  let t = tanh_safe(Value(GELU_C) * (x + Value(0.044715) * x * x * x));
  let near = clamp(x, Value(-FAR), Value(FAR));
  let slope = Value(GELU_C) * (Value(1.0) + Value(0.134145) * near * near);
  return dy * Value(0.5) * (Value(1.0) + t + near * (Value(1.0) - t * t) * slope);
}

// Φ(x) = (1 + erf(x / √2)) / 2, the probability that a standard normal variable is below x. With a = |x| and
// u = 1 / (1 + 0.305 a) the tail is Φ(-a) = e^(-a²/2) (c1 u + … + c8 u⁸), with an error of at most 1e-7 of the tail.
fn normal_cdf(x: Value) -> Value {
  let a = min(abs(x), Value(FAR));
  let u = Value(1.0) / (Value(1.0) + Value(0.305) * a);
  let high = Value(-0.0379771739) + u * (Value(0.18571727) + u * (Value(-0.152988508) + u * Value(0.0366992354)));
  let low = Value(0.121639729) + u * (Value(0.122466825) + u * (Value(0.103420809) + u * Value(0.121021867)));
  let tail = exp(Value(-0.5) * a * a) * u * (low + u * u * u * u * high);
  return keep_nan(x, select(tail, Value(1.0) - tail, x >= Value(0.0)));
}

// gelu(x) = x Φ(x) (Hendrycks & Gimpel 2016); dy/dx = Φ(x) + x e^(-x²/2) / √(2π)
fn gelu(x: Value) -> Value { return max(x, Value(-FAR)) * normal_cdf(x); }
fn gelu_gradient(x: Value, dy: Value) -> Value {
  let near = clamp(x, Value(-FAR), Value(FAR));
  return dy * (normal_cdf(x) + near * exp(Value(-0.5) * near * near) * Value(0.3989422804));
}

// squareplus(x) = (x + r) / 2 with r = √(x² + b) (Barron 2021). Below 0 this would cancel, so b/2 / (r - x) is used.
// dy/dx = y / r. Beyond ±1e15 it equals relu.
fn squareplus(x: Value, b: f32) -> Value {
  let r = sqrt(x * x + Value(b));
  let near = select(Value(0.5) * (r + x), Value(0.5 * b) / (r - x), x < Value(0.0));
  return keep_nan(x, select(near, max(x, Value(0.0)), abs(x) > Value(1e15)));
}
fn squareplus_gradient(x: Value, dy: Value, b: f32) -> Value {
  let slope = squareplus(x, b) / sqrt(x * x + Value(b));
  let far = select(Value(0.0), Value(1.0), x > Value(0.0));
  return dy * keep_nan(x, select(slope, far, abs(x) > Value(1e15)));
}

// hard_sigmoid(x) = relu6(x + 3) / 6 (Keras 3)
fn hard_sigmoid(x: Value) -> Value { return keep_nan(x, clamp(x / Value(6.0) + Value(0.5), Value(0.0), Value(1.0))); }
fn hard_sigmoid_gradient(x: Value, dy: Value) -> Value {
  return keep_nans(x, dy, select(Value(0.0), dy / Value(6.0), abs(x) < Value(3.0)));
}

// Binary cross-entropy of logits: -[t log s(x) + (1-t) log(1 - s(x))] = max(x, 0) - x t + log(1 + e^-|x|)
// = |x| · miss + log(1 + e^-|x|), where miss = 1 - t for x >= 0, t for x < 0. Where miss = 0 the first part is 0,
// also for x = ±Infinity. d/dx = s(x) - t, d/dt = -x.
fn bce_with_logits(x: Value, target_value: Value) -> Value {
  let miss = select(target_value, Value(1.0) - target_value, x >= Value(0.0));
  return select(abs(x) * miss, Value(0.0), miss == Value(0.0)) + log1p(exp(-abs(x)));
}
fn bce_with_logits_gradient(x: Value, target_value: Value, dy: Value) -> Value { return dy * (sigmoid(x) - target_value); }
