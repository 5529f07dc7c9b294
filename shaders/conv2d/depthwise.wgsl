// Depthwise convolution: each channel has a kernel of its own
//
//   output[n, y, x, c] = Σ_{a, b}  input[n, y·STRIDE + a·DILATION + ORIGIN, (x likewise), c] · weights[a, b, c]
//
//   input    [BATCH, IN…, CHANNELS]             Values
//   weights  [PHASES…, TAPS…, CHANNELS]         Values
//   output   [BATCH, OUT…, CHANNELS]            Values
//
// A convolution with as many groups as channels. It has no sum over channels, so it is not a matrix product, only an
// elementwise product for each tap. Neighbouring invocations take neighbouring channels, four to a Value where 4 divides
// them, and so read and write neighbouring addresses. One invocation computes COLUMNS neighbouring outputs, so that a
// weight is loaded once for all of them.
//
// FLOPs 2 · TAPS per output; bytes at least 8 per output at stride 1: memory-bound on any GPU.
// With phases (see 2_direct.wgsl) this file also computes the input gradient.
//
// Reference: test/reference/conv2d.ts.

alias Value = f32; // channels: vec4f or f32

// Pairs are along [height, width]; constants as in 2_direct.wgsl.
const BATCH: u32 = 2u;
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const CHANNELS: u32 = 4u; // in Values
const STRIDE: array<u32, 2> = array<u32, 2>(1u, 1u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const PADDED: bool = false;
const TAPS: array<u32, 2> = array<u32, 2>(3u, 3u);
const PHASES: array<u32, 2> = array<u32, 2>(1u, 1u);
const PHASE_OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const PHASE_TAPS_H: array<u32, 1> = array<u32, 1>(3u);
const PHASE_TAPS_W: array<u32, 1> = array<u32, 1>(3u);
const ORIGIN_H: array<i32, 1> = array<i32, 1>(0);
const ORIGIN_W: array<i32, 1> = array<i32, 1>(0);

const COLUMNS: u32 = 4u; // neighbouring outputs per invocation // @tune 1 2 4 8
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u;

const TILES_W: u32 = (PHASE_OUT[1] + COLUMNS - 1u) / COLUMNS;

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(1) var<storage, read> weights: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let lane = (workgroup_id.z * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  let channel = lane % CHANNELS;
  let column = lane / CHANNELS % TILES_W * COLUMNS;
  let row = lane / (CHANNELS * TILES_W) % PHASE_OUT[0];
  let n = lane / (CHANNELS * TILES_W * PHASE_OUT[0]);
  let phase_h = workgroup_id.y / PHASES[1];
  let phase_w = workgroup_id.y % PHASES[1];
  if (n >= BATCH) {
    return;
  }

  var sum: array<Value, COLUMNS>;
  for (var tap = 0u; tap < TAPS[0] * TAPS[1]; tap++) {
    let a = tap / TAPS[1];
    let b = tap % TAPS[1];
    let y = i32(row * STRIDE[0] + a * DILATION[0]) + ORIGIN_H[phase_h];
    let met = (PHASES[0] == 1u || a < PHASE_TAPS_H[phase_h]) && (PHASES[1] == 1u || b < PHASE_TAPS_W[phase_w]);
    if (met && (!PADDED || u32(y) < IN[0])) {
      let weight = weights[(workgroup_id.y * (TAPS[0] * TAPS[1]) + tap) * CHANNELS + channel];
      let in_row = (n * IN[0] + u32(y)) * IN[1] * CHANNELS + channel;
      // @unroll
      for (var p = 0u; p < COLUMNS; p++) {
        let x = u32(i32((column + p) * STRIDE[1] + b * DILATION[1]) + ORIGIN_W[phase_w]);
        let value = input[in_row + min(x, IN[1] - 1u) * CHANNELS];
        sum[p] += select(Value(), value, !PADDED || x < IN[1]) * weight;
      }
    }
  }

  let y = row * PHASES[0] + phase_h;
  // @unroll
  for (var p = 0u; p < COLUMNS; p++) {
    let x = (column + p) * PHASES[1] + phase_w;
    if (y < OUT[0] && x < OUT[1]) {
      let index = ((n * OUT[0] + y) * OUT[1] + x) * CHANNELS + channel;
      output[index] = epilogue(sum[p], index, channel);
    }
  }
}
