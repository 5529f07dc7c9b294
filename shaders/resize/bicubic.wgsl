// Bicubic resizing with half-pixel centres: cubic convolution (Keys 1981)
//
// Pixel o of OUT pixels has its centre, in the coordinates of the IN pixels, at
//
//   s(o) = (o + ½) · IN / OUT − ½
//
// and pixel i has the weight W(|s(o) − i|) there, which is 0 from a distance of 2 on: four neighbours count.
//
//   W(d) = (A + 2) d³ − (A + 3) d² + 1     for d ≤ 1
//          A d³ − 5 A d² + 8 A d − 4 A     for 1 < d < 2
//
// The four weights add up to 1. Some pixels may lie beyond the edge: with REPEAT the outermost pixel is repeated there
// (PyTorch, with A = −¾), without it they are left out and the other weights divided by their sum (JAX, with A = −½).
//
//   y[n, oh, ow, c] = Σ over h, w of W(|s(oh) − h|) · W(|s(ow) − w|) · x[n, h, w, c]
//
//   input   x [N, H, W, C]
//   output  y [N, OH, OW, C]
//
// One invocation computes one Value of the output from sixteen of the input. s is computed with integers, so that a
// weight of 0 is exactly 0; a pixel with weight 0 does not count, even if it is NaN. When shrinking, pixels in between
// are left out (no antialiasing). FLOPs: 48 per element of the output and about 60 for the weights. Bytes: 4 written per
// element, sixteen times as many read, mostly from cache.
//
// Reference: test/reference/resize.ts. Read next: bicubic_gradient.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 256u; // outputs, in Values
const CHANNELS: u32 = 4u; // in Values
const HEIGHT: u32 = 4u;
const WIDTH: u32 = 4u;
const OUT_HEIGHT: u32 = 8u;
const OUT_WIDTH: u32 = 8u;
const A: f32 = -0.75;
const REPEAT: bool = true;
const SOFTWARE: bool = false; // software adapter, where each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// s(o) + 1 in units of 1 / (2 OUT): above 0
fn position(o: u32, extent: u32, out_extent: u32) -> u32 {
  return (2u * o + 1u) * extent + out_extent;
}

fn near(d: f32) -> f32 {
  return ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
}

fn far(d: f32) -> f32 {
  return ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
}

// The weights of the pixels ⌊s⌋ − 1 … ⌊s⌋ + 2
fn weights(o: u32, extent: u32, out_extent: u32) -> vec4f {
  let place = position(o, extent, out_extent);
  let t = f32(place % (2u * out_extent)) / f32(2u * out_extent);
  let all = select(vec4f(far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)), vec4f(0.0, 1.0, 0.0, 0.0), t == 0.0);
  if (REPEAT) {
    return all;
  }
  let pixels = place / (2u * out_extent) + vec4u(0u, 1u, 2u, 3u); // + 2
  let inside = select(vec4f(0.0), all, (pixels >= vec4u(2u)) & (pixels < vec4u(extent + 2u)));
  return inside / (inside.x + inside.y + inside.z + inside.w);
}

// Pixel ⌊s⌋ − 1 + k, or the outermost one
fn pixel(o: u32, k: u32, extent: u32, out_extent: u32) -> u32 {
  return clamp(position(o, extent, out_extent) / (2u * out_extent) + k, 2u, extent + 1u) - 2u;
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
  let x = (index / CHANNELS) % OUT_WIDTH;
  let y = (index / (CHANNELS * OUT_WIDTH)) % OUT_HEIGHT;
  let image = index / (CHANNELS * OUT_WIDTH * OUT_HEIGHT) * HEIGHT;
  let across = weights(x, WIDTH, OUT_WIDTH);
  let down = weights(y, HEIGHT, OUT_HEIGHT);
  let zero = select(0u, workgroup_id.z, SOFTWARE); // always 0, but opaque to the compiler: the loop stays a loop
  var sum = Value(0.0);
  for (var i = zero; i < 4u; i++) {
    let row = (image + pixel(y, i, HEIGHT, OUT_HEIGHT)) * WIDTH;
    for (var j = zero; j < 4u; j++) {
      let share = down[i] * across[j];
      let part = Value(share) * input[(row + pixel(x, j, WIDTH, OUT_WIDTH)) * CHANNELS + channel];
      sum += select(Value(0.0), part, share != 0.0); // a NaN with weight 0 must not count
    }
  }
  output[index] = epilogue(sum, index, channel);
}
