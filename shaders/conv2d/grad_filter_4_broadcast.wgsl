// Gradient of a convolution with respect to its weights 4: outer products within a subgroup
//
//   partials[s, m, oc] = Σ over the positions p of slice s of  patches[p, m] · dy[p, oc]
//
// with rows m and patches as in grad_filter_2_direct.wgsl; if BIAS, row M is Σ_p dy[p, oc]. A slice is STEPS
// rows (n, oy) of the output.
//
//   x         [BATCH, IN…, GROUPS · GROUP_IN]
//   dy        [BATCH, OUT…, OUT_C]
//   partials  [SLICES, M + BIAS, OUT_C]      added up by grad_filter_reduce.wgsl
//
// A workgroup is one subgroup and owns ROWS rows × CHANNELS channels. At each position it loads the row of
// patches and the row of dy once, each lane another number of them, and adds their outer product: one of the
// two stays where it was loaded, lane by lane, and subgroupShuffle hands the numbers of the other one to all
// lanes, one after another. On a CPU that plays the GPU a load costs as much as 23 multiply-adds and a shuffle as
// much as four, so few loads serve many products. With ROW_LANES the rows stay in their lanes and ROWS is a
// multiple of the lanes, else the channels: whichever leaves fewer lanes idle.
//
// FLOPs 2 · BATCH · OUT · KERNEL · GROUP_IN · OUT_C.

enable subgroups;

// Pairs are along [height, width]; constants mean what they mean in grad_filter_2_direct.wgsl.
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

const ROW_LANES: bool = true;
const ROWS: u32 = 8u; // @tune 16 32 48
const CHANNELS: u32 = 4u; // divides OUT_C / GROUPS // @tune 8 16 32
const SLICES: u32 = 2u;
const STEPS: u32 = 6u;
const WORKGROUP_SIZE: u32 = 4u; // lanes of a subgroup

const IN_C: u32 = GROUPS * GROUP_IN;
const M: u32 = KERNEL[0] * KERNEL[1] * GROUP_IN;
const M_ALL: u32 = M + u32(BIAS);
const X_LOADS: u32 = (ROWS + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
const DY_LOADS: u32 = (CHANNELS + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
// Sums of an invocation.
const SUMS_DOWN: u32 = select(ROWS, X_LOADS, ROW_LANES);
const SUMS_ACROSS: u32 = select(DY_LOADS, CHANNELS, ROW_LANES);

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let lane = local_id.x;
  let first_row = workgroup_id.x * ROWS;
  let channel = workgroup_id.y * CHANNELS;
  let slice = workgroup_id.z;

  // Where the rows of this lane look for position 0; u32 wraps around above and left of the image.
  var tap_y: array<u32, X_LOADS>;
  var tap_x: array<u32, X_LOADS>;
  var start: array<u32, X_LOADS>;
  // @unroll
  for (var r = 0u; r < X_LOADS; r++) {
    let row = min(first_row + r * WORKGROUP_SIZE + lane, M - 1u);
    tap_y[r] = row / (KERNEL[1] * GROUP_IN) * DILATION[0] - PAD[0];
    tap_x[r] = row / GROUP_IN % KERNEL[1] * DILATION[1] - PAD[1];
    start[r] = (tap_y[r] * IN[1] + tap_x[r]) * IN_C + channel / (OUT_C / GROUPS) * GROUP_IN + row % GROUP_IN;
  }

  var sum: array<array<f32, SUMS_ACROSS>, SUMS_DOWN>;
  var bias: array<f32, DY_LOADS>;
  for (var image_row = slice * STEPS; image_row < min((slice + 1u) * STEPS, BATCH * OUT[0]); image_row++) {
    let top = image_row % OUT[0] * STRIDE[0];
    let first = (image_row / OUT[0] * IN[0] + top) * IN[1];
    for (var ox = 0u; ox < OUT[1]; ox++) {
      var patch_row: array<f32, X_LOADS>;
      // @unroll
      for (var r = 0u; r < X_LOADS; r++) {
        let inside = !PADDED || (top + tap_y[r] < IN[0] && ox * STRIDE[1] + tap_x[r] < IN[1]);
        let at = (first + ox * STRIDE[1]) * IN_C + start[r];
        patch_row[r] = select(0.0, x[select(0u, at, inside)], inside);
      }
      var gradient: array<f32, DY_LOADS>;
      // @unroll
      for (var c = 0u; c < DY_LOADS; c++) {
        let own = min(c * WORKGROUP_SIZE + lane, CHANNELS - 1u);
        gradient[c] = dy[(image_row * OUT[1] + ox) * OUT_C + channel + own];
        bias[c] += gradient[c];
      }
      if (ROW_LANES) {
        // @unroll
        for (var c = 0u; c < SUMS_ACROSS; c++) {
          let shared_by_all = subgroupShuffle(gradient[c / WORKGROUP_SIZE], c % WORKGROUP_SIZE);
          // @unroll
          for (var r = 0u; r < SUMS_DOWN; r++) {
            sum[r][c] += patch_row[r] * shared_by_all;
          }
        }
      } else {
        // @unroll
        for (var r = 0u; r < SUMS_DOWN; r++) {
          let shared_by_all = subgroupShuffle(patch_row[r / WORKGROUP_SIZE], r % WORKGROUP_SIZE);
          // @unroll
          for (var c = 0u; c < SUMS_ACROSS; c++) {
            sum[r][c] += shared_by_all * gradient[c];
          }
        }
      }
    }
  }

  var result: array<f32, SUMS_DOWN * SUMS_ACROSS>;
  // @unroll
  for (var r = 0u; r < SUMS_DOWN; r++) {
    // @unroll
    for (var c = 0u; c < SUMS_ACROSS; c++) {
      result[r * SUMS_ACROSS + c] = sum[r][c];
    }
  }
  // Not unrolled: a store takes a driver as long to compile as twenty multiply-adds.
  for (var i = 0u; i < SUMS_DOWN * SUMS_ACROSS; i++) {
    let r = i / SUMS_ACROSS;
    let c = i % SUMS_ACROSS;
    let row = first_row + select(r, r * WORKGROUP_SIZE + lane, ROW_LANES);
    let own = select(c * WORKGROUP_SIZE + lane, c, ROW_LANES);
    if (row < M && own < CHANNELS) {
      partials[(slice * M_ALL + row) * OUT_C + channel + own] = result[i];
    }
  }
  if (BIAS) {
    // @unroll
    for (var c = 0u; c < DY_LOADS; c++) {
      let own = c * WORKGROUP_SIZE + lane;
      if (first_row == 0u && own < CHANNELS) {
        partials[(slice * M_ALL + M) * OUT_C + channel + own] = bias[c];
      }
    }
  }
}
