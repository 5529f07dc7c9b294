// Max pooling, gradient where windows do not overlap: one invocation per window
//
//   dx[n, h, w, c] = dy[n, oh, ow, c]   where argmax[n, oh, ow, c] is the tap of (h, w), else 0
//
//   gradient  dL/dy [N, OH, OW, C]
//   argmax    winners' taps kh·KW + kw, packed as max.wgsl stored them
//   output    dL/dx [N, H, W, C]
//
// With a stride of at least the window, every input element lies in at most one window. The image is cut into cells of
// SY × SX elements, each with one window at its corner (the last cells may have none). One invocation reads its window's
// dy and argmax once and writes the whole cell, zeros included. The general gather (max_gradient.wgsl) reads both again
// for each element: for 2 × 2 windows this version reads 5 bytes per window and channel, that one 20. On software
// adapters loads dominate the cost. No FLOPs. Bytes: 4·H·W·C written, 5·OH·OW·C read per image.
//
// Reference: test/reference/pooling.ts.

alias Value = f32;
alias Tap = u32;

const SIZE: u32 = 64u; // cells times channels, in Values
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
const CELLS_Y: u32 = (HEIGHT + PAD_TOP + STRIDE_Y - 1u) / STRIDE_Y;
const CELLS_X: u32 = (WIDTH + PAD_LEFT + STRIDE_X - 1u) / STRIDE_X;
const RAGGED: bool = PAD_TOP > 0u || PAD_LEFT > 0u || CELLS_Y * STRIDE_Y > HEIGHT || CELLS_X * STRIDE_X > WIDTH; // some cell reaches over an edge
const PARTIAL: bool = CELLS_Y > OUT_HEIGHT || CELLS_X > OUT_WIDTH; // some cell has no window
const SOFTWARE: bool = false; // software adapter, where each unrolled load costs compile time:
const ROLLED: bool = SOFTWARE && (RAGGED || STRIDE_Y * STRIDE_X > 4u); // keep the loops as loops
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
  let column = (index / CHANNELS) % CELLS_X;
  let row = (index / (CHANNELS * CELLS_X)) % CELLS_Y;
  let image = index / (CHANNELS * CELLS_X * CELLS_Y);

  var arriving = Value(0.0);
  var winner = Tap(0u);
  if (!PARTIAL || (row < OUT_HEIGHT && column < OUT_WIDTH)) {
    let window = ((image * OUT_HEIGHT + row) * OUT_WIDTH + column) * CHANNELS + channel;
    arriving = gradient[window];
    winner = unpack_taps(argmax[window]);
  }

  // A cell that begins before the image wraps around, and fails the comparisons below.
  let top = row * STRIDE_Y - PAD_TOP;
  let left = column * STRIDE_X - PAD_LEFT;
  let corner = (image * HEIGHT * WIDTH + top * WIDTH + left) * CHANNELS + channel;
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var y = zero; y < STRIDE_Y; y++) {
    for (var x = zero; x < STRIDE_X; x++) {
      if (!RAGGED || (top + y < HEIGHT && left + x < WIDTH)) {
        let inside = y < SPAN_Y && x < SPAN_X && y % DILATION_Y == 0u && x % DILATION_X == 0u;
        let tap = select(0xffffffffu, (y / DILATION_Y) * WINDOW_WIDTH + x / DILATION_X, inside);
        let place = corner + (y * WIDTH + x) * CHANNELS;
        output[place] = epilogue(select(Value(0.0), arriving, winner == Tap(tap)), place, channel);
      }
    }
  }
}
