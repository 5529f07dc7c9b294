// Softmax or log-softmax along rows, one invocation per row
//
//   softmax      y_i = e^(x_i − m) / Σ_j e^(x_j − m)              m = max_j x_j
//   log-softmax  y_i = x_i − m − log Σ_j e^(x_j − m)
//
//   input   x [ROWS, CLASSES]
//   output  y [ROWS, CLASSES]
//
// For example, x = (2, 1, 0): m = 2, the exponentials are (1, 0.368, 0.135) with the sum 1.503, so
// y = (0.665, 0.245, 0.090), and log y = (−0.408, −1.408, −2.408).
//
// Subtracting the maximum does not change y, and keeps every exponent at most 0: nothing overflows, and the sum is at
// least 1. e^−104 rounds to 0 in f32; exponents are raised to −104, so that they stay where every driver's exp is right.
// An entry of −Infinity (masked) has y = 0 and log y = −Infinity. A row is NaN where it holds a NaN or Infinity, or
// only −Infinity.
//
// One invocation walks along its row three times (maximum, sum, result), one Value at a time: the version for software
// adapters and for the short rows of a classifier.
// FLOPs: about 5 per element, with exp as one. Bytes: 8 per element; the later passes read from cache.
//
// Reference: test/reference/softmax.ts. Read next: workgroup.wgsl, gradient_rows.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const LOG: bool = false; // log-softmax
const ROWS: u32 = 64u;
const CLASSES: u32 = 10u; // in Values
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// The largest of x's elements. For Value = vec4f the body becomes: max(max(x.x, x.y), max(x.z, x.w)).
fn largest(x: Value) -> f32 {
  return x;
}

// The sum of x's elements. For Value = vec4f the body becomes: dot(x, vec4f(1.0)).
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
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
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
