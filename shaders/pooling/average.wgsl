// Average pooling, forward: the mean of each window, padding not counted
//
//   y[n, oh, ow, c] = (1 / count) · Σ over (kh, kw) of x[n, oh·SY − top + kh·DY, ow·SX − left + kw·DX, c]
//
// where the sum and `count` leave out taps (kh, kw) in the padding, as in TensorFlow and Keras.
//
//   input   [N, H, W, C]
//   output  [N, OH, OW, C]
//
// One invocation computes one Value of the output: four channels at once (vec4f) where C is a multiple of 4.
// FLOPs: KH·KW additions per output. Bytes: 4 · (H·W + OH·OW) · C per image: memory-bound.
//
// Reference: test/reference/pooling.ts. Read next: average_gradient.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time

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
  let column = (index / CHANNELS) % OUT_WIDTH;
  let row = (index / (CHANNELS * OUT_WIDTH)) % OUT_HEIGHT;
  let image = index / (CHANNELS * OUT_WIDTH * OUT_HEIGHT);

  // A corner before the image wraps around to a huge number, which `< HEIGHT` and `< WIDTH` reject.
  let top = row * STRIDE_Y - PAD_TOP;
  let left = column * STRIDE_X - PAD_LEFT;
  let corner = (image * HEIGHT * WIDTH + top * WIDTH + left) * CHANNELS + channel;
  var sum = Value(0.0);
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var y = zero; y < WINDOW_HEIGHT; y++) {
    for (var x = zero; x < WINDOW_WIDTH; x++) {
      if (!PADDED || (top + y * DILATION_Y < HEIGHT && left + x * DILATION_X < WIDTH)) {
        sum += input[corner + (y * DILATION_Y * WIDTH + x * DILATION_X) * CHANNELS];
      }
    }
  }
  let rows = taps_inside(row * STRIDE_Y, WINDOW_HEIGHT, DILATION_Y, PAD_TOP, HEIGHT);
  let columns = taps_inside(column * STRIDE_X, WINDOW_WIDTH, DILATION_X, PAD_LEFT, WIDTH);
  output[index] = epilogue(sum / Value(f32(rows * columns)), index, channel);
}
