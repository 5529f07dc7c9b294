// Softmax or log-softmax along rows, one invocation per row
//
//   softmax      y_i = e^(x_i − m) / Σ_j e^(x_j − m)              m = max_j x_j
//   log-softmax  y_i = x_i − m − log Σ_j e^(x_j − m)
//
//   input   x [ROWS, CLASSES]
//   output  y [ROWS, CLASSES]
//
// Subtracting the maximum changes nothing mathematically, and keeps every exponent at most 0: nothing
// overflows, and the sum is at least 1. Below e^−104 a term is 0 in f32; clamping there keeps
// the exponent inside the range in which every driver's exp is right.
// An entry of −Infinity (a mask) has y = 0 and log y = −Infinity. A row is NaN where it holds a NaN or Infinity, or
// nothing but −Infinity.
//
// One invocation walks its row three times (maximum, sum, result), a Value at a time: the version for
// software adapters and for short rows, as a classifier has them. The total of a vec4f is `total`.
// FLOPs: about 5 per element with exp as one; bytes: 8 per element, the later walks reading from cache.

alias Value = f32;

const LOG: bool = false; // log-softmax
const ROWS: u32 = 64u;
const CLASSES: u32 = 10u; // in Values
const ROLLED: bool = false; // keep loops as loops: a CPU's compiler takes long over each copy of a load
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>;
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// For Value = vec4f: max(max(x.x, x.y), max(x.z, x.w)).
fn largest(x: Value) -> f32 {
  return x;
}

// For Value = vec4f: dot(x, vec4f(1.0)).
fn total(x: Value) -> f32 {
  return x;
}

// x − m, not below −104.
fn exponent(x: Value, peak: Value) -> Value {
  return keep_nan(x, max(x - peak, Value(-104.0)));
}

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let row = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (row >= ROWS) {
    return;
  }
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, which the compiler then cannot know
  let base = row * CLASSES;
  var peak = input[base];
  for (var i = zero; i < CLASSES; i++) {
    peak = max(peak, input[base + i]);
  }
  let shift = Value(largest(peak));
  var sum = Value(0.0);
  for (var i = zero; i < CLASSES; i++) {
    sum += exp(exponent(input[base + i], shift));
  }
  let norm = total(sum);
  for (var i = zero; i < CLASSES; i++) {
    let x = input[base + i];
    if (LOG) {
      output[base + i] = epilogue(x - shift - Value(log(norm)), base + i, i);
    } else {
      output[base + i] = epilogue(exp(exponent(x, shift)) / Value(norm), base + i, i);
    }
  }
}
