// Adds the gradients of earlier steps to those of this one, where several steps make one update
//
//   gradients[i] <- gradients[i] + accumulated[i]
//
//   gradients     [4 LENGTH] f32, flat: all tensors of the model one after another
//   accumulated   the sum of the gradients since the last update; collect.wgsl keeps it
//
// One invocation adds four values. 1 FLOP and 12 bytes per parameter: memory-bound. Each step overwrites its gradients,
// so nothing has to be undone if the step is not made.
//
// Reference: test/reference/optimizers.ts.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> accumulated: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> gradients: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  gradients[i] += accumulated[i];
}
