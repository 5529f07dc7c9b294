// Average pooling, gradient: each output's gradient is divided equally among the elements of its window
//
//   dx[n, h, w, c] = Σ over the windows (oh, ow) that contain (h, w) of dy[n, oh, ow, c] / count(oh, ow)
//
// where count is the number of the window's taps inside the image.
//
//   gradient  dL/dy [N, OH, OW, C]
//   output    dL/dx [N, H, W, C]
//
// One invocation computes one Value of the output by gathering from every window that contains it, in a fixed order.
// Row h lies in the windows oh = ⌊(h + top) / SY⌋ − i for i = 0, 1, … ⌈span / SY⌉ − 1, with span = (KH − 1)·DY + 1, at the
// tap kh = (h + top − oh·SY) / DY where that is an integer; columns likewise. FLOPs: 2 per window over an element.
// Bytes: 4·H·W·C written, ⌈KH/SY⌉·⌈KW/SX⌉·4 read per element, mostly from cache.
//
// Reference: test/reference/pooling.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 256u; // inputs of the pool, in Values
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
const CHANNELS: u32 = 4u; // in Values
const OUT_HEIGHT: u32 = 4u;
const OUT_WIDTH: u32 = 4u;
const WINDOW_HEIGHT: u32 = 2u;
const WINDOW_WIDTH: u32 = 2u;
const STRIDE_Y: u32 = 2u;
const STRIDE_X: u32 = 2u;
const DILATION_Y: u32 = 1u; // between neighbouring taps
const DILATION_X: u32 = 1u;
const PAD_TOP: u32 = 0u;
const PAD_LEFT: u32 = 0u;
const SPAN_Y: u32 = (WINDOW_HEIGHT - 1u) * DILATION_Y + 1u; // rows from the first tap to the last
const SPAN_X: u32 = (WINDOW_WIDTH - 1u) * DILATION_X + 1u;
const OVERLAP_Y: u32 = (SPAN_Y + STRIDE_Y - 1u) / STRIDE_Y; // the largest number of windows over one row
const OVERLAP_X: u32 = (SPAN_X + STRIDE_X - 1u) / STRIDE_X;
const SOFTWARE: bool = false; // software adapter, where each unrolled load costs compile time:
const ROLLED: bool = SOFTWARE && (OVERLAP_Y * OVERLAP_X > 1u); // keep the loops as loops
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// Taps of a window along one dimension that lie inside the image: those before its end minus those before its start,
// all in padded coordinates.
fn taps_inside(origin: u32, window: u32, dilation: u32, pad: u32, extent: u32) -> u32 {
  let before_end = (max(pad + extent, origin) - origin + dilation - 1u) / dilation;
  let before_start = (max(pad, origin) - origin + dilation - 1u) / dilation;
  return min(window, before_end) - before_start;
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
  let padded_x = (index / CHANNELS) % WIDTH + PAD_LEFT;
  let padded_y = (index / (CHANNELS * WIDTH)) % HEIGHT + PAD_TOP;
  let image = index / (CHANNELS * WIDTH * HEIGHT);

  var sum = Value(0.0);
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var i = zero; i < OVERLAP_Y; i++) {
    let row = padded_y / STRIDE_Y - i; // wraps around below zero, which `< OUT_HEIGHT` rejects
    for (var j = zero; j < OVERLAP_X; j++) {
      let column = padded_x / STRIDE_X - j;
      let from_top = padded_y - row * STRIDE_Y;
      let from_left = padded_x - column * STRIDE_X;
      let on_tap = from_top % DILATION_Y == 0u && from_left % DILATION_X == 0u;
      if (row < OUT_HEIGHT && column < OUT_WIDTH && from_top < SPAN_Y && from_left < SPAN_X && on_tap) {
        let rows = taps_inside(row * STRIDE_Y, WINDOW_HEIGHT, DILATION_Y, PAD_TOP, HEIGHT);
        let columns = taps_inside(column * STRIDE_X, WINDOW_WIDTH, DILATION_X, PAD_LEFT, WIDTH);
        let window = ((image * OUT_HEIGHT + row) * OUT_WIDTH + column) * CHANNELS + channel;
        sum += gradient[window] / Value(f32(rows * columns));
      }
    }
  }
  output[index] = epilogue(sum, index, channel);
}
