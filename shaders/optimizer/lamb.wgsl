// Lamb: Adam's steps, scaled for each variable so that they are in proportion to its weights
//
//   m <- β1 m + (1 - β1) g,   v <- β2 v + (1 - β2) g²
//   u = m / (1 - β1^t) / (√(v / (1 - β2^t)) + ε)         lamb_direction.wgsl; t = 1, 2, …
//   w <- w - η |w| / |u| u                                norms of each variable; the ratio is 1 where one of them is 0
//
//   (You et al. 2020, "Large batch optimization for deep learning", algorithm 2; weight decay is applied first and
//   separately, as in Keras: |w| is the norm of the decayed weights)
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   mean, mean_square       m and v, from 0
//   direction               u, of this step
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                   f32: hyper[0] = learning rate η; the norms (segment_norms.wgsl)
//   faults                  u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any (shared/optimizer.wgsl)
//
// One invocation updates four parameters. About 12 FLOPs and 32 bytes per parameter: memory-bound.
//
// Reference: test/reference/layerwiseOptimizers.ts. Read next: lamb_direction.wgsl.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const ONE_MINUS_BETA_1: f32 = 0.1; // 1 - β1, computed in float64, rounded once
const ONE_MINUS_BETA_2: f32 = 0.001;
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
@group(0) @binding(6) var<storage, read> direction: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> averages: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> faults: array<u32>;

// The simplest bodies. For schedules, penalties, clipping, weight decay and averages they are replaced by calls of
// functions in shared/optimizer.wgsl and shared/schedules.wgsl.
fn learning_rate() -> f32 { return hyper[0]; }
fn gradient(i: u32) -> vec4f { return gradients[i]; }
fn updated(i: u32, change: vec4f, rate: f32) -> vec4f { return parameters[i] + change; }
fn store(i: u32, w: vec4f) { parameters[i] = w; }

// Of the variable that vec4f i belongs to: the norm of its weights and its scale, the norm of its direction and its
// scale; its weight decay at a rate of 1.
fn norms(i: u32) -> vec4f { return vec4f(hyper[3], hyper[4], hyper[5], hyper[6]); }
fn decay(i: u32) -> f32 { return 0.0; }

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
  var m = mean[i];
  var v = mean_square[i];
  m += ONE_MINUS_BETA_1 * (g - m);
  v += ONE_MINUS_BETA_2 * (g * g - v);
  let lengths = norms(i);
  let weights = lengths.x / lengths.y * abs(1.0 - rate * decay(i));
  let step = lengths.z / lengths.w;
  let ratio = select(1.0, weights / step, weights > 0.0 && step > 0.0);
  let w = updated(i, -rate * ratio * direction[i], rate);
  if (TRIAL) {
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && (not_finite(w) || not_finite(m) || not_finite(v)));
    return;
  }
  mean[i] = m;
  mean_square[i] = v;
  store(i, w);
}
