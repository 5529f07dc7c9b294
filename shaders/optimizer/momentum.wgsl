// Stochastic gradient descent with momentum, heavy-ball or Nesterov's
//
//   v <- μ v - η g
//   w <- w + v                                 (Polyak 1964)
//   w <- w + μ v - η g      if NESTEROV        (Nesterov 1983, as in Sutskever et al. 2013 and Keras)
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   slot_0                  velocity v, from 0
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//
// One invocation updates four parameters. 4 or 6 FLOPs and 20 bytes per parameter: bound by memory.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const MOMENTUM: f32 = 0.9; // μ
const NESTEROV: bool = false;
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> slot_0: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  let rate = hyper[0];
  let g = gradients[i];
  let v = MOMENTUM * slot_0[i] - rate * g;
  slot_0[i] = v;
  if (NESTEROV) {
    parameters[i] += MOMENTUM * v - rate * g;
  } else {
    parameters[i] += v;
  }
}
