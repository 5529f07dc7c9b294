// Random bits: the words of Philox4x32-10 themselves, for tests and for integers
//
//   output[i] = word i % 4 of philox4x32((i / 4, step, stream, 0), (seed_low, seed_high))
//
//   state   u32 [8]: step, seed_low, seed_high, …
//   output  u32 [SIZE], any shape
//
// One invocation computes one block of four words. About 50 integer operations and 4 bytes per word.
//
// Reference: test/reference/random.ts. Read next: uniform.wgsl.

const SIZE: u32 = 64u; // output elements
const STREAM: u32 = 0u; // number of this random op, so that no two ops draw the same numbers
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let block = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  let bits = philox4x32(vec4u(block, state[0], STREAM, 0u), vec2u(state[1], state[2]));
  // @unroll
  for (var lane = 0u; lane < 4u; lane++) {
    if (block * 4u + lane < SIZE) {
      output[block * 4u + lane] = bits[lane];
    }
  }
}
