// Nearest-neighbour resizing, gradient: the sum over an element's copies
//
//   dx[n, h, w, c] = Σ over the oh with ⌊(oh + offset) · H / OH⌋ = h, and the ow likewise, of dy[n, oh, ow, c]
//
//   gradient  dy [N, OH, OW, C]
//   output    dx [N, H, W, C]
//
// One invocation sums one Value of the output, in a fixed order. Its copies are the oh from first(h) to first(h + 1) − 1,
// with first(h) = ⌈h · OH / H − offset⌉: at most ⌈OH / H⌉, and none for pixels that a smaller image leaves out.
// FLOPs: 1 per element of dy. Bytes: 4 read per element of dy, 4 written per element of dx.
//
// Reference: test/reference/resize.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 64u; // inputs of the resizing, in Values
const CHANNELS: u32 = 4u; // in Values
const HEIGHT: u32 = 4u; // of the resizing's input
const WIDTH: u32 = 4u;
const OUT_HEIGHT: u32 = 8u;
const OUT_WIDTH: u32 = 8u;
const TWICE_OFFSET: u32 = 0u; // 0 or 1
const COPIES_Y: u32 = (OUT_HEIGHT + HEIGHT - 1u) / HEIGHT; // the largest number of copies
const COPIES_X: u32 = (OUT_WIDTH + WIDTH - 1u) / WIDTH;
const EVEN: bool = OUT_HEIGHT % HEIGHT == 0u && OUT_WIDTH % WIDTH == 0u; // every pixel has as many copies
const SOFTWARE: bool = false; // software adapter, where each unrolled load costs compile time:
const ROLLED: bool = SOFTWARE && (COPIES_Y * COPIES_X > 1u); // keep the loops as loops
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// ⌈place · out / extent − offset⌉, never below 0; everything is doubled, so that integers suffice.
fn first_copy(place: u32, out: u32, extent: u32) -> u32 {
  let doubled = 2u * place * out + 2u * extent - 1u; // to round up
  return (max(doubled, TWICE_OFFSET * extent) - TWICE_OFFSET * extent) / (2u * extent);
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
  let top = first_copy(y, OUT_HEIGHT, HEIGHT);
  let left = first_copy(x, OUT_WIDTH, WIDTH);
  let bottom = first_copy(y + 1u, OUT_HEIGHT, HEIGHT);
  let right = first_copy(x + 1u, OUT_WIDTH, WIDTH);
  let corner = (image * OUT_HEIGHT + top) * OUT_WIDTH + left;
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  var sum = Value(0.0);
  for (var i = zero; i < COPIES_Y; i++) {
    for (var j = zero; j < COPIES_X; j++) {
      if (EVEN || (top + i < bottom && left + j < right)) {
        sum += gradient[(corner + i * OUT_WIDTH + j) * CHANNELS + channel];
      }
    }
  }
  output[index] = epilogue(sum, index, channel);
}
