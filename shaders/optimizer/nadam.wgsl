// Nadam: Adam with Nesterov's momentum, which grows from step to step
//
//   μ(t) = β1 (1 - 0.96^(ψ t) / 2)             momentum of step t = 1, 2, …
//   Π(t) = μ(1) μ(2) … μ(t)
//   m <- β1 m + (1 - β1) g
//   v <- β2 v + (1 - β2) g²
//   m̂ = μ(t+1) m / (1 - Π(t+1)) + (1 - μ(t)) g / (1 - Π(t)),   v̂ = v / (1 - β2^t)
//   w <- w - η m̂ / (√v̂ + ε)                    (Dozat 2016; ψ is 1 in Keras, 0.004 in PyTorch)
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   mean, mean_square       m and v, from 0
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//   faults                  u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any (shared/optimizer.wgsl)
//
// One invocation updates four parameters. About 20 FLOPs and 28 bytes per parameter: memory-bound.
// hyper[3], hyper[4], … hold Π(1), Π(2), …, until they are too small to change 1 - Π.
//
// Reference: test/reference/optimizers.ts.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const ONE_MINUS_BETA_1: f32 = 0.1; // 1 - β1, computed in float64, rounded once
const ONE_MINUS_BETA_2: f32 = 0.001;
const BETA_1: f32 = 0.9;
const LOG_BETA_2: f32 = -0.00100050033358; // ln β2
const EPSILON: f32 = 1e-7; // ε
const LOG_DECAY: f32 = -0.04082199452; // ψ ln 0.96
const PRODUCTS: u32 = 256u; // values of Π in hyper
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
  let step = updates_done();
  let t = f32(step) + 1.0;
  let momenta = BETA_1 * (1.0 - 0.5 * exp(max(LOG_DECAY * vec2f(t, t + 1.0), vec2f(-80.0))));
  let product = hyper[3u + min(step, PRODUCTS - 1u)];
  let next_product = hyper[3u + min(step + 1u, PRODUCTS - 1u)];
  let g = gradient(i);
  var m = mean[i];
  var v = mean_square[i];
  m += ONE_MINUS_BETA_1 * (g - m);
  v += ONE_MINUS_BETA_2 * (g * g - v);
  let ahead = momenta.y / (1.0 - next_product) * m + (1.0 - momenta.x) / (1.0 - product) * g;
  let mean_square_hat = v / one_minus_power(LOG_BETA_2, t);
  let w = updated(i, -rate * ahead / (sqrt(mean_square_hat) + EPSILON), rate);
  if (TRIAL) {
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && (not_finite(w) || not_finite(m) || not_finite(v)));
    return;
  }
  mean[i] = m;
  mean_square[i] = v;
  store(i, w);
}
