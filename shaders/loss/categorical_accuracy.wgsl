// Categorical accuracy: 1 for each row whose largest prediction is at its target, else 0
//
//   correct[row] = [ argmax_j x_j = target ];  of equal values the first wins, as in NumPy and Keras;
//                  NaN where a prediction (or a target) of the row is NaN
//
//   predictions  [ROWS, CLASSES] logits or probabilities
//   labels       [ROWS] class indices (SPARSE)
//   targets      [ROWS, CLASSES] distributions (not SPARSE): the target is their argmax
//   correct      [ROWS]; its mean is the accuracy
//
// One invocation walks along one row: CLASSES comparisons (twice that if not SPARSE), 4 · (CLASSES + 2) bytes per row
// (4 · (2 CLASSES + 1) if not SPARSE).
//
// Reference: test/reference/losses.ts. Read next: categorical_accuracy_workgroup.wgsl, for wide rows on a GPU.

const ROWS: u32 = 8u;
const CLASSES: u32 = 10u;
const SPARSE: bool = true;
const SOFTWARE: bool = false; // software adapter, where compiling the unrolled loops takes longer
const WORKGROUP_SIZE: u32 = 32u; // @tune 8 16 32 64
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> predictions: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(4) var<storage, read_write> correct: array<f32>;

// The largest entry of a row, or its first NaN if it has one.
struct Largest {
  value: f32,
  index: u32,
}

fn largest_prediction(first: u32, zero: u32) -> Largest {
  var best = Largest(predictions[first], 0u);
  for (var j = zero + 1u; j < CLASSES; j++) {
    let value = predictions[first + j];
    if (exceeds(value, best.value)) { best = Largest(value, j); }
  }
  return best;
}

fn target_of(row: u32, first: u32, zero: u32) -> Largest {
  if (SPARSE) {
    return Largest(1.0, bitcast<u32>(labels[row]));
  } else {
    var best = Largest(targets[first], 0u);
    for (var j = zero + 1u; j < CLASSES; j++) {
      let value = targets[first + j];
      if (exceeds(value, best.value)) { best = Largest(value, j); }
    }
    return best;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let row = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (row < ROWS) {
    let first = row * CLASSES;
    let zero = select(0u, workgroup_id.z, SOFTWARE); // always 0, but opaque to the compiler: the loops stay loops
    let predicted = largest_prediction(first, zero);
    let expected = target_of(row, first, zero);
    let hit = select(0.0, 1.0, predicted.index == expected.index);
    correct[row] = select(select(hit, expected.value, is_nan(expected.value)), predicted.value, is_nan(predicted.value));
  }
}
