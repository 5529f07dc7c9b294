// Categorical accuracy for wide rows: one row per workgroup
//
//   correct[row] = [ argmax_j x_j = target ];  of equal values the first wins; NaN where an entry is NaN
//
// Shapes and bindings are those of categorical_accuracy.wgsl.
//
// Each invocation of the workgroup (lane) finds the first largest of every WORKGROUP_SIZE-th value, so that neighbouring
// lanes read neighbouring values. Then a tree of log2(WORKGROUP_SIZE) levels combines them; of equal values the lower
// index wins. CLASSES comparisons per row (twice that if not SPARSE), 4 · (CLASSES + 2) bytes per row (4 · (2 CLASSES + 1)
// if not SPARSE).
//
// Reference: test/reference/losses.ts.

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

// The largest entry of a row, or its first NaN if it has one.
struct Largest {
  value: f32,
  index: u32,
}

// The first largest of all lanes' entries, returned to every lane.
fn first_largest(lane: u32, own: Largest) -> Largest {
  values[lane] = own.value;
  indices[lane] = own.index;
  for (var level = 1u; level <= LEVELS; level++) {
    workgroupBarrier();
    let width = WORKGROUP_SIZE >> level;
    if (lane < width) {
      let other = values[lane + width];
      let other_index = indices[lane + width];
      let tie = !exceeds(values[lane], other) && other_index < indices[lane];
      if (exceeds(other, values[lane]) || tie) {
        values[lane] = other;
        indices[lane] = other_index;
      }
    }
  }
  workgroupBarrier();
  let result = Largest(values[0], indices[0]);
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let row = workgroup_id.y * GRID_X + workgroup_id.x;
  let lane = local_id.x;
  if (row >= ROWS) { // all invocations of the workgroup return together, so none skips a barrier
    return;
  }
  let first = row * CLASSES;
  var best = Largest(LOWEST, CLASSES);
  var best_target = best;
  for (var i = 0u; i < PASSES; i++) {
    let j = i * WORKGROUP_SIZE + lane;
    if (j < CLASSES) {
      let x = predictions[first + j];
      if (exceeds(x, best.value) || best.index == CLASSES) {
        best = Largest(x, j);
      }
      if (!SPARSE) {
        let t = targets[first + j];
        if (exceeds(t, best_target.value) || best_target.index == CLASSES) {
          best_target = Largest(t, j);
        }
      }
    }
  }
  let predicted = first_largest(lane, best);
  var expected = Largest(1.0, 0u);
  if (SPARSE) {
    expected.index = bitcast<u32>(labels[row]);
  } else {
    expected = first_largest(lane, best_target);
  }
  if (lane == 0u) {
    let hit = select(0.0, 1.0, predicted.index == expected.index);
    correct[row] = select(select(hit, expected.value, is_nan(expected.value)), predicted.value, is_nan(predicted.value));
  }
}
