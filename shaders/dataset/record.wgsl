// Records the sums of up to six metrics over the rows of the batch
//
//   ring[slot + OFFSETS_k + c] = Σ_row metric_k[row, c],   slot = ENTRY · (step mod RING_SLOTS)
//   state[7] <- flags, and if ADVANCE, at the end of a step: step <- step + 1
//
//   metric_k   [ROWS_k, WIDTH_k] f32: a row of columns per sample (one column for a loss or an accuracy, some
//              hundreds for the counts of an area under a curve)
//   ring       [RING_SLOTS, ENTRY] words:
//                0       u32 the step
//                1       u32 rows of the batch that were filled
//                2, 3 …  u32 flags, of dispatch GROUP 0, 1 …: bit k set if a value or a sum of metric k is NaN or infinite
//                then    the sums, f32
//   state      u32 [8]: step, seed_low, seed_high, COUNT, …, flags (those of GROUP 1 from bit 6 on, …), which
//              optimizer/verdict.wgsl reads before a training step is made
//
// Sums rather than means: counts stay exact, and the host divides in float64. More than six metrics take several
// dispatches. Where COUNT is not 0, only the first COUNT rows of a metric of BATCH rows count: the rest of a partly
// filled batch is left out.
//
// The host reads the ring every few steps, so training never waits for a loss. NaN is recognised by its bits (exponent
// all ones), since a compiler may assume that there is none.
//
// One workgroup (a single invocation, without barriers, on a software adapter). One column: each lane sums every
// WORKGROUP_SIZE-th row, in blocks of BLOCK so that rounding errors grow with the blocks and not with the rows; then a tree
// adds the lanes. Several columns: each lane sums whole columns. The order is fixed, so the result is the same in every run.
// Σ ROWS_k WIDTH_k FLOPs, four times as many bytes: the run time is launch latency.

const METRICS: u32 = 1u; // 1 … 6
const ROWS: array<u32, 6> = array<u32, 6>(128u, 128u, 128u, 128u, 128u, 128u);
const WIDTHS: array<u32, 6> = array<u32, 6>(1u, 1u, 1u, 1u, 1u, 1u);
const OFFSETS: array<u32, 6> = array<u32, 6>(4u, 5u, 6u, 7u, 8u, 9u);
const ENTRY: u32 = 12u;
const GROUP: u32 = 0u;
const ADVANCE: bool = true;
const BATCH: u32 = 128u;
const RING_SLOTS: u32 = 64u;
const WORKGROUP_SIZE: u32 = 64u; // a power of two
const LEVELS: u32 = 6u; // log2(WORKGROUP_SIZE)

const BLOCK: u32 = 16u;

@group(0) @binding(0) var<storage, read> metric_0: array<u32>;
@group(0) @binding(1) var<storage, read> metric_1: array<u32>;
@group(0) @binding(2) var<storage, read> metric_2: array<u32>;
@group(0) @binding(3) var<storage, read> metric_3: array<u32>;
@group(0) @binding(4) var<storage, read> metric_4: array<u32>;
@group(0) @binding(5) var<storage, read> metric_5: array<u32>;
@group(0) @binding(6) var<storage, read_write> ring: array<u32>;
@group(0) @binding(7) var<storage, read_write> state: array<u32>;

var<workgroup> sums: array<array<f32, METRICS>, WORKGROUP_SIZE>;
var<workgroup> flags: array<u32, WORKGROUP_SIZE>;

// The number of rows of a metric that count.
fn rows(length: u32, filled: u32) -> u32 {
  return select(length, min(length, filled), length == BATCH && filled > 0u);
}

// The bits of value i of metric k; k is a constant wherever it is called.
fn load(k: u32, i: u32) -> u32 {
  if (METRICS > 1u) { if (k == 1u) { return metric_1[i]; } }
  if (METRICS > 2u) { if (k == 2u) { return metric_2[i]; } }
  if (METRICS > 3u) { if (k == 3u) { return metric_3[i]; } }
  if (METRICS > 4u) { if (k == 4u) { return metric_4[i]; } }
  if (METRICS > 5u) { if (k == 5u) { return metric_5[i]; } }
  return metric_0[i];
}

// 1 for NaN and infinities.
fn not_finite(bits: u32) -> u32 {
  return select(0u, 1u, (bits & 0x7F800000u) == 0x7F800000u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local_id: vec3u) {
  let lane = local_id.x;
  let step = state[0];
  let filled = state[3];
  let slot = ENTRY * (step % RING_SLOTS);
  var totals: array<f32, 6>;
  var flag = 0u;
  // @unroll
  for (var k = 0u; k < METRICS; k++) {
    let count = rows(ROWS[k], filled);
    if (WIDTHS[k] == 1u) {
      for (var first = lane; first < count; first += BLOCK * WORKGROUP_SIZE) {
        var block = 0.0;
        let end = min(count, first + BLOCK * WORKGROUP_SIZE);
        for (var i = first; i < end; i += WORKGROUP_SIZE) {
          let bits = load(k, i);
          block += bitcast<f32>(bits);
          flag |= not_finite(bits) << k;
        }
        totals[k] += block;
      }
    } else {
      for (var column = lane; column < WIDTHS[k]; column += WORKGROUP_SIZE) {
        var sum = 0.0;
        for (var row = 0u; row < count; row++) {
          let bits = load(k, row * WIDTHS[k] + column);
          sum += bitcast<f32>(bits);
          flag |= not_finite(bits) << k;
        }
        flag |= not_finite(bitcast<u32>(sum)) << k;
        ring[slot + OFFSETS[k] + column] = bitcast<u32>(sum);
      }
    }
  }

  if (WORKGROUP_SIZE > 1u) {
    // @unroll
    for (var k = 0u; k < METRICS; k++) { sums[lane][k] = totals[k]; }
    flags[lane] = flag;
    for (var level = 1u; level <= LEVELS; level++) {
      workgroupBarrier();
      let width = WORKGROUP_SIZE >> level;
      if (lane < width) {
        for (var k = 0u; k < METRICS; k++) { sums[lane][k] += sums[lane + width][k]; }
        flags[lane] |= flags[lane + width];
      }
    }
    storageBarrier(); // every lane has read the step before it changes
    if (lane == 0u) {
      // @unroll
      for (var k = 0u; k < METRICS; k++) { totals[k] = sums[0][k]; }
      flag = flags[0];
    }
  }
  if (lane == 0u) {
    // @unroll
    for (var k = 0u; k < METRICS; k++) {
      if (WIDTHS[k] == 1u) {
        let bits = bitcast<u32>(totals[k]);
        flag |= not_finite(bits) << k;
        ring[slot + OFFSETS[k]] = bits;
      }
    }
    ring[slot + 2u + GROUP] = flag;
    if (GROUP == 0u) {
      ring[slot] = step;
      ring[slot + 1u] = rows(BATCH, filled);
    }
    state[7] = select(state[7] | (flag << (6u * min(GROUP, 4u))), flag, GROUP == 0u);
    if (ADVANCE) { state[0] = step + 1u; }
  }
}
