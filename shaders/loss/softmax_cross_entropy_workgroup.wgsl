// Softmax cross-entropy of logits, and its gradient, for wide rows: one row per workgroup
//
//   loss = Σ_j t_j ((m - x_j) + log Σ_k e^(x_k - m)),   dloss/dx_j = mass · p_j - t_j
//
// The formulas, shapes and bindings are those of softmax_cross_entropy.wgsl.
//
// The lanes (invocations) of a workgroup read neighbouring classes, so that one memory transaction serves many of them.
// They combine their maxima, sums and losses in trees of log2(WORKGROUP_SIZE) levels. The order of every sum is fixed,
// so the result is the same in every run. A row is read three times, but from memory only once where it fits in the
// cache. About 10 FLOPs per logit; 4 · ROWS · (2 CLASSES + 2) bytes from and to memory.
//
// Reference: test/reference/losses.ts.

alias Value = f32;

const ROWS: u32 = 8u;
const CLASSES: u32 = 1000u;
const SPARSE: bool = true;
const LABEL_SMOOTHING: f32 = 0.0;
const WORKGROUP_SIZE: u32 = 128u; // @tune 32 64 128 256 (a power of two)
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<Value>;
@group(0) @binding(5) var<storage, read_write> loss: array<f32>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

const PASSES: u32 = (CLASSES + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
const LEVELS: u32 = 7u; // log2(WORKGROUP_SIZE)
const LOWEST: f32 = -3.4028234e38;

var<workgroup> value_tree: array<f32, WORKGROUP_SIZE>;
var<workgroup> mass_tree: array<f32, WORKGROUP_SIZE>;

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
  let row = workgroup_id.y * GRID_X + workgroup_id.x;
  let lane = local_id.x;
  if (row >= ROWS) { // all invocations of the workgroup return together, so none skips a barrier
    return;
  }
  let first = row * CLASSES;
  let label = label_of(row);

  var largest = LOWEST;
  for (var i = 0u; i < PASSES; i++) {
    let j = i * WORKGROUP_SIZE + lane;
    if (j < CLASSES) {
      largest = max(largest, logits[first + j]);
    }
  }
  value_tree[lane] = largest;
  for (var level = 1u; level <= LEVELS; level++) {
    workgroupBarrier();
    let width = WORKGROUP_SIZE >> level;
    if (lane < width) {
      value_tree[lane] = max(value_tree[lane], value_tree[lane + width]);
    }
  }
  workgroupBarrier();
  largest = value_tree[0];
  workgroupBarrier();

  var lane_sum = 0.0;
  var lane_mass = 0.0;
  for (var i = 0u; i < PASSES; i++) {
    let j = i * WORKGROUP_SIZE + lane;
    if (j < CLASSES) {
      lane_sum += exp(logits[first + j] - largest);
      lane_mass += target_at(row, j, label);
    }
  }
  value_tree[lane] = lane_sum;
  mass_tree[lane] = lane_mass;
  for (var level = 1u; level <= LEVELS; level++) {
    workgroupBarrier();
    let width = WORKGROUP_SIZE >> level;
    if (lane < width) {
      value_tree[lane] += value_tree[lane + width];
      mass_tree[lane] += mass_tree[lane + width];
    }
  }
  workgroupBarrier();
  let sum = value_tree[0];
  let mass = mass_tree[0];
  workgroupBarrier();

  let log_sum = log(sum);
  let smooth_part = LABEL_SMOOTHING * mass / f32(CLASSES);
  var lane_loss = 0.0;
  for (var i = 0u; i < PASSES; i++) {
    let j = i * WORKGROUP_SIZE + lane;
    if (j < CLASSES) {
      let x = logits[first + j] - largest;
      let t = (1.0 - LABEL_SMOOTHING) * target_at(row, j, label) + smooth_part;
      lane_loss += select(t * (log_sum - x), 0.0, t == 0.0); // 0 · Infinity is 0 here
      gradient[first + j] = epilogue(mass * exp(x) / sum - t, first + j, j);
    }
  }
  value_tree[lane] = lane_loss;
  for (var level = 1u; level <= LEVELS; level++) {
    workgroupBarrier();
    let width = WORKGROUP_SIZE >> level;
    if (lane < width) {
      value_tree[lane] += value_tree[lane + width];
    }
  }
  if (lane == 0u) {
    loss[row] = keep_nan(log_sum, value_tree[0]);
  }
}
