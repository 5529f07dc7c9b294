// Stochastic gradient descent with momentum, heavy-ball or Nesterov's
//
//   v <- μ v - η g
//   w <- w + v                                 (Polyak 1964)
//   w <- w + μ v - η g      if NESTEROV        (Nesterov 1983, as in Sutskever et al. 2013 and Keras)
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   velocity                v, from 0
//   averages                moving averages of the parameters, where they are wanted
//   state                   u32: state[0] = steps done
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//
// One invocation updates four parameters. 4 or 6 FLOPs and 20 bytes per parameter: bound by memory.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const MOMENTUM: f32 = 0.9; // μ
const NESTEROV: bool = false;
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> averages: array<vec4f>;

// Where schedules, penalties, clipping, weight decay and averages come in: these bodies are then replaced by
// others over the functions of shared/optimizer.wgsl and shared/schedules.wgsl.
fn learning_rate() -> f32 { return hyper[0]; }
fn gradient(i: u32) -> vec4f { return gradients[i]; }
fn update(i: u32, change: vec4f, rate: f32) { parameters[i] += change; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  let rate = learning_rate();
  let g = gradient(i);
  let v = MOMENTUM * velocity[i] - rate * g;
  velocity[i] = v;
  if (NESTEROV) {
    update(i, MOMENTUM * v - rate * g, rate);
  } else {
    update(i, v, rate);
  }
}
