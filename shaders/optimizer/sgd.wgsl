// Stochastic gradient descent: every parameter of a model in one dispatch
//
//   w <- w - η g
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another, padded with
//                           zeros between them, which stay zero
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//
// One invocation updates four parameters. 2 FLOPs and 12 bytes per parameter: bound by memory.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  let rate = hyper[0];
  parameters[i] -= rate * gradients[i];
}
