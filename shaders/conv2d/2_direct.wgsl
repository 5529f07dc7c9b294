// Convolution 2: direct, from registers
//
//   output[n, y, x, oc] = Σ_{a, b, ic}  input[n, y·STRIDE + a·DILATION + ORIGIN, (x likewise), ic]
//                                     · weights[a, b, ic, oc]          (a, b: taps; outside the input: 0)
//
//   input    [BATCH, IN…, GROUPS · GROUP_IN]         f32
//   weights  [PHASES…, TAPS…, GROUP_IN, OUT_C]       Values
//   output   [BATCH, OUT…, OUT_C]                    Values
//
// One invocation computes COLUMNS neighbouring outputs of one row, CHANNELS Values of channels each, and keeps all
// these sums in registers. For every tap and input channel it loads COLUMNS inputs and CHANNELS Values of weights and
// multiplies each with each, so a larger block makes more products per load. With few channels TAP_RUN neighbouring
// taps share one strip of loaded inputs. There is no workgroup memory and no barrier. This suits first layers (one to
// four input channels) on a GPU, and every layer on a software adapter: there a load costs as much as ten
// multiply-adds, and a barrier as much as two hundred.
//
// Neighbouring invocations take BATCH_LANES different images. With as many as the workgroup has invocations, all of
// them are at the same row, and skip the rows of taps that lie in the padding without divergence.
//
// Phases: the input gradient of a convolution of stride s writes rows f, f + s, f + 2s, … in phase f. Each phase is a
// dense convolution of stride 1 with the taps that meet it (see phase_weights.wgsl). A forward convolution has one phase.
//
// FLOPs 2 · BATCH · OUT · OUT_C · (taps that meet an output) · GROUP_IN; bytes at least 4 · (input + weights + output).
// Reference: test/reference/conv2d.ts. Read next: 3_implicit_gemm.wgsl for GPUs, 4_broadcast.wgsl for software adapters.

alias Value = f32; // output channels: vec4f, vec2f or f32

// Pairs are along [height, width].
const BATCH: u32 = 2u;
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 1u; // input channels of a group
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const OUT_C: u32 = 8u; // output channels of all groups, in Values
const STRIDE: array<u32, 2> = array<u32, 2>(1u, 1u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const PADDED: bool = false; // some tap may fall outside the input

const TAPS: array<u32, 2> = array<u32, 2>(3u, 3u); // of the largest phase
const PHASES: array<u32, 2> = array<u32, 2>(1u, 1u);
const PHASE_OUT: array<u32, 2> = array<u32, 2>(6u, 6u); // outputs of the largest phase
const PHASE_TAPS_H: array<u32, 1> = array<u32, 1>(3u); // by phase: its taps
const PHASE_TAPS_W: array<u32, 1> = array<u32, 1>(3u);
const ORIGIN_H: array<i32, 1> = array<i32, 1>(0); // by phase: input row of its first output at tap 0
const ORIGIN_W: array<i32, 1> = array<i32, 1>(0);

const COLUMNS: u32 = 4u; // neighbouring outputs per invocation // @tune 4 6 8 12
const CHANNELS: u32 = 8u; // in Values; divides OUT_C / GROUPS // @tune 1 2 4
const TAP_RUN: u32 = 1u; // neighbouring taps that share loaded inputs; divides TAPS[1] // @tune 1 3 5
const BATCH_LANES: u32 = 1u; // divides WORKGROUP_SIZE
const WORKGROUP_SIZE: u32 = 32u;
const GRID_X: u32 = 65535u;

const IN_C: u32 = GROUPS * GROUP_IN;
const TILES_W: u32 = (PHASE_OUT[1] + COLUMNS - 1u) / COLUMNS;
const POSITIONS: u32 = PHASE_OUT[0] * TILES_W;
const CHANNEL_TILES: u32 = OUT_C / CHANNELS;
const RUNS: u32 = TAPS[1] / TAP_RUN;
const STRIP: u32 = (COLUMNS - 1u) * STRIDE[1] + (TAP_RUN - 1u) * DILATION[1] + 1u;

@group(0) @binding(0) var<storage, read> input: array<f32>;
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
  let block = workgroup_id.z * GRID_X + workgroup_id.x;
  let lane = block * (WORKGROUP_SIZE / BATCH_LANES) + local_id.x / BATCH_LANES;
  let n = lane / POSITIONS * BATCH_LANES + local_id.x % BATCH_LANES;
  if (n >= BATCH) {
    return;
  }
  let row = lane % POSITIONS / TILES_W;
  let column = lane % TILES_W * COLUMNS;
  let phase = workgroup_id.y / CHANNEL_TILES;
  let phase_h = phase / PHASES[1];
  let phase_w = phase % PHASES[1];
  let channel = workgroup_id.y % CHANNEL_TILES * CHANNELS;
  let first_in = channel / (OUT_C / GROUPS) * GROUP_IN;

  var sum: array<array<Value, CHANNELS>, COLUMNS>;
  for (var run = 0u; run < TAPS[0] * RUNS; run++) {
    let a = run / RUNS;
    let b = run % RUNS * TAP_RUN;
    let y = i32(row * STRIDE[0] + a * DILATION[0]) + ORIGIN_H[phase_h];
    let x = i32(column * STRIDE[1] + b * DILATION[1]) + ORIGIN_W[phase_w];
    let met = (PHASES[0] == 1u || a < PHASE_TAPS_H[phase_h]) && (PHASES[1] == 1u || b < PHASE_TAPS_W[phase_w]);
    if (met && (!PADDED || u32(y) < IN[0])) {
      let in_row = (n * IN[0] + u32(y)) * IN[1] * IN_C + first_in;
      let first_weight = ((phase * TAPS[0] + a) * TAPS[1] + b) * GROUP_IN * OUT_C + channel;
      // The exit test stands at the end, so that the driver does not unroll the loop, which would compile for seconds.
      for (var ic = in_row; ; ic++) {
        var strip: array<f32, STRIP>; // entries that no tap reads are never loaded
        // @unroll
        for (var s = 0u; s < STRIP; s++) {
          let at = u32(x + i32(s));
          if (PADDED) {
            // An address in the padding is replaced by a valid one, its value by zero.
            strip[s] = select(0.0, input[ic + min(at, IN[1] - 1u) * IN_C], at < IN[1]);
          } else {
            strip[s] = input[ic + at * IN_C];
          }
        }
        // @unroll
        for (var t = 0u; t < TAP_RUN; t++) {
          // @unroll
          for (var c = 0u; c < CHANNELS; c++) {
            let weight = weights[first_weight + (t * GROUP_IN + ic - in_row) * OUT_C + c];
            // @unroll
            for (var p = 0u; p < COLUMNS; p++) {
              sum[p][c] += strip[p * STRIDE[1] + t * DILATION[1]] * weight;
            }
          }
        }
        if (GROUP_IN == 1u || ic == in_row + GROUP_IN - 1u) {
          break;
        }
      }
    }
  }

  let y = row * PHASES[0] + phase_h;
  // @unroll
  for (var p = 0u; p < COLUMNS; p++) {
    let x = (column + p) * PHASES[1] + phase_w;
    if (y < OUT[0] && x < OUT[1]) {
      let index = ((n * OUT[0] + y) * OUT[1] + x) * OUT_C + channel;
      // @unroll
      for (var c = 0u; c < CHANNELS; c++) {
        output[index + c] = epilogue(sum[p][c], index + c, channel + c);
      }
    }
  }
}
