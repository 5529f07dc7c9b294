// Normalization: y = γ (x − mean) / √(variance + ε) + β
//
//   input     x [OUTER, M, C]
//   mean      [OUTER, G], G groups of K = C / G neighbouring channels
//   variance  [OUTER, G]
//   gamma     γ [C], where SCALE
//   beta      β [C], where CENTER
//   output    y [OUTER, M, C]
//
// The mean is subtracted first: x·a + b with b = β − mean·a would lose digits where the mean is much larger than the
// standard deviation. An invocation takes STEPS elements of one channel, every BLOCKS-th row, so that it reads the
// channel's numbers once, and neighbours still read neighbouring addresses. Where each row has statistics of its own
// (VARYING; layer normalization: M = 1), the rows of all OUTER are taken together, so that γ and β are read once.
// FLOPs: 3 per element. Bytes: 8 per element: memory-bound.
//
// Reference: test/reference/normalization.ts. Read next: gradient_sums.wgsl, gradient_input.wgsl.

alias Value = f32;
alias Stat = f32; // vec4f only where K = 1

const SIZE: u32 = 64u; // invocations: OUTER · BLOCKS · CHANNELS
const CHANNELS: u32 = 64u; // C, in Values
const GROUPS: u32 = 64u; // G, in Stats
const RUN: u32 = 1u; // channels of a group, in Values
const ROWS: u32 = 1u; // M
const BLOCKS: u32 = 1u;
const STEPS: u32 = (ROWS + BLOCKS - 1u) / BLOCKS;
const EPSILON: f32 = 0.001;
const VARYING: bool = false; // each row has a mean and a variance of its own
const SCALE: bool = true;
const CENTER: bool = true;
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(1) var<storage, read> mean: array<Stat>;
@group(0) @binding(2) var<storage, read> variance: array<Stat>;
@group(0) @binding(3) var<storage, read> gamma: array<Value>;
@group(0) @binding(4) var<storage, read> beta: array<Value>;
@group(0) @binding(5) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let id = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (id >= SIZE) {
    return;
  }
  let channel = id % CHANNELS;
  let block = (id / CHANNELS) % BLOCKS;
  let outer = id / (CHANNELS * BLOCKS);
  var weight = Value(1.0);
  if (SCALE) {
    weight = gamma[channel];
  }
  var shift = Value(0.0);
  if (CENTER) {
    shift = beta[channel];
  }
  var center = Value(0.0);
  var factor = Value(0.0);
  if (!VARYING) {
    let group = outer * GROUPS + channel / RUN;
    center = Value(mean[group]);
    factor = weight * Value(inverseSqrt(variance[group] + Stat(EPSILON)));
  }
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var i = zero; i < STEPS; i++) {
    let row = i * BLOCKS + block;
    if (row < ROWS) {
      if (VARYING) {
        let group = row * GROUPS + channel / RUN;
        center = Value(mean[group]);
        factor = weight * Value(inverseSqrt(variance[group] + Stat(EPSILON)));
      }
      let index = (outer * ROWS + row) * CHANNELS + channel;
      output[index] = epilogue((input[index] - center) * factor + shift, index, channel);
    }
  }
}
