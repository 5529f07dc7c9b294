// Softmax cross-entropy of logits, and its gradient, in one pass: one row per invocation
//
//   p_j  = e^(x_j - m) / Σ_k e^(x_k - m),  m = max_k x_k          (softmax; subtracting m keeps e^… at or below 1)
//   loss = -Σ_j t_j log p_j = Σ_j t_j ((m - x_j) + log Σ_k e^(x_k - m))
//   dloss/dx_j = mass · p_j - t_j,  mass = Σ_j t_j                (p - t where the targets add up to 1)
//
//   logits    x [ROWS, CLASSES]
//   labels    [ROWS] class indices (SPARSE), t = one-hot; a label outside [0, CLASSES) masks its row:
//             no target, so loss 0 and gradient 0
//   targets   t [ROWS, CLASSES] distributions (not SPARSE)
//   gradient  [ROWS, CLASSES], not yet multiplied by dL/dloss: the epilogue does that
//   loss      [ROWS]
//
// For example, logits (2, 1, 0) and label 0: e^(x - 2) = (1, 0.368, 0.135) with the sum 1.503, so p = (0.665, 0.245, 0.090).
// loss = -log 0.665 = 0.408; gradient = (-0.335, 0.245, 0.090), which adds up to 0.
//
// A logit of −Infinity has p = 0; without a target it adds nothing to the loss. A row is NaN where it holds a NaN or
// Infinity, or only −Infinity. Label smoothing s (Szegedy et al. 2016) replaces t_j by (1 - s) t_j + s · mass / CLASSES.
//
// The gradient needs the same maximum and sum as the loss, so one kernel computes both, and a training step has one
// dispatch instead of three. About 10 FLOPs per logit; 4 · ROWS · (2 CLASSES + 2) bytes from and to memory: the three
// loops over a row read it from the cache.
//
// Accuracy: the error of a sum of n numbers, added one by one, grows like n. Here blocks of BLOCK classes are added
// separately, and then their sums.
//
// There are no barriers: best for few classes (each invocation walks along a short row) and on a software adapter.
//
// Reference: test/reference/losses.ts. Read next: softmax_cross_entropy_workgroup.wgsl, for wide rows.

alias Value = f32;

const ROWS: u32 = 8u;
const CLASSES: u32 = 10u;
const BLOCK: u32 = 10u; // classes that are added before they join the row's sums
const BLOCKS: u32 = (CLASSES + BLOCK - 1u) / BLOCK;
const SPARSE: bool = true;
const LABEL_SMOOTHING: f32 = 0.0;
const SOFTWARE: bool = false; // software adapter, where compiling the unrolled loops takes 0.1 s longer
const WORKGROUP_SIZE: u32 = 32u; // @tune 8 16 32 64
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<Value>;
@group(0) @binding(5) var<storage, read_write> loss: array<f32>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

fn label_of(row: u32) -> i32 {
  if (SPARSE) {
    return labels[row];
  } else {
    return -1;
  }
}

fn target_at(row: u32, class_index: u32, label: i32) -> f32 {
  if (SPARSE) {
    return select(0.0, 1.0, label == i32(class_index));
  } else {
    return targets[row * CLASSES + class_index];
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let row = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (row >= ROWS) {
    return;
  }
  let first = row * CLASSES;
  let zero = select(0u, workgroup_id.z, SOFTWARE); // always 0, but opaque to the compiler: the loops stay loops
  let label = label_of(row);
  var largest = logits[first];
  for (var j = zero + 1u; j < CLASSES; j++) {
    largest = max(largest, logits[first + j]);
  }
  var sum = 0.0;
  var mass = 0.0;
  for (var block = 0u; block < BLOCKS; block++) {
    var block_sum = 0.0;
    var block_mass = 0.0;
    for (var j = block * BLOCK + zero; j < min((block + 1u) * BLOCK, CLASSES); j++) {
      block_sum += exp(logits[first + j] - largest);
      block_mass += target_at(row, j, label);
    }
    sum += block_sum;
    mass += block_mass;
  }
  let log_sum = log(sum);
  let smooth_part = LABEL_SMOOTHING * mass / f32(CLASSES);
  var row_loss = 0.0;
  for (var block = 0u; block < BLOCKS; block++) {
    var block_loss = 0.0;
    for (var j = block * BLOCK + zero; j < min((block + 1u) * BLOCK, CLASSES); j++) {
      let x = logits[first + j] - largest;
      let t = (1.0 - LABEL_SMOOTHING) * target_at(row, j, label) + smooth_part;
      block_loss += select(t * (log_sum - x), 0.0, t == 0.0); // 0 · Infinity is 0 here
      gradient[first + j] = epilogue(mass * exp(x) / sum - t, first + j, j);
    }
    row_loss += block_loss;
  }
  loss[row] = keep_nan(log_sum, row_loss);
}
