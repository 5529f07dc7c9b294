// Gather: takes slices of a tensor by index, such as rows of an embedding table
//
//   y[o, k, i] = x[o, indices[k], i]            and 0 where an index is outside [0, EXTENT)
//   y[o, k, i] = x[o, indices[o, k, i], i]      ALONG: every element has an index of its own
//
//   input    x [outer, EXTENT, INNER]
//   indices  i32 [COUNT], or [outer, COUNT, INNER] where ALONG
//   output   y [outer, COUNT, INNER]
//
// One invocation copies one Value, a vec4f where the inner dimension allows it.
// No FLOPs; 8 bytes per element and 4 per index. ALONG, a Value is one element.
//
// Reference: test/reference/movement.ts. Read next: gather_gradient.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 64u; // outputs, in Values
const EXTENT: u32 = 10u;
const COUNT: u32 = 8u;
const ALONG: bool = false;
const INNER: u32 = 8u; // in Values
const CHANNELS: u32 = 8u; // innermost dimension of the output, in Values
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
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
  let picked = u32(indices[select(index / INNER % COUNT, index, ALONG)]); // a negative index becomes a huge one
  var value = Value(0);
  if (picked < EXTENT) {
    value = input[((index / (INNER * COUNT)) * EXTENT + picked) * INNER + index % INNER];
  }
  output[index] = epilogue(value, index, index % CHANNELS);
}
