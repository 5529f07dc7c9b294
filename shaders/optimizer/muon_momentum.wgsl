// The momentum that Muon orthogonalizes before the update
//
//   m' = μ m + g
//   direction = g + μ m'   if NESTEROV, else m'
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   mean                    m, not changed
//   direction               receives the direction of all variables
//   hyper                   f32, for clipping (norm.wgsl, segment_norms.wgsl)
//
// One invocation computes four values. 4 FLOPs and 12 bytes per parameter: memory-bound.
//
// Reference: test/reference/layerwiseOptimizers.ts. Read next: muon_scale.wgsl.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const MOMENTUM: f32 = 0.95; // μ
const NESTEROV: bool = true;
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> hyper: array<f32>;
@group(0) @binding(2) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(3) var<storage, read> mean: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> direction: array<vec4f>;

// The gradient as the update sees it: penalties and clipping replace this body.
fn gradient(i: u32) -> vec4f { return gradients[i]; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  let g = gradient(i);
  var m = MOMENTUM * mean[i] + g;
  if (NESTEROV) {
    m = g + MOMENTUM * m;
  }
  direction[i] = m;
}
