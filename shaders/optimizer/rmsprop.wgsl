// RMSprop: each parameter's step divided by the root of a moving mean of its squared gradients
//
//   s <- ρ s + (1 - ρ) g²
//   w <- w - η g / √(s + ε)                    (Tieleman & Hinton 2012, lecture 6.5; ε as in Keras)
//   v <- μ v + η g / √(s + ε),  w <- w - v     if MOMENTUM is not 0
//
// If CENTERED, the moving variance is used in place of s (Graves 2013, section 4.2):
//   Var = s - m²  with  m <- ρ m + (1 - ρ) g.  It is computed as  Var <- ρ (Var + (1 - ρ) (g - m)²)  with the old m,
// which neither cancels nor becomes negative.
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   mean_square             s, from 0, unless CENTERED
//   variance, mean          Var and m, from 0, if CENTERED
//   velocity                v, from 0, if MOMENTUM is not 0
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//   faults                  u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any (shared/optimizer.wgsl)
//
// One invocation updates four parameters. About 9 FLOPs and 20 bytes per parameter, 15 and 36 with all options:
// memory-bound.
//
// Reference: test/reference/optimizers.ts. Read next: adam.wgsl.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const ONE_MINUS_RHO: f32 = 0.1; // 1 - ρ, computed in float64, rounded once
const EPSILON: f32 = 1e-7; // ε
const MOMENTUM: f32 = 0.0; // μ
const CENTERED: bool = false;
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
@group(0) @binding(4) var<storage, read_write> mean_square: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> variance: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> mean: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> averages: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> faults: array<u32>;

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
  let g = gradient(i);
  var s: vec4f;
  var m: vec4f;
  if (CENTERED) {
    let deviation = g - mean[i];
    let old = variance[i];
    s = old + ONE_MINUS_RHO * ((1.0 - ONE_MINUS_RHO) * deviation * deviation - old);
    m = mean[i] + ONE_MINUS_RHO * deviation;
  } else {
    let old = mean_square[i];
    s = old + ONE_MINUS_RHO * (g * g - old);
  }
  var change = -rate * g / sqrt(s + EPSILON);
  if (MOMENTUM != 0.0) {
    change += MOMENTUM * velocity[i];
  }
  let w = updated(i, change, rate);
  if (TRIAL) {
    let memory = not_finite(s) || not_finite(m) || not_finite(change);
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && (not_finite(w) || memory));
    return;
  }
  if (CENTERED) {
    variance[i] = s;
    mean[i] = m;
  } else {
    mean_square[i] = s;
  }
  if (MOMENTUM != 0.0) {
    velocity[i] = change;
  }
  store(i, w);
}
