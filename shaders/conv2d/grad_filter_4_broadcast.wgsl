// Gradient of a convolution with respect to its weights 4: outer products within a subgroup
//
//   partials[s, (kh, kw, ic), oc] = Σ over the positions p of slice s of  patches[p, (kh, kw, ic)] · dy[p, oc]
//
// with patches as in grad_filter_2_direct.wgsl; if BIAS, row M is Σ_p dy[p, oc]. A slice is STEPS rows (n, oy).
//
//   x         [BATCH, IN…, GROUPS · GROUP_IN]
//   dy        [BATCH, OUT…, OUT_C]
//   partials  [SLICES, M + BIAS, OUT_C]      added by grad_filter_reduce.wgsl
//
// A workgroup is one subgroup and computes PAIRS pairs (kh, ic) × TAP_RUN neighbouring kw × CHANNELS channels. It walks
// along the rows and keeps, for each pair, the window of x that its taps read. With each position the window moves by
// STRIDE columns, and only these are loaded. The lanes load different pairs, and different channels of dy. In the outer
// product of the two, one factor stays in its lane, and subgroupShuffle passes the numbers of the other to all lanes one
// by one: on a software adapter this costs four multiply-adds, a load 23. With PAIR_LANES the pairs stay in their lanes,
// else the channels: whichever leaves fewer lanes idle.
// FLOPs 2 · BATCH · OUT · KERNEL · GROUP_IN · OUT_C; bytes at least 4 · (x + dy + partials).
// Reference: test/reference/conv2d.ts. Read next: grad_filter_reduce.wgsl.

enable subgroups;

// Pairs are along [height, width]; constants as in grad_filter_2_direct.wgsl.
const BATCH: u32 = 2u;
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 3u;
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const OUT_C: u32 = 4u;
const KERNEL: array<u32, 2> = array<u32, 2>(3u, 3u);
const STRIDE: array<u32, 2> = array<u32, 2>(1u, 1u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const PAD: array<u32, 2> = array<u32, 2>(0u, 0u);
const PADDED: bool = false;
const BIAS: bool = false;
const PAIR_LANES: bool = true;
const PAIRS: u32 = 8u; // with PAIR_LANES a multiple of the lanes // @tune 8 16
const TAP_RUN: u32 = 3u; // divides KERNEL[1]
const CHANNELS: u32 = 4u; // divides OUT_C / GROUPS // @tune 8 16 32
const SLICES: u32 = 2u;
const STEPS: u32 = 6u;
const WORKGROUP_SIZE: u32 = 4u; // lanes of a subgroup

const ALL_PAIRS: u32 = KERNEL[0] * GROUP_IN;
const M: u32 = ALL_PAIRS * KERNEL[1];
const X_LOADS: u32 = (PAIRS + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE; // for a column
const DY_LOADS: u32 = (CHANNELS + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
const WINDOW: u32 = (TAP_RUN - 1u) * DILATION[1] + 1u; // columns
const KEPT: u32 = WINDOW - min(WINDOW, STRIDE[1]); // those of them that the next position needs too
// An invocation has sums for DOWN pairs × TAP_RUN taps × ACROSS channels.
const DOWN: u32 = select(PAIRS, X_LOADS, PAIR_LANES);
const ACROSS: u32 = select(DY_LOADS, CHANNELS, PAIR_LANES);

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> partials: array<f32>;

// 0 outside the image. Above and left of it u32 wraps around to huge numbers, which fail the test too.
fn load(start: u32, row: u32, column: u32) -> f32 {
  let inside = !PADDED || (row < IN[0] && column < IN[1]);
  return select(0.0, x[select(0u, start + (row * IN[1] + column) * (GROUPS * GROUP_IN), inside)], inside);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let lane = local_id.x;
  let first_pair = workgroup_id.x / (KERNEL[1] / TAP_RUN) * PAIRS;
  let first_tap = workgroup_id.x % (KERNEL[1] / TAP_RUN) * TAP_RUN;
  let left = first_tap * DILATION[1] - PAD[1];
  let channel = workgroup_id.y * CHANNELS;
  let first_in = channel / (OUT_C / GROUPS) * GROUP_IN;
  let end = min((workgroup_id.z + 1u) * STEPS, BATCH * OUT[0]);
  var sum: array<array<array<f32, ACROSS>, TAP_RUN>, DOWN>;
  var bias: array<f32, DY_LOADS>;
  for (var image_row = workgroup_id.z * STEPS; image_row < end; image_row++) {
    var row: array<u32, X_LOADS>;
    var start: array<u32, X_LOADS>;
    var window: array<array<f32, WINDOW>, X_LOADS>;
    // @unroll
    for (var l = 0u; l < X_LOADS; l++) {
      let pair = min(first_pair + l * WORKGROUP_SIZE + lane, ALL_PAIRS - 1u);
      row[l] = image_row % OUT[0] * STRIDE[0] + pair / GROUP_IN * DILATION[0] - PAD[0];
      start[l] = image_row / OUT[0] * (IN[0] * IN[1] * GROUPS * GROUP_IN) + first_in + pair % GROUP_IN;
      // @unroll
      for (var s = 0u; s < KEPT; s++) {
        window[l][s + STRIDE[1]] = load(start[l], row[l], left + s);
      }
    }
    for (var ox = 0u; ox < OUT[1]; ox++) {
      // @unroll
      for (var l = 0u; l < X_LOADS; l++) {
        // @unroll
        for (var s = 0u; s < KEPT; s++) {
          window[l][s] = window[l][s + STRIDE[1]];
        }
        // @unroll
        for (var s = KEPT; s < WINDOW; s++) {
          window[l][s] = load(start[l], row[l], left + ox * STRIDE[1] + s);
        }
      }
      var gradient: array<f32, DY_LOADS>;
      // @unroll
      for (var c = 0u; c < DY_LOADS; c++) {
        gradient[c] = dy[(image_row * OUT[1] + ox) * OUT_C + channel + min(c * WORKGROUP_SIZE + lane, CHANNELS - 1u)];
        bias[c] += gradient[c];
      }
      if (PAIR_LANES) {
        // @unroll
        for (var c = 0u; c < ACROSS; c++) {
          let factor = subgroupShuffle(gradient[c / WORKGROUP_SIZE], c % WORKGROUP_SIZE);
          // @unroll
          for (var i = 0u; i < TAP_RUN * DOWN; i++) {
            sum[i % DOWN][i / DOWN][c] += window[i % DOWN][i / DOWN * DILATION[1]] * factor;
          }
        }
      } else {
        // @unroll
        for (var i = 0u; i < TAP_RUN * DOWN; i++) {
          let column = i / DOWN * DILATION[1];
          let factor = subgroupShuffle(window[i % DOWN / WORKGROUP_SIZE][column], i % DOWN % WORKGROUP_SIZE);
          // @unroll
          for (var c = 0u; c < ACROSS; c++) {
            sum[i % DOWN][i / DOWN][c] += factor * gradient[c];
          }
        }
      }
    }
  }

  let first_result = workgroup_id.z * (M + u32(BIAS));
  var result: array<f32, DOWN * TAP_RUN * ACROSS>;
  // @unroll
  for (var i = 0u; i < DOWN * TAP_RUN * ACROSS; i++) {
    result[i] = sum[i / (TAP_RUN * ACROSS)][i / ACROSS % TAP_RUN][i % ACROSS];
  }
  // Not unrolled: for a driver one store compiles as slowly as twenty multiply-adds.
  for (var i = 0u; i < DOWN * TAP_RUN * ACROSS; i++) {
    let pair = first_pair + i / (TAP_RUN * ACROSS) * select(1u, WORKGROUP_SIZE, PAIR_LANES) + u32(PAIR_LANES) * lane;
    let own = select(i % ACROSS * WORKGROUP_SIZE + lane, i % ACROSS, PAIR_LANES);
    let tap = pair / GROUP_IN * KERNEL[1] + first_tap + i / ACROSS % TAP_RUN;
    if (pair < ALL_PAIRS && own < CHANNELS) {
      partials[(first_result + tap * GROUP_IN + pair % GROUP_IN) * OUT_C + channel + own] = result[i];
    }
  }
  // @unroll
  for (var c = 0u; c < DY_LOADS; c++) {
    if (BIAS && workgroup_id.x == 0u && c * WORKGROUP_SIZE + lane < CHANNELS) {
      partials[(first_result + M) * OUT_C + channel + c * WORKGROUP_SIZE + lane] = bias[c];
    }
  }
}
