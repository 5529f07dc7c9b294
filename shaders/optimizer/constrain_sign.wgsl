// Sets the negative numbers of a variable to 0 after an update: Keras's NonNeg
//
//   w <- max(w, 0)       only if the update was made
//
//   values   f32, flat; the variable begins at OFFSET and has LENGTH values
//   state    u32: state[7] = 0 if the update was made (verdict.wgsl)
//
// One invocation takes one value. 1 comparison and 8 bytes per value: the run time is launch latency.

const OFFSET: u32 = 0u;
const LENGTH: u32 = 64u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> values: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH || state[7] != 0u) {
    return;
  }
  values[OFFSET + i] = max(values[OFFSET + i], 0.0);
}
