// Records the means of up to four metrics and ends the step: the last dispatch of a step
//
//   ring[slot + k] = mean of metric k over its rows,   slot = 8 · (step mod RING_SLOTS)
//   then step <- step + 1
//
//   metric_k   [LENGTH_k]: a value per sample, or one value; unused ones repeat metric_0
//   ring       [RING_SLOTS, 8] words:
//                0 … 3   the means, f32
//                4       u32 flags: bit k set if a value of metric k is NaN or infinite
//                5       u32 the step
//                6       u32 rows of metric 0 that were averaged
//                7       0
//   state      u32 [4]: step, seed_low, seed_high, 0
//
// Where SIZE is not 0, metrics of length BATCH count only rows with step · BATCH + row < SIZE: the
// surplus rows of an evaluation's last batch are left out. (A step past the end averages no rows and gives 0.)
//
// The host reads the ring every few steps, so training never waits for a loss. NaN is found by its
// bits (exponent all ones), since a compiler may assume that there is none.
//
// One workgroup (of a single lane and without barriers on a software adapter): each lane sums every WORKGROUP_SIZE-th value, then a tree adds the lanes: a fixed order, the same
// result in every run. Σ LENGTH_k FLOPs and 4 Σ LENGTH_k bytes, so latency is all that counts.

const METRICS: u32 = 1u; // 1 … 4
const LENGTHS: array<u32, 4> = array<u32, 4>(128u, 128u, 128u, 128u);
const BATCH: u32 = 128u;
const SIZE: u32 = 0u;
const RING_SLOTS: u32 = 64u;
const WORKGROUP_SIZE: u32 = 64u; // a power of two
const LEVELS: u32 = 6u; // log2(WORKGROUP_SIZE)

const STEPS: u32 = (SIZE + BATCH - 1u) / BATCH;

@group(0) @binding(0) var<storage, read> metric_0: array<u32>;
@group(0) @binding(1) var<storage, read> metric_1: array<u32>;
@group(0) @binding(2) var<storage, read> metric_2: array<u32>;
@group(0) @binding(3) var<storage, read> metric_3: array<u32>;
@group(0) @binding(4) var<storage, read_write> ring: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<u32>;

var<workgroup> sums: array<vec4f, WORKGROUP_SIZE>;
var<workgroup> flags: array<u32, WORKGROUP_SIZE>;

// Rows of a metric that count.
fn rows(length: u32, step: u32) -> u32 {
  if (SIZE == 0u) {
    return length;
  }
  let left = select(0u, SIZE - min(SIZE, step * BATCH), step < STEPS);
  return select(length, min(length, left), length == BATCH);
}

fn not_finite(bits: u32) -> bool {
  return (bits & 0x7F800000u) == 0x7F800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local_id: vec3u) {
  let lane = local_id.x;
  let step = state[0];
  var sum = vec4f(0.0);
  var flag = 0u;
  for (var i = lane; i < rows(LENGTHS[0], step); i += WORKGROUP_SIZE) {
    let bits = metric_0[i];
    sum.x += bitcast<f32>(bits);
    flag |= select(0u, 1u, not_finite(bits));
  }
  if (METRICS > 1u) {
    for (var i = lane; i < rows(LENGTHS[1], step); i += WORKGROUP_SIZE) {
      let bits = metric_1[i];
      sum.y += bitcast<f32>(bits);
      flag |= select(0u, 2u, not_finite(bits));
    }
  }
  if (METRICS > 2u) {
    for (var i = lane; i < rows(LENGTHS[2], step); i += WORKGROUP_SIZE) {
      let bits = metric_2[i];
      sum.z += bitcast<f32>(bits);
      flag |= select(0u, 4u, not_finite(bits));
    }
  }
  if (METRICS > 3u) {
    for (var i = lane; i < rows(LENGTHS[3], step); i += WORKGROUP_SIZE) {
      let bits = metric_3[i];
      sum.w += bitcast<f32>(bits);
      flag |= select(0u, 8u, not_finite(bits));
    }
  }

  if (WORKGROUP_SIZE > 1u) {
    sums[lane] = sum;
    flags[lane] = flag;
    for (var level = 1u; level <= LEVELS; level++) {
      workgroupBarrier();
      let width = WORKGROUP_SIZE >> level;
      if (lane < width) {
        sums[lane] += sums[lane + width];
        flags[lane] |= flags[lane + width];
      }
    }
    storageBarrier(); // every lane has read the step before it changes
    if (lane == 0u) {
      sum = sums[0];
      flag = flags[0];
    }
  }
  if (lane == 0u) {
    let slot = 8u * (step % RING_SLOTS);
    // @unroll
    for (var k = 0u; k < METRICS; k++) {
      ring[slot + k] = bitcast<u32>(sum[k] / f32(max(1u, rows(LENGTHS[k], step))));
    }
    ring[slot + 4u] = flag;
    ring[slot + 5u] = step;
    ring[slot + 6u] = rows(LENGTHS[0], step);
    state[0] = step + 1u;
  }
}
