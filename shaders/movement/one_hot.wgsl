// One-hot encoding: y[k, d] = 1 where indices[k] = d, else 0
//
//   indices  i32 [count]
//   output   y [count, DEPTH]; an index outside [0, DEPTH) gives a row of zeros
//
// One invocation computes one element. No FLOPs; 4 bytes written per element.
//
// Reference: test/reference/movement.ts.

alias Value = f32;

const SIZE: u32 = 80u; // outputs
const DEPTH: u32 = 10u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> indices: array<i32>;
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
  if (index < SIZE) {
    let hot = u32(indices[index / DEPTH]) == index % DEPTH;
    output[index] = epilogue(select(Value(0.0), Value(1.0), hot), index, index % DEPTH);
  }
}
