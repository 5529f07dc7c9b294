// Elementwise map: output[i] = fused(inputs at i)
//
// A whole chain of elementwise ops (add a bias, multiply, apply an activation, …) runs in one pass over memory: TypeScript
// replaces the body of `fused` by calls of functions from shaders/shared. This is called fusion.
//
//   output  [SIZE] Values, any shape, row-major
//   in_k    broadcast to the output's shape; read in one of four ways, cheapest first:
//             in_k[index]      same shape
//             in_k[channel]    a vector along the innermost dimension (a bias)
//             in_k[0]          a scalar
//             in_k[offset(…)]  anything else: the coordinates of `index` times the strides of the
//                              input, where a broadcast dimension has stride 0
//
// One invocation computes one Value: a vec4f where the innermost dimensions are multiples of 4, else an f32.
// Bytes: 4 · elements · (inputs + 1); FLOPs: those of the chain. Always memory-bound: k separate ops would take k passes
// over memory, k fused ones take one.
//
// Reference: test/reference/elementwise.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 64u; // output elements, in Values
const CHANNELS: u32 = 8u; // innermost dimension, in Values
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x
const RANK: u32 = 2u;
const SHAPE: array<u32, 2> = array<u32, 2>(8u, 8u);
const STRIDES_0: array<u32, 2> = array<u32, 2>(8u, 1u);
const STRIDES_1: array<u32, 2> = array<u32, 2>(8u, 1u);
const STRIDES_2: array<u32, 2> = array<u32, 2>(8u, 1u);
const STRIDES_3: array<u32, 2> = array<u32, 2>(8u, 1u);
const STRIDES_4: array<u32, 2> = array<u32, 2>(8u, 1u);
const STRIDES_5: array<u32, 2> = array<u32, 2>(8u, 1u);

@group(0) @binding(0) var<storage, read> in_0: array<Value>;
@group(0) @binding(1) var<storage, read> in_1: array<Value>;
@group(0) @binding(2) var<storage, read> in_2: array<Value>;
@group(0) @binding(3) var<storage, read> in_3: array<Value>;
@group(0) @binding(4) var<storage, read> in_4: array<Value>;
@group(0) @binding(5) var<storage, read> in_5: array<Value>;
@group(0) @binding(6) var<storage, read_write> output: array<Value>;

fn offset(index: u32, strides: array<u32, RANK>) -> u32 {
  var rest = index;
  var result = 0u;
  // @unroll
  for (var i = 0u; i < RANK; i++) {
    result += (rest % SHAPE[RANK - 1u - i]) * strides[RANK - 1u - i];
    rest = rest / SHAPE[RANK - 1u - i];
  }
  return result;
}

fn fused(index: u32, channel: u32) -> Value {
  return in_0[index];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index < SIZE) {
    output[index] = fused(index, index % CHANNELS);
  }
}
