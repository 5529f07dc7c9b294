// Softmax or log-softmax along rows, one workgroup per row
//
//   softmax      y_i = e^(x_i − m) / Σ_j e^(x_j − m)              m = max_j x_j
//   log-softmax  y_i = x_i − m − log Σ_j e^(x_j − m)
//
//   input   x [ROWS, CLASSES]
//   output  y [ROWS, CLASSES]
//
// The version for GPUs and rows of hundreds of entries (attention, large vocabularies). Neighbouring invocations take
// neighbouring Values, so that their loads are coalesced (one wide transaction), and trees in workgroup memory compute
// maximum and sum. Subtracting m keeps every exponent at most 0, so nothing overflows.
// FLOPs: about 5 per element, with exp as one. Bytes: 8 per element; the later passes read from cache.
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
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

var<workgroup> peaks: array<f32, WORKGROUP_SIZE>;
var<workgroup> sums: array<f32, WORKGROUP_SIZE>;

// The largest of x's elements. For Value = vec4f the body becomes: max(max(x.x, x.y), max(x.z, x.w)).
fn largest(x: Value) -> f32 {
  return x;
}

// The sum of x's elements. For Value = vec4f the body becomes: dot(x, vec4f(1.0)).
fn total(x: Value) -> f32 {
  return x;
}

// x − m, raised to −104: e^−104 rounds to 0 in f32, and every driver's exp is right down to there.
fn exponent(x: Value, peak: Value) -> Value {
  return keep_nan(x, max(x - peak, Value(-104.0)));
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

  var peak = input[base + min(lane, CLASSES - 1u)];
  for (var step = 0u; step < STEPS; step++) {
    peak = max(peak, input[base + min(step * WORKGROUP_SIZE + lane, CLASSES - 1u)]);
  }
  peaks[lane] = largest(peak);
  for (var level = 0u; level < LEVELS; level++) {
    let half = WORKGROUP_SIZE >> (level + 1u);
    workgroupBarrier();
    if (lane < half) {
      peaks[lane] = max(peaks[lane], peaks[lane + half]);
    }
  }
  workgroupBarrier();
  let shift = Value(peaks[0]);

  var sum = Value(0.0);
  for (var step = 0u; step < STEPS; step++) {
    let i = step * WORKGROUP_SIZE + lane;
    if (i < CLASSES) {
      sum += exp(exponent(input[base + i], shift));
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
  let norm = sums[0];

  for (var step = 0u; step < STEPS; step++) {
    let i = step * WORKGROUP_SIZE + lane;
    if (i < CLASSES) {
      let x = input[base + i];
      if (LOG) {
        output[base + i] = epilogue(x - shift - Value(log(norm)), base + i, i);
      } else {
        output[base + i] = epilogue(exp(exponent(x, shift)) / Value(norm), base + i, i);
      }
    }
  }
}
