// Adaptive average pooling, forward: the mean of windows that cover an image of any size
//
//   y[n, oh, ow, c] = mean of x[n, h, w, c] over the window (oh, ow):
//   rows ⌊oh · H / OH⌋ … ⌈(oh + 1) · H / OH⌉ − 1, and columns likewise
//
//   input   [N, H, W, C]
//   output  [N, OH, OW, C]
//
// Where H is not a multiple of OH, windows may differ in size by one element, and neighbouring windows may share one.
// For example, H = 7 and OH = 3: rows 0 … 2, 2 … 4 and 4 … 6.
//
// One invocation computes one Value of the output: four channels where C is a multiple of 4. FLOPs: an addition per
// element of a window. Bytes: 4 · (H·W + OH·OW) · C per image: memory-bound.
//
// Reference: test/reference/pooling.ts. Read next: adaptive_average_gradient.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 24u; // outputs, in Values
const HEIGHT: u32 = 7u;
const WIDTH: u32 = 5u;
const CHANNELS: u32 = 4u; // in Values
const OUT_HEIGHT: u32 = 3u;
const OUT_WIDTH: u32 = 2u;
const WINDOW_HEIGHT: u32 = 4u; // of the largest window
const WINDOW_WIDTH: u32 = 3u;
const SOFTWARE: bool = false; // software adapter, where each unrolled load costs compile time:
const ROLLED: bool = SOFTWARE; // keep the loops as loops
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// The window of output `place` of `out` along an extent: its first element, and the one after its last.
fn window_start(place: u32, extent: u32, out: u32) -> u32 {
  return place * extent / out;
}
fn window_end(place: u32, extent: u32, out: u32) -> u32 {
  return ((place + 1u) * extent + out - 1u) / out;
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
  let column = (index / CHANNELS) % OUT_WIDTH;
  let row = (index / (CHANNELS * OUT_WIDTH)) % OUT_HEIGHT;
  let image = index / (CHANNELS * OUT_WIDTH * OUT_HEIGHT);
  let top = window_start(row, HEIGHT, OUT_HEIGHT);
  let left = window_start(column, WIDTH, OUT_WIDTH);
  let rows = window_end(row, HEIGHT, OUT_HEIGHT) - top;
  let columns = window_end(column, WIDTH, OUT_WIDTH) - left;
  let corner = ((image * HEIGHT + top) * WIDTH + left) * CHANNELS + channel;
  var sum = Value(0.0);
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var y = zero; y < WINDOW_HEIGHT; y++) {
    for (var x = zero; x < WINDOW_WIDTH; x++) {
      if (y < rows && x < columns) {
        sum += input[corner + (y * WIDTH + x) * CHANNELS];
      }
    }
  }
  output[index] = epilogue(sum / Value(f32(rows * columns)), index, channel);
}
