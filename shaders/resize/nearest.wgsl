// Nearest-neighbour resizing to any size
//
//   y[n, oh, ow, c] = x[n, ⌊(oh + offset) · H / OH⌋, ⌊(ow + offset) · W / OW⌋, c]
//
// With an offset of 0 it is the pixel under the output's left or upper edge, with ½ the one under its centre. Computed
// with integers, and so without rounding: ⌊(2 oh + TWICE_OFFSET) · H / (2 OH)⌋.
//
//   input   x [N, H, W, C]
//   output  y [N, OH, OW, C]
//
// One invocation copies one Value of the output. No FLOPs. Bytes: 4 written per element of the output, and as many read,
// mostly from cache.
//
// Reference: test/reference/resize.ts. Read next: nearest_gradient.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 256u; // outputs, in Values
const CHANNELS: u32 = 4u; // in Values
const HEIGHT: u32 = 4u; // of the input
const WIDTH: u32 = 4u;
const OUT_HEIGHT: u32 = 8u;
const OUT_WIDTH: u32 = 8u;
const TWICE_OFFSET: u32 = 0u; // 0 or 1
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
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
  if (index >= SIZE) {
    return;
  }
  let channel = index % CHANNELS;
  let out_x = (index / CHANNELS) % OUT_WIDTH;
  let out_y = (index / (CHANNELS * OUT_WIDTH)) % OUT_HEIGHT;
  let image = index / (CHANNELS * OUT_WIDTH * OUT_HEIGHT);
  let x = (2u * out_x + TWICE_OFFSET) * WIDTH / (2u * OUT_WIDTH);
  let y = (2u * out_y + TWICE_OFFSET) * HEIGHT / (2u * OUT_HEIGHT);
  output[index] = epilogue(input[((image * HEIGHT + y) * WIDTH + x) * CHANNELS + channel], index, channel);
}
