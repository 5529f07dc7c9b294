// Gradient of softmax or log-softmax along rows, one workgroup per row
//
//   softmax      dx_i = y_i · (dy_i − Σ_j dy_j y_j)      since ∂y_j/∂x_i = y_j (δ_ij − y_i)
//   log-softmax  dx_i = dy_i − e^(y_i) · Σ_j dy_j        since ∂y_j/∂x_i = δ_ij − e^(y_i)
//
//   input     y, the forward result [ROWS, CLASSES]
//   gradient  dL/dy [ROWS, CLASSES]
//   output    dL/dx [ROWS, CLASSES]
//
// The version for GPUs and rows of hundreds of entries: neighbouring invocations take neighbouring Values, and a tree in
// workgroup memory computes the sum.
// FLOPs: 4 per element. Bytes: 12 per element; the second pass reads from cache.
//
// Reference: test/reference/softmax.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const LOG: bool = false; // log-softmax
const ROWS: u32 = 64u;
const CLASSES: u32 = 1000u; // in Values
const WORKGROUP_SIZE: u32 = 64u; // @tune 64 128 256
const LEVELS: u32 = 6u; // log₂ WORKGROUP_SIZE
const STEPS: u32 = (CLASSES + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(1) var<storage, read> gradient: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

var<workgroup> sums: array<f32, WORKGROUP_SIZE>;

// The sum of x's elements. For Value = vec4f the body becomes: dot(x, vec4f(1.0)).
fn total(x: Value) -> f32 {
  return x;
}

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let row = workgroup_id.y * GRID_X + workgroup_id.x;
  if (row >= ROWS) {
    return;
  }
  let base = row * CLASSES;
  let lane = local_id.x;
  var sum = Value(0.0);
  for (var step = 0u; step < STEPS; step++) {
    let i = step * WORKGROUP_SIZE + lane;
    if (i < CLASSES) {
      if (LOG) {
        sum += gradient[base + i];
      } else {
        sum += gradient[base + i] * input[base + i];
      }
    }
  }
  sums[lane] = total(sum);
  for (var level = 0u; level < LEVELS; level++) {
    let half = WORKGROUP_SIZE >> (level + 1u);
    workgroupBarrier();
    if (lane < half) {
      sums[lane] += sums[lane + half];
    }
  }
  workgroupBarrier();
  let mean = Value(sums[0]);

  for (var step = 0u; step < STEPS; step++) {
    let i = step * WORKGROUP_SIZE + lane;
    if (i < CLASSES) {
      let y = input[base + i];
      let dy = gradient[base + i];
      if (LOG) {
        output[base + i] = epilogue(dy - exp(keep_nan(y, max(y, Value(-104.0)))) * mean, base + i, i);
      } else {
        output[base + i] = epilogue(y * (dy - mean), base + i, i);
      }
    }
  }
}
