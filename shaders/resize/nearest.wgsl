// Nearest-neighbour upsampling by whole factors
//
//   y[n, h, w, c] = x[n, ⌊h / FACTOR_Y⌋, ⌊w / FACTOR_X⌋, c]
//
//   input   x [N, H, W, C]
//   output  y [N, H · FACTOR_Y, W · FACTOR_X, C]
//
// One invocation copies one Value of the output. Bytes: 4 written per element of the output, and as many
// read, mostly from cache.

alias Value = f32;

const SIZE: u32 = 256u; // outputs, in Values
const CHANNELS: u32 = 4u; // in Values
const WIDTH: u32 = 4u; // of the input
const FACTOR_Y: u32 = 2u;
const FACTOR_X: u32 = 2u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>;
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let channel = index % CHANNELS;
  let x = (index / CHANNELS) % (WIDTH * FACTOR_X) / FACTOR_X;
  let row = index / (CHANNELS * WIDTH * FACTOR_X) / FACTOR_Y; // images lie one below the other
  output[index] = epilogue(input[(row * WIDTH + x) * CHANNELS + channel], index, channel);
}
