// Adaptive average pooling, gradient: each output's gradient is divided equally among the elements of its window
//
//   dx[n, h, w, c] = Σ over the windows (oh, ow) that contain (h, w) of dy[n, oh, ow, c] / size(oh, ow)
//
//   gradient  dL/dy [N, OH, OW, C]
//   output    dL/dx [N, H, W, C]
//
// One invocation computes one Value of the output by gathering from every window that contains it, in a fixed order. Row
// h lies in the windows from oh = ⌊h · OH / H⌋ to ⌊((h + 1) · OH − 1) / H⌋; columns likewise.
// FLOPs: 2 per window over an element. Bytes: 4·H·W·C written, 4 read per window over an element, mostly from cache.
//
// Reference: test/reference/pooling.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 140u; // inputs of the pool, in Values
const HEIGHT: u32 = 7u;
const WIDTH: u32 = 5u;
const CHANNELS: u32 = 4u; // in Values
const OUT_HEIGHT: u32 = 3u;
const OUT_WIDTH: u32 = 2u;
const OVERLAP_Y: u32 = 2u; // the largest number of windows over one row
const OVERLAP_X: u32 = 2u;
const SOFTWARE: bool = false; // software adapter, where each unrolled load costs compile time:
const ROLLED: bool = SOFTWARE; // keep the loops as loops
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
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
  let x = (index / CHANNELS) % WIDTH;
  let y = (index / (CHANNELS * WIDTH)) % HEIGHT;
  let image = index / (CHANNELS * WIDTH * HEIGHT);
  let first_row = y * OUT_HEIGHT / HEIGHT;
  let first_column = x * OUT_WIDTH / WIDTH;
  let last_row = ((y + 1u) * OUT_HEIGHT - 1u) / HEIGHT;
  let last_column = ((x + 1u) * OUT_WIDTH - 1u) / WIDTH;
  var sum = Value(0.0);
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var i = zero; i < OVERLAP_Y; i++) {
    let row = first_row + i;
    let rows = window_end(row, HEIGHT, OUT_HEIGHT) - window_start(row, HEIGHT, OUT_HEIGHT);
    for (var j = zero; j < OVERLAP_X; j++) {
      let column = first_column + j;
      let columns = window_end(column, WIDTH, OUT_WIDTH) - window_start(column, WIDTH, OUT_WIDTH);
      if (row <= last_row && column <= last_column) {
        let window = ((image * OUT_HEIGHT + row) * OUT_WIDTH + column) * CHANNELS + channel;
        sum += gradient[window] / Value(f32(rows * columns));
      }
    }
  }
  output[index] = epilogue(sum, index, channel);
}
