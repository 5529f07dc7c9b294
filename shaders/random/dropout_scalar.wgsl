// Inverted dropout for shapes whose innermost dimension is not a multiple of 4
//
//   output_i = x_i / (1 - RATE)  where u_i ≥ RATE,  else 0
//
// Formula, mask and bindings are those of dropout.wgsl; here x and output are [SIZE] f32.
//
// One invocation still takes one block of four elements, because Philox gives four words at a time, but loads and stores
// them one by one and leaves out those past the end. About 50 integer operations and 8 bytes per element.
//
// Reference: test/reference/random.ts.

alias Value = f32;

const SIZE: u32 = 63u; // elements
const CHANNELS: u32 = 7u; // innermost dimension
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
  let block = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  let bits = philox4x32(vec4u(block, state[0], STREAM, 0u), vec2u(state[1], state[2]));
  // @unroll
  for (var lane = 0u; lane < 4u; lane++) {
    let index = block * 4u + lane;
    if (index < SIZE) {
      let keep = (bits[lane] >> 8u) >= THRESHOLD;
      output[index] = epilogue(keep_nan(x[index], select(0.0, SCALE * x[index], keep)), index, index % CHANNELS);
    }
  }
}
