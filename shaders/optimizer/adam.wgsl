// Adam, with weight decay AdamW
//
//   m <- β1 m + (1 - β1) g                     moving mean of the gradient
//   v <- β2 v + (1 - β2) g²                    moving mean of its square
//   α = η √(1 - β2^t) / (1 - β1^t)             bias correction: m and v start at 0, so that early means are too
//                                              small by the factors 1 - β1^t and 1 - β2^t; t = 1, 2, …
//   w <- w - α m / (√v + ε)                    (Kingma & Ba 2015, section 2, where ε is "epsilon hat", as in
//                                               Keras; with weight decay Loshchilov & Hutter 2019, algorithm 2)
//   w <- w - α m / (√(max over time of v) + ε) if AMSGRAD (Reddi, Kale & Kumar 2018, algorithm 2)
//
// For example, w = 1, η = 0.1, β1 = 0.9, β2 = 0.999 and the gradients 4, 2, 1:
//
//   t   g      m       v        α        step α m / √v   w
//   1   4    0.4     0.016    0.0316     0.1           0.9
//   2   2    0.56    0.01998  0.0235     0.0932        0.8068
//   3   1    0.604   0.02096  0.0202     0.0843        0.7225
//
// The first step is η whatever the size of the gradient; later ones shrink as the gradients do, only more slowly.
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   mean, mean_square       m and v, from 0
//   largest                 largest v, from 0, if AMSGRAD
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//   faults                  u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any (shared/optimizer.wgsl)
//
// One invocation updates four parameters. About 13 FLOPs and 28 bytes (36 if AMSGRAD) per parameter: memory-bound. The
// logarithms of the betas are constants because 1 - β^t needs them in full precision.
//
// Reference: test/reference/optimizers.ts. Read next: adamax.wgsl, nadam.wgsl, radam.wgsl.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const ONE_MINUS_BETA_1: f32 = 0.1; // 1 - β1, computed in float64, rounded once
const ONE_MINUS_BETA_2: f32 = 0.001;
const LOG_BETA_1: f32 = -0.105360515658; // ln β1
const LOG_BETA_2: f32 = -0.00100050033358;
const EPSILON: f32 = 1e-7; // ε
const AMSGRAD: bool = false;
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
@group(0) @binding(6) var<storage, read_write> largest: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> averages: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> faults: array<u32>;

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
  let t = f32(updates_done()) + 1.0;
  let corrected = rate * sqrt(one_minus_power(LOG_BETA_2, t)) / one_minus_power(LOG_BETA_1, t);
  let g = gradient(i);
  var m = mean[i];
  var v = mean_square[i];
  m += ONE_MINUS_BETA_1 * (g - m);
  v += ONE_MINUS_BETA_2 * (g * g - v);
  var used = v;
  if (AMSGRAD) {
    used = max(largest[i], v);
  }
  let w = updated(i, -corrected * m / (sqrt(used) + EPSILON), rate);
  if (TRIAL) {
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && (not_finite(w) || not_finite(m) || not_finite(v)));
    return;
  }
  mean[i] = m;
  mean_square[i] = v;
  if (AMSGRAD) {
    largest[i] = used;
  }
  store(i, w);
}
