// Max pooling, gradient: each output's gradient goes to the element that won
//
//   dx[n, h, w, c] = Σ over the windows (oh, ow) that contain (h, w) of
//                    dy[n, oh, ow, c]   where argmax[n, oh, ow, c] is the tap of (h, w), else 0
//
//   gradient  dL/dy [N, OH, OW, C]
//   argmax    winners' taps kh·KW + kw, packed as max.wgsl stored them
//   output    dL/dx [N, H, W, C]
//
// One invocation computes one Value of the output by looking at every window that contains it: a gather. The opposite,
// adding each dy to its winner, would need atomic adds where windows overlap, and WGSL has none for floats. A gather
// needs none, and its sum has a fixed order, so every run gives the same bits.
// Row h lies in the windows oh = ⌊(h + top) / SY⌋ − i for i = 0, 1, … ⌈span / SY⌉ − 1, with span = (KH − 1)·DY + 1, at the
// tap kh = (h + top − oh·SY) / DY where that is an integer; columns likewise. FLOPs: 1 per window over an element.
// Bytes: 4·H·W·C written, about ⌈KH/SY⌉·⌈KW/SX⌉·5 read per element, mostly from cache.
//
// Reference: test/reference/pooling.ts. Read next: max_gradient_cells.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time
alias Tap = u32;

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
@group(0) @binding(1) var<storage, read> argmax: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// For Tap = vec4u the body becomes the four bytes of the word, lowest first.
fn unpack_taps(word: u32) -> Tap {
  return word;
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
    let from_top = padded_y - row * STRIDE_Y;
    for (var j = zero; j < OVERLAP_X; j++) {
      let column = padded_x / STRIDE_X - j;
      let from_left = padded_x - column * STRIDE_X;
      let on_tap = from_top % DILATION_Y == 0u && from_left % DILATION_X == 0u;
      if (row < OUT_HEIGHT && column < OUT_WIDTH && from_top < SPAN_Y && from_left < SPAN_X && on_tap) {
        let tap = (from_top / DILATION_Y) * WINDOW_WIDTH + from_left / DILATION_X;
        let window = ((image * OUT_HEIGHT + row) * OUT_WIDTH + column) * CHANNELS + channel;
        let won = unpack_taps(argmax[window]) == Tap(tap);
        sum += select(Value(0.0), gradient[window], won);
      }
    }
  }
  output[index] = epilogue(sum, index, channel);
}
