// Bilinear resizing with half-pixel centres, as in TensorFlow 2 and Keras
//
// Pixel o of OUT pixels has its centre at (o + ½) / OUT of the image. In the coordinates of the IN pixels, whose centres
// are at 0, 1, …, that is
//
//   s(o) = clamp((o + ½) · IN / OUT − ½, 0, IN − 1)
//
// and pixel i has the weight max(0, 1 − |s(o) − i|) there: two neighbours count, and their weights add up to 1. Beyond
// the outermost centres the outermost pixel is repeated. For example, 2 pixels to 4: s = 0, ¼, ¾, 1, so pixels (0, 8)
// become (0, 2, 6, 8). In both directions:
//
//   y[n, oh, ow, c] = Σ over h, w of max(0, 1 − |s(oh) − h|) · max(0, 1 − |s(ow) − w|) · x[n, h, w, c]
//
//   input   x [N, H, W, C]
//   output  y [N, OH, OW, C]
//
// One invocation computes one Value of the output from four of the input. When shrinking, pixels in between are left
// out (no antialiasing), as TensorFlow does by default.
// FLOPs: 9 per element of the output. Bytes: 4 written per element, four times as many read, mostly from cache.
//
// Reference: test/reference/resize.ts. Read next: bilinear_gradient.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 256u; // outputs, in Values
const CHANNELS: u32 = 4u; // in Values
const HEIGHT: u32 = 4u;
const WIDTH: u32 = 4u;
const OUT_HEIGHT: u32 = 8u;
const OUT_WIDTH: u32 = 8u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// s(o)
fn source(o: u32, extent: u32, out_extent: u32) -> f32 {
  return clamp((f32(o) + 0.5) * (f32(extent) / f32(out_extent)) - 0.5, 0.0, f32(extent - 1u));
}

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
  let x = source((index / CHANNELS) % OUT_WIDTH, WIDTH, OUT_WIDTH);
  let y = source((index / (CHANNELS * OUT_WIDTH)) % OUT_HEIGHT, HEIGHT, OUT_HEIGHT);
  let image = index / (CHANNELS * OUT_WIDTH * OUT_HEIGHT) * (HEIGHT * WIDTH);
  let left = u32(x);
  // A neighbour whose weight is 0 is not read: 0 times its NaN or infinity would be NaN.
  let right = left + select(0u, 1u, x > f32(left));
  let upper = image + u32(y) * WIDTH;
  let lower = upper + select(0u, WIDTH, y > f32(u32(y)));
  let share_x = Value(x - f32(left));
  let share_y = Value(y - f32(u32(y)));
  let above = mix(input[(upper + left) * CHANNELS + channel], input[(upper + right) * CHANNELS + channel], share_x);
  let below = mix(input[(lower + left) * CHANNELS + channel], input[(lower + right) * CHANNELS + channel], share_x);
  output[index] = epilogue(mix(above, below, share_y), index, channel);
}
