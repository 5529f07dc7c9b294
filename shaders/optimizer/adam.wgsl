// Adam, and AdamW where WEIGHT_DECAY is not 0
//
//   m <- β1 m + (1 - β1) g                     moving mean of the gradient
//   v <- β2 v + (1 - β2) g²                    moving mean of its square
//   m̂ = m / (1 - β1^t),  v̂ = v / (1 - β2^t)    what the start from 0 took away; t = 1, 2, …
//   w <- w - η (m̂ / (√v̂ + ε) + λ w)            (Kingma & Ba 2015, algorithm 1; with weight decay λ
//                                               Loshchilov & Hutter 2019, algorithm 2)
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   slot_0, slot_1          m and v, from 0
//   state                   u32: state[0] = t - 1
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//
// One invocation updates four parameters. About 16 FLOPs and 28 bytes per parameter: bound by memory.
// Logarithms of the betas are baked because 1 - β^t needs them in full precision.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const ONE_MINUS_BETA_1: f32 = 0.1; // 1 - β1, rounded only once
const ONE_MINUS_BETA_2: f32 = 0.001;
const LOG_BETA_1: f32 = -0.105360515658; // ln β1
const LOG_BETA_2: f32 = -0.00100050033358;
const EPSILON: f32 = 1e-7; // ε
const WEIGHT_DECAY: f32 = 0.0; // λ
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> slot_0: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> slot_1: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  let rate = hyper[0];
  let t = f32(state[0]) + 1.0;
  let corrections = 1.0 / vec2f(one_minus_power(LOG_BETA_1, t), one_minus_power(LOG_BETA_2, t));
  let g = gradients[i];
  let w = parameters[i];
  var m = slot_0[i];
  var v = slot_1[i];
  m += ONE_MINUS_BETA_1 * (g - m);
  v += ONE_MINUS_BETA_2 * (g * g - v);
  slot_0[i] = m;
  slot_1[i] = v;
  let direction = corrections.x * m / (sqrt(corrections.y * v) + EPSILON);
  parameters[i] = w - rate * (direction + WEIGHT_DECAY * w);
}
