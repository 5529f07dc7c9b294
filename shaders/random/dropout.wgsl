// Inverted dropout: sets a part RATE of the elements to zero and scales the others, so that the mean does not change
//
//   output_i = x_i / (1 - RATE)  where u_i ≥ RATE,  else 0, but NaN where x_i is NaN (Srivastava et al. 2014)
//   u_i      = (word i % 4 of philox4x32((i / 4, step, STREAM, 0), (seed_low, seed_high)) >> 8) · 2^-24
//
//   x, output  [SIZE] vec4f, any shape whose innermost dimension is a multiple of 4
//   state      u32 [8]: step, seed_low, seed_high, …
//
// The mask is never stored. Dropout is linear in x, so its gradient is the same kernel with the same STREAM, applied to
// dL/doutput in the same step: it computes the mask again. That saves a tensor, and its write and read.
//
// One invocation takes four elements and one block of Philox: about 50 integer operations and 8 bytes per element.
// The integer comparison (word >> 8) ≥ ⌈RATE · 2^24⌉ is the same as u ≥ RATE, without the conversion.
//
// Reference: test/reference/random.ts.

alias Value = vec4f;

const SIZE: u32 = 16u; // elements, in Values
const CHANNELS: u32 = 2u; // innermost dimension, in Values
const STREAM: u32 = 0u; // number of this random op, so that no two masks are alike
const THRESHOLD: u32 = 8388608u; // ⌈RATE · 2^24⌉
const SCALE: f32 = 2.0; // 1 / (1 - RATE)
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index < SIZE) {
    let bits = philox4x32(vec4u(index, state[0], STREAM, 0u), vec2u(state[1], state[2]));
    let keep = (bits >> vec4u(8u)) >= vec4u(THRESHOLD);
    output[index] = epilogue(keep_nan(x[index], select(Value(0.0), SCALE * x[index], keep)), index, index % CHANNELS);
  }
}
