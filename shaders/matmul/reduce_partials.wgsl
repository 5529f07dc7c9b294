// Matrix product, second pass of split-K: add the partial sums
//
//   c[i] = epilogue(Σ_s partials[s, i])          s = 0 … SPLITS - 1, in this order
//
//   partials  [SPLITS, COUNT] Values, COUNT = BATCH · M · N / WIDTH, from 3_register_tiled.wgsl and others
//   c         [COUNT] Values
//
// One invocation computes one Value (WIDTH neighbouring columns). The order of the additions is fixed, so the result
// has the same bits in every run. Adding with atomics as the splits finish would not, and WGSL has no atomic floats.
// Bias and activation are applied here, because they need the whole sum.
//
// FLOPs SPLITS · BATCH · M · N; bytes 4 · (SPLITS + 1) · BATCH · M · N: memory-bound.
//
// Reference: test/reference/matmul.ts.

alias Value = vec4f; // WIDTH columns

const COUNT: u32 = 1024u;
const SPLITS: u32 = 4u;
const CHANNELS: u32 = 16u; // N / WIDTH
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> partials: array<Value>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= COUNT) {
    return;
  }
  var sum: Value;
  for (var s = 0u; s < SPLITS; s++) {
    sum += partials[s * COUNT + index];
  }
  c[index] = epilogue(sum, index, index % CHANNELS);
}
