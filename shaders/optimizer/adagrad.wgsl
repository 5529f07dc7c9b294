// Adagrad: each parameter's step divided by the root of the sum of all its squared gradients
//
//   s <- s + g²
//   w <- w - η g / √(s₀ + s + ε)               (Duchi, Hazan & Singer 2011, figure 1; ε as in Keras)
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   sum_of_squares          s, from 0
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//   faults                  u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any (shared/optimizer.wgsl)
//
// One invocation updates four parameters. About 8 FLOPs and 20 bytes per parameter: memory-bound.
// s₀ is added where s is used, so that the buffer starts at 0, and stays 0 between the tensors.
//
// Reference: test/reference/optimizers.ts. Read next: rmsprop.wgsl.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const INITIAL: f32 = 0.1; // s₀
const EPSILON: f32 = 1e-7; // ε
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
@group(0) @binding(4) var<storage, read_write> sum_of_squares: array<vec4f>;
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
  let s = sum_of_squares[i] + g * g;
  let w = updated(i, -rate * g / sqrt(INITIAL + s + EPSILON), rate);
  if (TRIAL) {
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && (not_finite(w) || not_finite(s)));
    return;
  }
  sum_of_squares[i] = s;
  store(i, w);
}
