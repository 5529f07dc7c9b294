// Gradient of a gather along the first axis 2: each row of the table adds up the slices of dy that came from it
//
//   dx[e, i] = Σ over the k with indices[k] = e of dy[k, i]
//
//   gradient  dy [COUNT, INNER]
//   indices   i32 [COUNT]
//   next      u32 [COUNT] and heads u32 [EXTENT]: the chain of the places of each index, see gather_links.wgsl
//   output    dx [EXTENT, INNER]
//
// gather_gradient.wgsl compares every row of the table with every index: EXTENT · COUNT comparisons for each inner Value. For a
// vocabulary of thousands of words that is nearly all of its time. Here a row follows the chain of its own places, in the same
// order, so the sums have the same bits; rows without any see so at once. One invocation owns one Value of dx.
// COUNT · INNER FLOPs; bytes 4 · (dy + dx), and the chains.
//
// Reference: test/reference/movement.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 80u; // outputs, in Values
const COUNT: u32 = 8u;
const INNER: u32 = 8u; // in Values
const CHANNELS: u32 = 8u; // innermost dimension of the output, in Values
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read> next: array<u32>;
@group(0) @binding(3) var<storage, read> heads: array<u32>;
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
  let row = index / INNER;
  var place = min(heads[row], COUNT - 1u);
  if (indices[place] != i32(row)) {
    place = COUNT; // nobody wrote this head: no place has the index
  }
  var sum = Value(0);
  for (var turn = workgroup_id.z; turn < COUNT; turn++) { // at most so often
    if (place >= COUNT) {
      break;
    }
    sum += gradient[place * INNER + index % INNER];
    place = next[place];
  }
  output[index] = epilogue(sum, index, index % CHANNELS);
}
