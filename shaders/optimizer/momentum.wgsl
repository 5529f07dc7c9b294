// Stochastic gradient descent with momentum, heavy-ball or Nesterov's
//
//   v <- μ v - η g
//   w <- w + v                                 (Polyak 1964)
//   w <- w + μ v - η g      if NESTEROV        (Nesterov 1983, as in Sutskever et al. 2013 and Keras)
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   velocity                v, from 0
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//   faults                  u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any (shared/optimizer.wgsl)
//
// For example, μ = 0.9, η = 0.1 and the gradient 1 in every step: v = -0.1, -0.19, -0.271, …, towards -1: ten times the
// step of plain gradient descent.
//
// One invocation updates four parameters. 4 or 6 FLOPs and 20 bytes per parameter: memory-bound.
//
// Reference: test/reference/optimizers.ts. Read next: adagrad.wgsl, rmsprop.wgsl, adam.wgsl.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const MOMENTUM: f32 = 0.9; // μ
const NESTEROV: bool = false;
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
@group(0) @binding(4) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> averages: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> faults: array<u32>;

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
  let v = MOMENTUM * velocity[i] - rate * g;
  var change = v;
  if (NESTEROV) {
    change = MOMENTUM * v - rate * g;
  }
  let w = updated(i, change, rate);
  if (TRIAL) {
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && (not_finite(w) || not_finite(v)));
    return;
  }
  velocity[i] = v;
  store(i, w);
}
