// Categorical accuracy for wide rows: one row per workgroup
//
//   correct[row] = [ argmax_j x_j = target ],  the first of equal values winning
//
// Shapes and bindings are those of categorical_accuracy.wgsl.
//
// Each lane finds the first largest of every WORKGROUP_SIZE-th value, so that lanes read neighbouring
// values; then log2(WORKGROUP_SIZE) barriers combine them, of equal values keeping the lower index.
// CLASSES comparisons per row (twice that if not SPARSE); 4 · ROWS · (CLASSES + 2) bytes (or 4 · ROWS · (2 CLASSES + 1)).

const ROWS: u32 = 8u;
const CLASSES: u32 = 1000u;
const SPARSE: bool = true;
const WORKGROUP_SIZE: u32 = 128u; // @tune 32 64 128 256 (a power of two)
const LEVELS: u32 = 7u; // log2(WORKGROUP_SIZE)
const GRID_X: u32 = 65535u; // workgroups along x

const PASSES: u32 = (CLASSES + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
const LOWEST: f32 = -3.4028234e38;

@group(0) @binding(0) var<storage, read> predictions: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(4) var<storage, read_write> correct: array<f32>;

var<workgroup> values: array<f32, WORKGROUP_SIZE>;
var<workgroup> indices: array<u32, WORKGROUP_SIZE>;

// The index that all lanes' (value, index) pairs come down to, in every lane.
fn first_largest(lane: u32, value: f32, index: u32) -> u32 {
  values[lane] = value;
  indices[lane] = index;
  for (var level = 1u; level <= LEVELS; level++) {
    workgroupBarrier();
    let width = WORKGROUP_SIZE >> level;
    if (lane < width) {
      let other = values[lane + width];
      let other_index = indices[lane + width];
      if (other > values[lane] || (other == values[lane] && other_index < indices[lane])) {
        values[lane] = other;
        indices[lane] = other_index;
      }
    }
  }
  workgroupBarrier();
  let result = indices[0];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let row = workgroup_id.y * GRID_X + workgroup_id.x;
  let lane = local_id.x;
  if (row >= ROWS) { // the same for the whole workgroup, so no lane waits at a barrier in vain
    return;
  }
  let first = row * CLASSES;
  var best = LOWEST;
  var best_class = CLASSES;
  var best_target = LOWEST;
  var target_class = CLASSES;
  for (var i = 0u; i < PASSES; i++) {
    let j = i * WORKGROUP_SIZE + lane;
    if (j < CLASSES) {
      let x = predictions[first + j];
      if (x > best || best_class == CLASSES) {
        best = x;
        best_class = j;
      }
      if (!SPARSE) {
        let t = targets[first + j];
        if (t > best_target || target_class == CLASSES) {
          best_target = t;
          target_class = j;
        }
      }
    }
  }
  let predicted = first_largest(lane, best, best_class);
  if (SPARSE) {
    if (lane == 0u) {
      correct[row] = select(0.0, 1.0, i32(predicted) == labels[row]);
    }
  } else {
    let expected = first_largest(lane, best_target, target_class);
    if (lane == 0u) {
      correct[row] = select(0.0, 1.0, predicted == expected);
    }
  }
}
