// Copies what a step proposes for variables that no optimizer changes, such as moving statistics
//
//   if guard[0] = 0:   values[i] <- proposed[OFFSET + i]
//
//   guard      u32 [4], of verdict.wgsl: not 0 if the step is not made
//   proposed   vec4f, from OFFSET on; 0 between the variables
//   values     [4 LENGTH] f32, flat: the variables one after another
//
// One invocation copies four values. No FLOPs; 8 bytes per value: memory-bound, but launch latency dominates.

const LENGTH: u32 = 16u; // of the values, in vec4f
const OFFSET: u32 = 0u; // in vec4f
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> guard: array<u32>;
@group(0) @binding(1) var<storage, read> proposed: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH || guard[0] != 0u) {
    return;
  }
  values[i] = proposed[OFFSET + i];
}
