// The ceiling of memory: a copy.
//
//   output[i] = input[i]
//
// Shapes: input and output [COUNT] of vec4f.
// One invocation: one vec4f.
// FLOPs: none. Bytes: 16 · COUNT read, and as many written.
//
// Idea: neighbouring invocations access neighbouring memory, 16 bytes each, the widest load in WGSL. Workgroups have 256
// invocations, because each takes a fixed time to start: on lavapipe workgroups of 32 copy a quarter slower.

const COUNT = 131072u;
const WORKGROUP_SIZE = 256u;
const GRID_X = 512u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * GRID_X + group.x) * WORKGROUP_SIZE + lane;
  if (i < COUNT) {
    output[i] = input[i];
  }
}
