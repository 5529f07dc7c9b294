// Gradient of a convolution with respect to its weights, second pass: add the slices, several invocations per sum
//
//   dw[i] = epilogue(Σ_s partials[s, i])         i < WEIGHTS
//   db[i - WEIGHTS] = Σ_s partials[s, i]         otherwise: the row of ones (see grad_filter_2_direct.wgsl)
//
// Buffers are those of grad_filter_reduce.wgsl, where one invocation adds all SLICES. A small filter has hundreds of
// slices and a few hundred sums: too few invocations for a GPU, each waiting for one load after another. Here LANES
// invocations share a sum. Each adds every LANES-th slice, and the first one adds their results. The order of the
// additions is fixed, so the result has the same bits in every run.
//
// A workgroup computes VALUES neighbouring Values. Invocations that share a sum lie VALUES apart, so that neighbouring
// invocations read neighbouring Values of a slice.
//
// FLOPs SLICES · SIZE; bytes 4 · (SLICES + 1) · SIZE, with SIZE in numbers: memory-bound.
//
// Reference: test/reference/conv2d.ts.

alias Value = f32; // vec4f or f32

const WEIGHTS: u32 = 108u;
const SIZE: u32 = 108u;
const BIAS: bool = false;
const SLICES: u32 = 40u;
const CHANNELS: u32 = 4u; // output channels, in Values
const VALUES: u32 = 4u; // neighbouring Values of a workgroup // @tune 4 8 16
const LANES: u32 = 16u; // invocations that share a sum // @tune 4 8 16
const GRID_X: u32 = 65535u; // workgroups along x

const WORKGROUP_SIZE: u32 = VALUES * LANES;

@group(0) @binding(0) var<storage, read> partials: array<Value>;
@group(0) @binding(4) var<storage, read_write> dw: array<Value>;
@group(0) @binding(5) var<storage, read_write> db: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;
var<workgroup> sums: array<Value, WORKGROUP_SIZE>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let local = local_id.x;
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * VALUES + local % VALUES;
  var sum: Value;
  if (index < SIZE) {
    for (var at = local / VALUES * SIZE + index; at < SLICES * SIZE; at += LANES * SIZE) {
      sum += partials[at];
    }
  }
  sums[local] = sum;
  workgroupBarrier();
  if (local >= VALUES || index >= SIZE) {
    return;
  }
  for (var lane = 1u; lane < LANES; lane++) {
    sum += sums[lane * VALUES + local];
  }
  if (!BIAS || index < WEIGHTS) {
    dw[index] = epilogue(sum, index, index % CHANNELS);
  } else {
    db[index - WEIGHTS] = sum;
  }
}
