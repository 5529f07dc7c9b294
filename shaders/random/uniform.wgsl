// Uniform random numbers in [LOW, LOW + RANGE)
//
//   output[i] = LOW + RANGE · u_i,  u_i = (word_i >> 8) · 2^-24 in [0, 1)
//   word_i    = word i % 4 of philox4x32((i / 4, step, STREAM, 0), (seed_low, seed_high))
//
//   state   u32 [8]: step, seed_low, seed_high, …; a later step draws other numbers
//   output  [SIZE], any shape
//
// One invocation computes one block of four elements, because Philox gives four words at a time. About 55 integer and
// floating-point operations and 4 bytes per element.
//
// Reference: test/reference/random.ts. Read next: normal.wgsl.

alias Value = f32;

const SIZE: u32 = 64u; // output elements
const CHANNELS: u32 = 8u; // innermost dimension
const STREAM: u32 = 0u; // number of this random op, so that no two ops draw the same numbers
const LOW: f32 = 0.0;
const RANGE: f32 = 1.0; // high - low
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let block = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  let counter = vec4u(block, state[0], STREAM, 0u);
  let key = vec2u(state[1], state[2]);
  let bits = philox4x32(counter, key);
  let values = LOW + RANGE * vec4f(uniform01(bits.x), uniform01(bits.y), uniform01(bits.z), uniform01(bits.w));
  // @unroll
  for (var lane = 0u; lane < 4u; lane++) {
    let index = block * 4u + lane;
    if (index < SIZE) {
      output[index] = epilogue(values[lane], index, index % CHANNELS);
    }
  }
}
