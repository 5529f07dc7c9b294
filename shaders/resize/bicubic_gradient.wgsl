// Bicubic resizing with half-pixel centres, gradient
//
//   dx[n, h, w, c] = Σ over oh, ow of share(h, oh) · share(w, ow) · dy[n, oh, ow, c]
//
// where share(i, o) is the weight of pixel i at o: the sum of the weights W(|s(o) − j|), j = ⌊s⌋ − 1 … ⌊s⌋ + 2, whose
// pixel is i; see bicubic.wgsl for s and W. With REPEAT the outermost pixels also have the weights from beyond the edge.
//
//   gradient  dy [N, OH, OW, C]
//   output    dx [N, H, W, C]
//
// One invocation computes one Value of the output by gathering from every pixel of dy in which it has a share, in a
// fixed order, without atomics. Pixel i has one where i − 2 < s(o) < i + 2 (repeated pixels beyond the edge reach no
// farther): those are at most TAPS = ⌈4 OUT / IN⌉ pixels, from
//
//   first(i) = 1 + ⌊((2i − 3) OUT − IN) / (2 IN)⌋
//
// on, computed with integers and so without rounding. FLOPs: about 40 per tap. Bytes: 4 written, 4 TAPS_Y TAPS_X read,
// mostly from cache.
//
// Reference: test/reference/resize.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 64u; // inputs of the resizing, in Values
const CHANNELS: u32 = 4u; // in Values
const HEIGHT: u32 = 4u;
const WIDTH: u32 = 4u;
const OUT_HEIGHT: u32 = 8u;
const OUT_WIDTH: u32 = 8u;
const A: f32 = -0.75;
const REPEAT: bool = true;
const TAPS_Y: u32 = (4u * OUT_HEIGHT + HEIGHT - 1u) / HEIGHT;
const TAPS_X: u32 = (4u * OUT_WIDTH + WIDTH - 1u) / WIDTH;
const SOFTWARE: bool = false; // software adapter, where each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// first(i); below 0 it wraps around to a number that is not a pixel
fn first_tap(i: u32, extent: u32, out_extent: u32) -> u32 {
  // Adding 2 IN · 2 OUT to the numerator keeps it above 0.
  return ((2u * i + 4u * extent - 3u) * out_extent - extent) / (2u * extent) + 1u - 2u * out_extent;
}

fn near(d: f32) -> f32 {
  return ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
}

fn far(d: f32) -> f32 {
  return ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
}

// share(i, o)
fn share_of(i: u32, o: u32, extent: u32, out_extent: u32) -> f32 {
  let place = (2u * o + 1u) * extent + out_extent; // s(o) + 1 in units of 1 / (2 OUT)
  let t = f32(place % (2u * out_extent)) / f32(2u * out_extent);
  let all = select(vec4f(far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)), vec4f(0.0, 1.0, 0.0, 0.0), t == 0.0);
  let pixels = place / (2u * out_extent) + vec4u(0u, 1u, 2u, 3u); // + 2
  let edged = clamp(pixels, vec4u(2u), vec4u(extent + 1u));
  let inside = select(vec4f(0.0), all, pixels == edged);
  let own = select(vec4f(0.0), select(inside, all, REPEAT), edged == vec4u(i + 2u));
  let sum = own.x + own.y + own.z + own.w;
  return select(0.0, select(sum / (inside.x + inside.y + inside.z + inside.w), sum, REPEAT), o < out_extent);
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
  let zero = select(0u, workgroup_id.z, SOFTWARE); // always 0, but opaque to the compiler: the loop stays a loop
  var sum = Value(0.0);
  for (var i = zero; i < TAPS_Y; i++) {
    let row = first_y + i;
    let share_y = share_of(y, row, HEIGHT, OUT_HEIGHT);
    let start = (image + min(row, OUT_HEIGHT - 1u)) * OUT_WIDTH;
    for (var j = zero; j < TAPS_X; j++) {
      let column = first_x + j;
      let share = share_y * share_of(x, column, WIDTH, OUT_WIDTH);
      let part = Value(share) * gradient[(start + min(column, OUT_WIDTH - 1u)) * CHANNELS + channel];
      sum += select(Value(0.0), part, share != 0.0); // a NaN with weight 0 must not count
    }
  }
  output[index] = epilogue(sum, index, channel);
}
