// Copies the proposed state of an optimizer, if the step is made and makes an update
//
//   values[i] <- proposed[i]
//
//   proposed, values   [4 LENGTH] f32, flat: all tensors of the model one after another
//   state              u32: state[0] = steps done, this one included; state[7] = 0 if this step is made
//
// One invocation copies four values. No FLOPs; 8 bytes per value: memory-bound.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const STEPS: u32 = 1u; // steps whose gradients are summed for one update
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(1) var<storage, read> proposed: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH || state[7] != 0u || state[0] % STEPS != 0u) {
    return;
  }
  values[i] = proposed[i];
}
