// RAdam: Adam, with steps of momentum at the start, while the mean square rests on too few gradients
//
//   m <- β1 m + (1 - β1) g                     moving mean of the gradient
//   v <- β2 v + (1 - β2) g²                    moving mean of its square
//   ρ = ρ∞ - 2 t β2^t / (1 - β2^t)             gradients in the moving mean; ρ∞ = 2 / (1 - β2) - 1;  t = 1, 2, …
//   r = √((ρ - 4) (ρ - 2) ρ∞ / ((ρ∞ - 4) (ρ∞ - 2) ρ))
//   w <- w - η m / (1 - β1^t) · r √(1 - β2^t) / (√v + ε)    if ρ > 5, else   w <- w - η m / (1 - β1^t)
//
//   (Liu et al. 2020, "On the variance of the adaptive learning rate and beyond", algorithm 2; ε as in PyTorch)
//
// With y = -t ln β2 and x / (e^x - 1) = 1 - x/2 + x²/12 - x⁴/720 + …
//
//   ρ = ρ∞ - 2 t / (e^y - 1) = (ρ∞ + 2 / ln β2) + t (1 - y/6 + y³/360 - y⁵/15120 + …)
//
// For small y this does not cancel as the definition does. The first parenthesis is a constant, RHO_OFFSET.
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   mean, mean_square       m and v, from 0
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//   faults                  u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any (shared/optimizer.wgsl)
//
// One invocation updates four parameters. About 16 FLOPs and 28 bytes per parameter: memory-bound.
//
// Reference: test/reference/optimizers.ts.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const ONE_MINUS_BETA_1: f32 = 0.1; // 1 - β1, computed in float64, rounded once
const ONE_MINUS_BETA_2: f32 = 0.001;
const LOG_BETA_1: f32 = -0.105360515658; // ln β1
const LOG_BETA_2: f32 = -0.00100050033358;
const RHO_INFINITY: f32 = 1999.0; // ρ∞
const RHO_OFFSET: f32 = 0.00016675; // ρ∞ + 2 / ln β2
const EPSILON: f32 = 1e-8; // ε
const STEPS: u32 = 1u; // steps whose gradients are summed for one update
const TRIAL: bool = false; // only looks for faults: writes nothing else
const OFFSET: u32 = 0u; // place of its first fault
const PLACE: u32 = 0u; // number of its first vec4f among those of all optimizers
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> mean: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> mean_square: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> averages: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> faults: array<u32>;

// The simplest bodies. For schedules, penalties, clipping, weight decay and averages they are replaced by calls of
// functions in shared/optimizer.wgsl and shared/schedules.wgsl.
fn learning_rate() -> f32 { return hyper[0]; }
fn gradient(i: u32) -> vec4f { return gradients[i]; }
fn updated(i: u32, change: vec4f, rate: f32) -> vec4f { return parameters[i] + change; }
fn store(i: u32, w: vec4f) { parameters[i] = w; }

// Steps before this one. verdict.wgsl increments the count between the trial and the update.
fn steps_done() -> u32 {
  if (TRIAL) { return state[0]; }
  return state[0] - 1u;
}

// STEPS steps make one update, in the last of them.
fn updates_done() -> u32 { return steps_done() / STEPS; }
fn due() -> bool { return STEPS == 1u || steps_done() % STEPS == STEPS - 1u; }

// ρ, given 1 - β2^t.
fn length_of_mean(t: f32, one_minus: f32) -> f32 {
  let y = -LOG_BETA_2 * t;
  let series = RHO_OFFSET + t * (1.0 - y * (0.16666667 - y * y * (0.0027777778 - y * y * 0.000066137566)));
  return select(RHO_INFINITY - 2.0 * t * (1.0 - one_minus) / one_minus, series, y < 0.5);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  if (!TRIAL && (state[7] != 0u || !due())) {
    return;
  }
  let rate = learning_rate();
  let t = f32(updates_done()) + 1.0;
  let one_minus = one_minus_power(LOG_BETA_2, t);
  let rho = length_of_mean(t, one_minus);
  let share = (rho - 4.0) / (RHO_INFINITY - 4.0) * ((rho - 2.0) / (RHO_INFINITY - 2.0)) * (RHO_INFINITY / rho);
  let corrected = rate / one_minus_power(LOG_BETA_1, t);
  let g = gradient(i);
  var m = mean[i];
  var v = mean_square[i];
  m += ONE_MINUS_BETA_1 * (g - m);
  v += ONE_MINUS_BETA_2 * (g * g - v);
  var change = -corrected * m;
  if (rho > 5.0) {
    change *= sqrt(share * one_minus) / (sqrt(v) + EPSILON);
  }
  let w = updated(i, change, rate);
  if (TRIAL) {
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && (not_finite(w) || not_finite(m) || not_finite(v)));
    return;
  }
  mean[i] = m;
  mean_square[i] = v;
  store(i, w);
}
