// Gradient of a convolution with respect to its weights, second pass: add the slices
//
//   dw[i] = epilogue(Σ_s partials[s, i])         i < WEIGHTS
//   db[i - WEIGHTS] = Σ_s partials[s, i]         otherwise: the row of ones (see grad_filter_2_direct.wgsl)
//
//   partials  [SLICES, SIZE] Values; SIZE = WEIGHTS, plus the output channels where BIAS
//   dw        [WEIGHTS] Values
//   db        [SIZE - WEIGHTS] Values: the gradient of the bias
//
// One invocation computes one Value. The order of the additions is fixed, so the result has the same bits in every run.
// Adding with atomics as the slices finish would not, and WGSL has no atomic floats.
//
// FLOPs SLICES · SIZE; bytes 4 · (SLICES + 1) · SIZE, with SIZE in numbers: memory-bound.
//
// Reference: test/reference/conv2d.ts. Read next: grad_filter_reduce_workgroup.wgsl.

alias Value = f32; // vec4f or f32

const WEIGHTS: u32 = 108u;
const SIZE: u32 = 108u;
const BIAS: bool = false;
const SLICES: u32 = 2u;
const CHANNELS: u32 = 4u; // output channels, in Values
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> partials: array<Value>;
@group(0) @binding(4) var<storage, read_write> dw: array<Value>;
@group(0) @binding(5) var<storage, read_write> db: array<Value>;
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
  var sum: Value;
  for (var at = index; at < SLICES * SIZE; at += SIZE) {
    sum += partials[at];
  }
  if (!BIAS || index < WEIGHTS) {
    dw[index] = epilogue(sum, index, index % CHANNELS);
  } else {
    db[index - WEIGHTS] = sum;
  }
}
