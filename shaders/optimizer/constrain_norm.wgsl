// Keeps the norms of a variable within bounds after an update: max, unit and min–max norm (Keras's constraints)
//
//   n = √(Σ w²) over each group             a group: all positions along the axes of the norm
//   d = rate · clamp(n, low, high) + (1 − rate) · n
//   w <- w · d / (ε + n)                    ε = 1e-7; only if the update was made
//
//   values   f32, flat; the variable begins at OFFSET
//   state    u32: state[7] = 0 if the update was made (verdict.wgsl)
//
// Group g lies at Σ (digits of g in KEPT) · KEPT_STRIDES, and its member k Σ (digits of k in TAKEN) · TAKEN_STRIDES after
// that. One invocation walks its group three times: the largest |w|, the sum of squares, the products. The numbers are
// divided by the largest before they are squared, so that the sum neither overflows nor underflows: finite weights stay
// finite. About 5 FLOPs and 16 bytes per value: memory-bound, but launch latency dominates.
//
// Reference: test/reference/penalties.ts.

const OFFSET: u32 = 0u;
const GROUPS: u32 = 8u;
const MEMBERS: u32 = 8u;
const KEPT_RANK: u32 = 1u;
const KEPT: array<u32, 1> = array<u32, 1>(8u);
const KEPT_STRIDES: array<u32, 1> = array<u32, 1>(1u);
const TAKEN_RANK: u32 = 1u;
const TAKEN: array<u32, 1> = array<u32, 1>(8u);
const TAKEN_STRIDES: array<u32, 1> = array<u32, 1>(8u);
const LOW: f32 = 0.0;
const HIGH: f32 = 2.0;
const RATE: f32 = 1.0;
const EPSILON: f32 = 1e-7;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> values: array<f32>;

fn place_of_group(g: u32) -> u32 {
  var rest = g;
  var place = OFFSET;
  // @unroll
  for (var i = 0u; i < KEPT_RANK; i++) {
    place += (rest % KEPT[KEPT_RANK - 1u - i]) * KEPT_STRIDES[KEPT_RANK - 1u - i];
    rest = rest / KEPT[KEPT_RANK - 1u - i];
  }
  return place;
}

fn place_of_member(k: u32) -> u32 {
  var rest = k;
  var place = 0u;
  // @unroll
  for (var i = 0u; i < TAKEN_RANK; i++) {
    place += (rest % TAKEN[TAKEN_RANK - 1u - i]) * TAKEN_STRIDES[TAKEN_RANK - 1u - i];
    rest = rest / TAKEN[TAKEN_RANK - 1u - i];
  }
  return place;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let g = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (g >= GROUPS || state[7] != 0u) {
    return;
  }
  let zero = workgroup_id.z; // always 0, but opaque to the compiler: the loops stay loops
  let base = place_of_group(g);
  var largest = 0.0;
  for (var k = zero; k < MEMBERS; k++) {
    largest = max(largest, abs(values[base + place_of_member(k)]));
  }
  if (largest == 0.0) {
    return; // zeros stay zeros
  }
  var sum = 0.0;
  for (var k = zero; k < MEMBERS; k++) {
    let share = values[base + place_of_member(k)] / largest;
    sum += share * share;
  }
  let norm = largest * min(sqrt(sum), 3e38 / max(largest, 1.0));
  let wanted = RATE * clamp(norm, LOW, HIGH) + (1.0 - RATE) * norm;
  let factor = wanted / (EPSILON + norm);
  for (var k = zero; k < MEMBERS; k++) {
    values[base + place_of_member(k)] *= factor;
  }
}
