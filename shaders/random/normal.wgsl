// Normal random numbers with mean MEAN and standard deviation DEVIATION
//
//   output[i] = MEAN + DEVIATION · z_i,  (z_2k, z_2k+1) = √(-2 ln u_1) · (cos 2π u_2, sin 2π u_2)    (Box & Muller 1958)
//   u_1 = 1 - word_2k · 2^-32 (24 bits of it), u_2 = word_2k+1 · 2^-32;
//   word_i = word i % 4 of philox4x32((i / 4, step, STREAM, 0), (seed_low, seed_high))
//
//   state   u32 [8]: step, seed_low, seed_high, …; a later step draws other numbers
//   output  [SIZE], any shape
//
// One invocation computes one block of four elements, because Philox gives four words at a time. Per element about 50
// integer operations, half a logarithm, half a square root and one cosine or sine; 4 bytes.
//
// Reference: test/reference/random.ts. Read next: truncated_normal.wgsl.

alias Value = f32;

const SIZE: u32 = 64u; // output elements
const CHANNELS: u32 = 8u; // innermost dimension
const STREAM: u32 = 0u; // number of this random op, so that no two ops draw the same numbers
const MEAN: f32 = 0.0;
const DEVIATION: f32 = 1.0;
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
  let values = MEAN + DEVIATION * normal_block(counter, key);
  // @unroll
  for (var lane = 0u; lane < 4u; lane++) {
    let index = block * 4u + lane;
    if (index < SIZE) {
      output[index] = epilogue(values[lane], index, index % CHANNELS);
    }
  }
}
