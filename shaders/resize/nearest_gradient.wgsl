// Nearest-neighbour upsampling by whole factors, gradient: the sum over an element's copies
//
//   dx[n, h, w, c] = Σ over i < FACTOR_Y, j < FACTOR_X of dy[n, h · FACTOR_Y + i, w · FACTOR_X + j, c]
//
//   gradient  dy [N, H · FACTOR_Y, W · FACTOR_X, C]
//   output    dx [N, H, W, C]
//
// One invocation sums one Value of the output, in a fixed order. FLOPs: 1 and bytes: 4 per element of dy.

alias Value = f32;

const SIZE: u32 = 64u; // inputs of the upsampling, in Values
const CHANNELS: u32 = 4u; // in Values
const WIDTH: u32 = 4u; // of the upsampling's input
const FACTOR_Y: u32 = 2u;
const FACTOR_X: u32 = 2u;
const SOFTWARE: bool = false; // a CPU runs this, whose compiler takes long over each copy of a load:
const ROLLED: bool = SOFTWARE && (FACTOR_Y * FACTOR_X > 1u); // keep the loops as loops
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>;
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

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
  let row = index / (CHANNELS * WIDTH); // images lie one below the other
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, which the compiler then cannot know
  var sum = Value(0.0);
  for (var i = zero; i < FACTOR_Y; i++) {
    for (var j = zero; j < FACTOR_X; j++) {
      let pixel = (row * FACTOR_Y + i) * (WIDTH * FACTOR_X) + x * FACTOR_X + j;
      sum += gradient[pixel * CHANNELS + channel];
    }
  }
  output[index] = epilogue(sum, index, channel);
}
