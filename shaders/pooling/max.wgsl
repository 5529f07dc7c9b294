// Max pooling, forward: the largest element of each window, and which one it was
//
//   y[n, oh, ow, c] = max over (kh, kw) of x[n, oh·SY − top + kh·DY, ow·SX − left + kw·DX, c]
//
//   input   [N, H, W, C]
//   output  [N, OH, OW, C]
//   argmax  the winner's tap (place in the window) kh·KW + kw, for the gradient. Four channels share a word, one byte
//           each, where C is a multiple of 4 and a window has at most 256 taps; else one word per element.
//
// For example, windows of 2 × 2 with stride 2:
//
//   1 3 2 0
//   4 2 1 1       4 2        argmax 2 0: in the first window the third of 1, 3, 4, 2 wins;
//   0 0 5 6   →   0 8               0 3  of the four equal zeros of the third window the first wins
//   0 0 7 8
//
// One invocation computes one Value of the output: four channels at once (vec4f) where they share a word, else one.
// Neighbouring invocations take neighbouring channels, so that their loads are coalesced. FLOPs: KH·KW comparisons
// per output. Bytes: 4 · (H·W + OH·OW) · C per image, and OH·OW·C for argmax: memory-bound.
//
// Taps in the padding are left out, so padding never wins. The search starts from the first tap inside the image, because
// WGSL has no literal for −∞. Later taps must be strictly larger. The first NaN wins against all numbers.
//
// Reference: test/reference/pooling.ts. Read next: max_gradient.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time
alias Tap = u32;

const SIZE: u32 = 64u; // outputs, in Values
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
const PADDED: bool = PAD_TOP > 0u || PAD_LEFT > 0u || (OUT_HEIGHT - 1u) * STRIDE_Y + SPAN_Y > HEIGHT || (OUT_WIDTH - 1u) * STRIDE_X + SPAN_X > WIDTH; // some window reaches over an edge
const SOFTWARE: bool = false; // software adapter, where each unrolled load costs compile time:
const ROLLED: bool = SOFTWARE && (PADDED || WINDOW_HEIGHT * WINDOW_WIDTH > 4u); // keep the loops as loops
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(5) var<storage, read_write> argmax: array<u32>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// Four taps as the bytes of a word: for Tap = vec4u the body becomes dot(taps, vec4u(1u, 256u, 65536u, 16777216u)).
fn pack_taps(taps: Tap) -> u32 {
  return taps;
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

  // The window's corner may lie before the image: u32 then wraps around to a huge number, which the comparisons with
  // HEIGHT and WIDTH reject like one behind the image.
  let top = row * STRIDE_Y - PAD_TOP;
  let left = column * STRIDE_X - PAD_LEFT;
  let corner = (image * HEIGHT * WIDTH + top * WIDTH + left) * CHANNELS + channel;

  // the first taps inside the image: the distance to it, rounded up to whole steps
  let first_y = (max(row * STRIDE_Y, PAD_TOP) - row * STRIDE_Y + DILATION_Y - 1u) / DILATION_Y;
  let first_x = (max(column * STRIDE_X, PAD_LEFT) - column * STRIDE_X + DILATION_X - 1u) / DILATION_X;
  var best = input[corner + (first_y * DILATION_Y * WIDTH + first_x * DILATION_X) * CHANNELS];
  var winner = Tap(first_y * WINDOW_WIDTH + first_x);
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var y = zero; y < WINDOW_HEIGHT; y++) {
    for (var x = zero; x < WINDOW_WIDTH; x++) {
      if (!PADDED || (top + y * DILATION_Y < HEIGHT && left + x * DILATION_X < WIDTH)) {
        let value = input[corner + (y * DILATION_Y * WIDTH + x * DILATION_X) * CHANNELS];
        let is_nan = (bitcast<Bits>(value) & Bits(0x7fffffffu)) > Bits(0x7f800000u);
        let known = (bitcast<Bits>(best) & Bits(0x7fffffffu)) <= Bits(0x7f800000u);
        let wins = (is_nan | (value > best)) & known;
        best = select(best, value, wins);
        winner = select(winner, Tap(y * WINDOW_WIDTH + x), wins);
      }
    }
  }
  output[index] = epilogue(best, index, channel);
  argmax[index] = pack_taps(winner);
}
