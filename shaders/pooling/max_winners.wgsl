// Max pooling, gradient of the gradient: the elements of another image at the places that won
//
//   y[n, oh, ow, c] = u[n, h, w, c] where (h, w) is the place that won the window (oh, ow) of channel c
//
//   input   u [N, H, W, C]
//   argmax  what max.wgsl stored: taps kh·KW + kw, four of them in a word where PACKED is 4; or where ADAPTIVE what
//           adaptive_max.wgsl stored: places h·W + w
//   output  [N, OH, OW, C]
//
// The gradient of max pooling, dx = A dy, puts each dy where its window's winner is: A is a matrix of zeros and ones.
// Its own gradient by dy is Aᵀ u: it fetches from where the other has put. A gather again: no atomics, no order to fix.
//
// One invocation fetches one element. No FLOPs. Bytes: 4 written, 8 read (5 where taps are packed): memory-bound.
//
// Reference: test/reference/pooling.ts.

const SIZE: u32 = 64u; // outputs
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
const CHANNELS: u32 = 4u;
const OUT_HEIGHT: u32 = 4u;
const OUT_WIDTH: u32 = 4u;
const WINDOW_WIDTH: u32 = 2u;
const STRIDE_Y: u32 = 2u;
const STRIDE_X: u32 = 2u;
const DILATION_Y: u32 = 1u; // between neighbouring taps
const DILATION_X: u32 = 1u;
const PAD_TOP: u32 = 0u;
const PAD_LEFT: u32 = 0u;
const ADAPTIVE: bool = false;
const PACKED: u32 = 1u; // taps in a word: 1 or 4
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> argmax: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

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
  var place = argmax[index / PACKED];
  if (PACKED == 4u) {
    place = (place >> (8u * (index % 4u))) & 255u;
  }
  if (!ADAPTIVE) {
    // A winner lies inside the image, so what the padding takes off comes back with the tap.
    let y = row * STRIDE_Y + (place / WINDOW_WIDTH) * DILATION_Y - PAD_TOP;
    let x = column * STRIDE_X + (place % WINDOW_WIDTH) * DILATION_X - PAD_LEFT;
    place = y * WIDTH + x;
  }
  output[index] = input[(image * HEIGHT * WIDTH + place) * CHANNELS + channel];
}
