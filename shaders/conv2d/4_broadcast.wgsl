// Convolution 4: direct, lanes of a subgroup exchange the weights
//
//   output[n, y, x, oc] = Σ_{a, b, ic}  input[n, y·STRIDE + a·DILATION + ORIGIN, (x likewise), ic]
//                                     · weights[a, b, ic, oc]          (a, b: taps; outside the input: 0)
//
//   input    [BATCH, IN…, GROUPS · GROUP_IN]         f32
//   weights  [PHASES…, TAPS…, GROUP_IN, OUT_C]       Values
//   output   [BATCH, OUT…, OUT_C]                    Values
//
// One invocation computes the same as in 2_direct.wgsl: COLUMNS neighbouring outputs of one row, CHANNELS Values each,
// all sums in registers; TAP_RUN neighbouring taps share one strip of loaded inputs. A software adapter runs the lanes
// of a subgroup as one vector, and a load costs as much as 23 multiply-adds, even where all lanes load the same number.
// The lanes are at different positions, but multiply by the same weights. So each lane loads one of the Values of
// weights that a run of taps needs, and subgroupShuffle, which costs as much as four multiply-adds, passes it to all.
//
// A workgroup is one subgroup, and no invocation returns early, because all must take part in the broadcasts. Those
// that have no output repeat the work of others and store nothing. With phases (see 2_direct.wgsl) this file also
// computes the input gradient.
// FLOPs 2 · BATCH · OUT · OUT_C · (taps that meet an output) · GROUP_IN; bytes at least 4 · (input + weights + output).
// Reference: test/reference/conv2d.ts. Read next: broadcast_max_pool.wgsl.

enable subgroups;

alias Value = f32; // output channels: vec4f or f32

// Pairs are along [height, width]; constants as in 2_direct.wgsl.
const BATCH: u32 = 2u;
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 1u;
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const OUT_C: u32 = 8u;
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
const UNEVEN: bool = false; // some phase has fewer taps along a row than another

const COLUMNS: u32 = 6u; // neighbouring outputs per invocation // @tune 4 6 8 11
const CHANNELS: u32 = 2u; // in Values; divides OUT_C / GROUPS // @tune 1 2 4 8
const TAP_RUN: u32 = 3u; // divides TAPS[1] // @tune 1 3 5
const WORKGROUP_SIZE: u32 = 4u; // lanes of a subgroup
const GRID_Y: u32 = 65535u; // workgroups along y

const IN_C: u32 = GROUPS * GROUP_IN;
const TILES_W: u32 = (PHASE_OUT[1] + COLUMNS - 1u) / COLUMNS;
const CHANNEL_TILES: u32 = OUT_C / CHANNELS;
const RUNS: u32 = TAPS[1] / TAP_RUN;
const STRIP: u32 = (COLUMNS - 1u) * STRIDE[1] + (TAP_RUN - 1u) * DILATION[1] + 1u;
const NEEDED: u32 = TAP_RUN * CHANNELS; // Values of weights for a run of taps and an input channel
const WEIGHT_LOADS: u32 = (NEEDED + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;

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
  // Channels along x: consecutive workgroups write neighbouring channels and read the same input.
  let block = workgroup_id.z * GRID_Y + workgroup_id.y;
  let row = block % PHASE_OUT[0];
  let tile = block / PHASE_OUT[0] * WORKGROUP_SIZE + local_id.x;
  let image = min(tile / TILES_W, BATCH - 1u);
  let column = tile % TILES_W * COLUMNS;
  let phase = workgroup_id.x / CHANNEL_TILES;
  let phase_h = phase / PHASES[1];
  let phase_w = phase % PHASES[1];
  let channel = workgroup_id.x % CHANNEL_TILES * CHANNELS;
  let first_in = channel / (OUT_C / GROUPS) * GROUP_IN;
  // Tap a reads row top + a · DILATION. Only the taps that read a row inside the image are visited.
  let top = i32(row * STRIDE[0]) + ORIGIN_H[phase_h];
  let spacing = i32(DILATION[0]);
  let first_tap = max(0, spacing - 1 - top) / spacing;
  let end_tap = min(i32(PHASE_TAPS_H[phase_h]), max(0, i32(IN[0]) - top + spacing - 1) / spacing);

  var sum: array<array<Value, CHANNELS>, COLUMNS>;
  for (var a = first_tap; a < end_tap; a++) {
    let in_row = (image * IN[0] + u32(top + a * spacing)) * IN[1];
    for (var run = 0u; run < RUNS; run++) {
      let b = run * TAP_RUN;
      let x = u32(i32(column * STRIDE[1] + b * DILATION[1]) + ORIGIN_W[phase_w]);
      let first_weight = ((phase * TAPS[0] + u32(a)) * TAPS[1] + b) * GROUP_IN * OUT_C + channel;
      for (var ic = 0u; ic < GROUP_IN; ic++) {
        var held: array<Value, WEIGHT_LOADS>; // this lane's Values of the run's weights [TAP_RUN, CHANNELS]
        // @unroll
        for (var w = 0u; w < WEIGHT_LOADS; w++) {
          let slot = min(w * WORKGROUP_SIZE + local_id.x, NEEDED - 1u);
          held[w] = weights[first_weight + (slot / CHANNELS * GROUP_IN + ic) * OUT_C + slot % CHANNELS];
        }
        var strip: array<f32, STRIP>; // entries that no tap reads are never loaded
        // @unroll
        for (var s = 0u; s < STRIP; s++) {
          if (PADDED) {
            // An address in the padding is replaced by a valid one, its value by zero.
            let at = min(x + s, IN[1] - 1u);
            strip[s] = select(0.0, input[(in_row + at) * IN_C + first_in + ic], x + s < IN[1]);
          } else {
            strip[s] = input[(in_row + x + s) * IN_C + first_in + ic];
          }
        }
        // @unroll
        for (var t = 0u; t < TAP_RUN; t++) {
          if (!UNEVEN || b + t < PHASE_TAPS_W[phase_w]) {
            // @unroll
            for (var c = 0u; c < CHANNELS; c++) {
              let slot = t * CHANNELS + c;
              let weight = subgroupShuffle(held[slot / WORKGROUP_SIZE], slot % WORKGROUP_SIZE);
              // @unroll
              for (var p = 0u; p < COLUMNS; p++) {
                sum[p][c] += strip[p * STRIDE[1] + t * DILATION[1]] * weight;
              }
            }
          }
        }
      }
    }
  }

  var result: array<Value, COLUMNS * CHANNELS>;
  // @unroll
  for (var p = 0u; p < COLUMNS; p++) {
    // @unroll
    for (var c = 0u; c < CHANNELS; c++) {
      result[p * CHANNELS + c] = sum[p][c];
    }
  }
  let y = row * PHASES[0] + phase_h;
  let exists = tile < BATCH * TILES_W && y < OUT[0];
  let end = min(column + COLUMNS, (OUT[1] + PHASES[1] - 1u - phase_w) / PHASES[1]);
  // Not unrolled: for a driver one store compiles as slowly as twenty multiply-adds.
  for (var p = column; p < select(column, end, exists); p++) {
    let index = ((image * OUT[0] + y) * OUT[1] + p * PHASES[1] + phase_w) * OUT_C + channel;
    for (var c = 0u; c < CHANNELS; c++) {
      output[index + c] = epilogue(result[(p - column) * CHANNELS + c], index + c, channel + c);
    }
  }
}
