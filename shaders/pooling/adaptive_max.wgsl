// Adaptive max pooling, forward: the largest element of windows that cover an image of any size
//
//   y[n, oh, ow, c] = max of x[n, h, w, c] over the window (oh, ow):
//   rows ⌊oh · H / OH⌋ … ⌈(oh + 1) · H / OH⌉ − 1, and columns likewise
//
//   input   [N, H, W, C]
//   output  [N, OH, OW, C]
//   argmax  the winner's place h·W + w in its image, for the gradient, [N, OH, OW, C]
//
// One invocation computes one Value of the output. Of equal elements the first wins, row by row; the first NaN wins
// against all numbers. FLOPs: a comparison per element of a window.
// Bytes: 4 · (H·W + 2·OH·OW) · C per image: memory-bound.
//
// Reference: test/reference/pooling.ts. Read next: adaptive_max_gradient.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time
alias Place = u32; // as wide as Value

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
@group(0) @binding(5) var<storage, read_write> argmax: array<Place>;
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
  let start = image * HEIGHT * WIDTH;
  let corner = top * WIDTH + left;
  var best = input[(start + corner) * CHANNELS + channel];
  var winner = Place(corner);
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var y = zero; y < WINDOW_HEIGHT; y++) {
    for (var x = zero; x < WINDOW_WIDTH; x++) {
      if (y < rows && x < columns) {
        let place = corner + y * WIDTH + x;
        let value = input[(start + place) * CHANNELS + channel];
        let is_nan = (bitcast<Bits>(value) & Bits(0x7fffffffu)) > Bits(0x7f800000u);
        let known = (bitcast<Bits>(best) & Bits(0x7fffffffu)) <= Bits(0x7f800000u);
        let wins = (is_nan | (value > best)) & known;
        best = select(best, value, wins);
        winner = select(winner, Place(place), wins);
      }
    }
  }
  output[index] = epilogue(best, index, channel);
  argmax[index] = winner;
}
