// Functions that several optimizers share, of which the bodies of `gradient` and `updated` are composed. Library: no
// bindings, no entry point. They are applied in this order, as in Keras:
//
//   g <- ∂loss/∂w + λ1 sign(w) + 2 λ2 w        penalized: the gradient of loss + λ1 Σ|w| + λ2 Σ w²
//   g <- clipped(g)                            by value, or by the norm of all gradients
//   w <- w + change(g) - η λ w                 decayed: "decoupled" from the optimizer's rule
//   a <- d a + (1 - d) w                       moving_average
//
// Reference: test/reference/optimizers.ts.

// A step that would make anything NaN or infinite is not made. So each optimizer's kernel runs twice: first as a trial,
// which writes only the fault of each vec4f, if it has one; then, if verdict.wgsl found no fault, as the update itself.
const NO_FAULT: u32 = 0xFFFFFFFFu;

// Looks at the bits (exponent all ones), because a compiler may assume that no float is NaN or infinite.
fn not_finite(v: vec4f) -> bool {
  return any((bitcast<vec4u>(v) & vec4u(0x7F800000u)) == vec4u(0x7F800000u));
}

// Two bits for the kind (0 a weight, 1 a gradient, 2 a value that the update would write) above the place. The least
// fault is the one to report: a NaN weight makes gradients NaN, and a NaN gradient makes updates NaN.
fn fault(place: u32, w: vec4f, g: vec4f, overflow: bool) -> u32 {
  if (not_finite(w)) { return place; }
  if (not_finite(g)) { return (1u << 30u) | place; }
  return select(NO_FAULT, (2u << 30u) | place, overflow);
}

// 1 - b^t for 0 < b < 1, given ln b: the bias correction of moving averages that start at 0.
// 1 - pow(b, t) would lose three digits for b = 0.999 and small t. So for small y = t ln b the series
// -(e^y - 1) = -(y + y²/2! + … + y⁸/8!) is used, which is exact in f32 above y = -0.5.
fn one_minus_power(log_base: f32, t: f32) -> f32 {
  let y = t * log_base;
  let tail = 0.041666667 + y * (0.0083333333 + y * (0.0013888889 + y * (0.00019841270 + y * 0.000024801587)));
  let series = -y * (1.0 + y * (0.5 + y * (0.16666667 + y * tail)));
  return select(1.0 - exp(max(y, -80.0)), series, y > -0.5);
}

// L1 and L2 regularisation. The subgradient of |w| at 0 is 0, which also keeps padding 0.
fn penalized(g: vec4f, w: vec4f, l1: f32, l2: f32) -> vec4f {
  return g + l1 * sign(w) + 2.0 * l2 * w;
}

// Clips each component to [-limit, limit].
fn clipped_by_value(g: vec4f, limit: f32) -> vec4f {
  return clamp(g, vec4f(-limit), vec4f(limit));
}

// Scales all gradients down to the norm `limit` where theirs is larger (Pascanu, Mikolov & Bengio 2013): the direction
// g / norm, whose components are at most 1, times the limit. The norm is scaled (norm.wgsl), so that it is finite even
// where that of the gradients is not; 3e38 / max(scale, 1) keeps the scaled limit finite, too. The clamps change no
// value. They keep compilers from multiplying the factors first, whose product may underflow.
fn clipped_by_norm(g: vec4f, scaled_norm: f32, scale: f32, limit: f32) -> vec4f {
  let longer = scaled_norm > min(limit, 3e38 / max(scale, 1.0)) * scale;
  let scaled = clamp(g * scale, vec4f(-3e38), vec4f(3e38));
  let direction = clamp(scaled * (1.0 / scaled_norm), vec4f(-1.0), vec4f(1.0));
  return select(g, direction * limit, longer);
}

// Decoupled weight decay (Loshchilov & Hutter 2019): subtracts η λ w.
fn decayed(change: vec4f, w: vec4f, rate: f32, decay: f32) -> vec4f {
  return change - rate * decay * w;
}

// Exponential moving average of the weights. It starts with the weights after the first step (step = 0), as in Keras.
fn moving_average(average: vec4f, w: vec4f, one_minus_decay: f32, step: u32) -> vec4f {
  return average + select(one_minus_decay, 1.0, step == 0u) * (w - average);
}
