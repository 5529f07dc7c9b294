// Copies new values to variables at the end of a step: proposed moving statistics, or what a program assigns
//
//   if guard[0] = 0:   values[i] <- proposed[OFFSET + i]
//
//   guard      u32 [4], of verdict.wgsl: not 0 if the step is not made. Only where GUARDED: in a program that trains
//   proposed   Values, from OFFSET on; 0 between several variables
//   values     [LENGTH] Values, flat: one variable, or several one after another
//
// One invocation copies one Value: four numbers where their count is a multiple of 4, else one. No FLOPs; 8 bytes per
// number: memory-bound, but launch latency dominates.

alias Value = vec4f; // or f32

const LENGTH: u32 = 16u; // of the values, in Values
const OFFSET: u32 = 0u; // in Values
const GUARDED: bool = true;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> guard: array<u32>;
@group(0) @binding(1) var<storage, read> proposed: array<Value>;
@group(0) @binding(4) var<storage, read_write> values: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  if (GUARDED) {
    if (guard[0] != 0u) {
      return;
    }
  }
  values[i] = proposed[OFFSET + i];
}
