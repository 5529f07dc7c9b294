// Learning-rate schedules: the learning rate, or a factor of it, at a step 0, 1, 2, … Library: no bindings, no entry
// point. Reference: src/nn/schedules/, in float64, with the sources of the formulas.
//
// A schedule is an expression of these functions with numbers as literals:
//   warm_up(step, 100.0, 0.0, cosine_decay(after(step, 100u), 900.0, 0.01))

// Steps since `start`, 0 before it.
fn after(step: u32, start: u32) -> u32 {
  return step - min(step, start);
}

// (1 + cos πx) / 2, which falls from 1 at x = 0 to 0 at x = 1. Here cos πx = -sin π(x - ½) comes from a Taylor series up
// to the eleventh power: its error is 6e-8, while WGSL allows its own cosine an error of 5e-4.
fn cosine_fall(x: f32) -> f32 {
  let y = 3.14159265 * (clamp(x, 0.0, 1.0) - 0.5);
  let s = y * y;
  let tail = 0.0083333333 + s * (-0.00019841270 + s * (2.7557319e-6 - s * 2.5052108e-8));
  return 0.5 - 0.5 * y * (1.0 + s * (-0.16666667 + s * tail));
}

// Linear from `first` at step 0 to 1 at `steps`, then `rest`.
fn warm_up(step: u32, steps: f32, first: f32, rest: f32) -> f32 {
  let done = f32(step) / steps;
  return select(rest, first + (1.0 - first) * done, f32(step) < steps);
}

// Linear from `first` at step 0 to `peak` at `steps`, then `rest`.
fn linear_start(step: u32, steps: f32, first: f32, peak: f32, rest: f32) -> f32 {
  return select(rest, first + (peak - first) * (f32(step) / steps), f32(step) < steps);
}

// `earlier` up to step `boundary`, `value` after it.
fn piece(step: u32, boundary: u32, earlier: f32, value: f32) -> f32 {
  return select(earlier, value, step > boundary);
}

// r^(step / steps), given ln r.
fn exponential_decay(step: u32, steps: f32, log_rate: f32) -> f32 {
  return exp(clamp(f32(step) / steps * log_rate, -80.0, 80.0));
}

// The same with the exponent rounded down: one stair every `steps` steps.
fn staircase_decay(step: u32, steps: u32, log_rate: f32) -> f32 {
  return exp(clamp(f32(step / steps) * log_rate, -80.0, 80.0));
}

// 1 / (1 + rate x).
fn inverse_decay(x: f32, rate: f32) -> f32 {
  return 1.0 / (1.0 + rate * x);
}

// The smallest multiple of `steps` that is at least `step`, and not 0.
fn whole_multiple(step: u32, steps: u32) -> u32 {
  return steps * max(1u, (step + steps - 1u) / steps);
}

// last + (first - last) · left^power, where `left` is the part of the steps that remain. pow is not defined at 0 in WGSL
// and has an error of 1e-5, so the power 1 does not use it.
fn polynomial_decay(step: u32, steps: u32, power: f32, first: f32, last: f32) -> f32 {
  let left = f32(steps - min(step, steps)) / f32(steps);
  let curve = select(exp(max(power * log(max(left, 1e-30)), -80.0)), 0.0, left == 0.0 && power > 0.0);
  return last + (first - last) * select(curve, left, power == 1.0);
}

// Half a cosine wave from 1 to `last` in `steps` steps.
fn cosine_decay(step: u32, steps: f32, last: f32) -> f32 {
  return last + (1.0 - last) * cosine_fall(f32(step) / steps);
}

// A cosine decay that restarts every `steps` steps, with a height of e^(cycle · log_height) in each cycle.
fn cosine_decay_restarts(step: u32, steps: u32, log_height: f32, last: f32) -> f32 {
  let height = exp(max(f32(step / steps) * log_height, -80.0));
  return last + (1.0 - last) * height * cosine_fall(f32(step % steps) / f32(steps));
}

// `later` from step `start` on, until then `earlier`.
fn from_step(step: u32, start: u32, earlier: vec3f, later: vec3f) -> vec3f {
  return select(earlier, later, step >= start);
}

// One cosine decay of several, with its own start, length and height (x, y, z of `fall`).
fn cosine_fall_of(step: u32, fall: vec3f, last: f32) -> f32 {
  return last + (1.0 - last) * fall.z * cosine_fall((f32(step) - fall.x) / fall.y);
}

// Half a cosine wave up from `first` to 1 at step `peak`, then one down to `last` at step `end`.
fn one_cycle(step: u32, peak: f32, end: f32, first: f32, last: f32) -> f32 {
  let up = 1.0 - (1.0 - first) * cosine_fall(f32(step) / peak);
  let down = last + (1.0 - last) * cosine_fall((f32(step) - peak) / (end - peak));
  return select(down, up, f32(step) <= peak);
}
