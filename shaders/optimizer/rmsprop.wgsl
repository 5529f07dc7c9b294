// RMSprop: each parameter's step divided by the root of a moving mean of its squared gradients
//
//   s <- ρ s + (1 - ρ) g²
//   w <- w - η g / (√s + ε)                    (Tieleman & Hinton 2012, lecture 6.5)
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   slot_0                  mean square s, from 0
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//
// One invocation updates four parameters. About 9 FLOPs and 20 bytes per parameter: bound by memory.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const ONE_MINUS_RHO: f32 = 0.1; // 1 - ρ, rounded only once
const EPSILON: f32 = 1e-7; // ε
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
  var s = slot_0[i];
  s += ONE_MINUS_RHO * (g * g - s);
  slot_0[i] = s;
  parameters[i] -= rate * g / (sqrt(s) + EPSILON);
}
