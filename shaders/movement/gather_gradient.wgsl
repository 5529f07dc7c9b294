// Gradient of a gather: each slice of dy is added to the slice of x that it came from
//
//   dx[o, e, i] = Σ over the k with indices[k] = e of dy[o, k, i]
//
// ALONG, every element has an index of its own, indices[o, k, i]. With LAST, the last dy of a slice takes its place, and
// nothing is added: a scatter that overwrites.
//
//   gradient  dy [outer, COUNT, INNER]
//   indices   i32 [COUNT], or [outer, COUNT, INNER] where ALONG
//   output    dx [outer, EXTENT, INNER]
//
// Adding each dy where its index points would need atomic adds, which WGSL lacks for floats and whose order would
// change from run to run. Instead one invocation owns one Value of dx and goes through all indices in order: no
// conflicts, and the same bits in every run, at the price of EXTENT · COUNT comparisons per inner Value. That is cheap
// up to about ten million pairs. COUNT · INNER FLOPs and bytes 4 · (dy + dx) per outer slice; each dy is read once.
//
// Reference: test/reference/movement.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 80u; // outputs, in Values
const EXTENT: u32 = 10u;
const COUNT: u32 = 8u;
const ALONG: bool = false;
const LAST: bool = false;
const INNER: u32 = 8u; // in Values
const CHANNELS: u32 = 8u; // innermost dimension of the output, in Values
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
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
  let owned = i32((index / INNER) % EXTENT);
  let base = (index / (INNER * EXTENT)) * COUNT * INNER + index % INNER;
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  var sum = Value(0);
  for (var k = zero; k < COUNT; k++) {
    if (indices[select(k, base + k * INNER, ALONG)] == owned) {
      sum = select(sum, Value(0), LAST) + gradient[base + k * INNER];
    }
  }
  output[index] = epilogue(sum, index, index % CHANNELS);
}
