// Bilinear resizing with half-pixel centres, gradient
//
//   dx[n, h, w, c] = Σ over oh, ow of max(0, 1 − |s(oh) − h|) · max(0, 1 − |s(ow) − w|) · dy[n, oh, ow, c]
//
// with s(o) = clamp((o + ½) · IN / OUT − ½, 0, IN − 1) as in bilinear.wgsl.
//
//   gradient  dy [N, OH, OW, C]
//   output    dx [N, H, W, C]
//
// One invocation computes one Value of the output by gathering from every pixel of dy in which it has a weight, in a
// fixed order, without atomics. Pixel i has one where i − 1 < (o + ½) · IN / OUT − ½ < i + 1: those are at most
// TAPS = ⌈2 OUT / IN⌉ pixels, from
//
//   first(i) = 1 + ⌊((2i − 1) OUT − IN) / (2 IN)⌋
//
// on, computed with integers and so without rounding. The outermost pixel also counts for all
// places beyond it, which lie no farther away. FLOPs: 6 per tap. Bytes: 4 written, 4 TAPS_Y TAPS_X read, mostly from cache.
//
// Reference: test/reference/resize.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 64u; // inputs of the resizing, in Values
const CHANNELS: u32 = 4u; // in Values
const HEIGHT: u32 = 4u;
const WIDTH: u32 = 4u;
const OUT_HEIGHT: u32 = 8u;
const OUT_WIDTH: u32 = 8u;
const TAPS_Y: u32 = (2u * OUT_HEIGHT + HEIGHT - 1u) / HEIGHT;
const TAPS_X: u32 = (2u * OUT_WIDTH + WIDTH - 1u) / WIDTH;
const SOFTWARE: bool = false; // software adapter, where each unrolled load costs compile time:
const ROLLED: bool = SOFTWARE && (TAPS_Y * TAPS_X > 1u); // keep the loops as loops
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// s(o)
fn source(o: u32, extent: u32, out_extent: u32) -> f32 {
  return clamp((f32(o) + 0.5) * (f32(extent) / f32(out_extent)) - 0.5, 0.0, f32(extent - 1u));
}

// first(i); below 0 it wraps around to a number that is not a pixel
fn first_tap(i: u32, extent: u32, out_extent: u32) -> u32 {
  // Adding 2 IN · OUT to the numerator keeps it above 0.
  return ((2u * i + 2u * extent - 1u) * out_extent - extent) / (2u * extent) + 1u - out_extent;
}

// The weight of pixel i at o
fn weight(i: u32, o: u32, extent: u32, out_extent: u32) -> f32 {
  return select(0.0, max(0.0, 1.0 - abs(source(o, extent, out_extent) - f32(i))), o < out_extent);
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
  let x = (index / CHANNELS) % WIDTH;
  let y = (index / (CHANNELS * WIDTH)) % HEIGHT;
  let image = index / (CHANNELS * WIDTH * HEIGHT) * OUT_HEIGHT;
  let first_x = first_tap(x, WIDTH, OUT_WIDTH);
  let first_y = first_tap(y, HEIGHT, OUT_HEIGHT);
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  var sum = Value(0.0);
  for (var i = zero; i < TAPS_Y; i++) {
    let row = first_y + i;
    let share_y = weight(y, row, HEIGHT, OUT_HEIGHT);
    let start = (image + min(row, OUT_HEIGHT - 1u)) * OUT_WIDTH;
    for (var j = zero; j < TAPS_X; j++) {
      let column = first_x + j;
      let share = share_y * weight(x, column, WIDTH, OUT_WIDTH);
      let part = Value(share) * gradient[(start + min(column, OUT_WIDTH - 1u)) * CHANNELS + channel];
      sum += select(Value(0.0), part, share > 0.0); // a NaN with weight 0 must not count
    }
  }
  output[index] = epilogue(sum, index, channel);
}
