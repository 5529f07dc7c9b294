// Gradient of softmax or log-softmax along rows, one invocation per row
//
//   softmax      dx_i = y_i · (dy_i − Σ_j dy_j y_j)      since ∂y_j/∂x_i = y_j (δ_ij − y_i)
//   log-softmax  dx_i = dy_i − e^(y_i) · Σ_j dy_j        since ∂y_j/∂x_i = δ_ij − e^(y_i)
//
//   input     y, the forward result [ROWS, CLASSES]
//   gradient  dL/dy [ROWS, CLASSES]
//   output    dL/dx [ROWS, CLASSES]
//
// One invocation walks along its row twice: for the sum, then for the results. For software adapters and short rows.
// FLOPs: 4 per element. Bytes: 12 per element; the second pass reads from cache.
//
// Reference: test/reference/softmax.ts. Read next: gradient_workgroup.wgsl.

alias Value = f32;

const LOG: bool = false; // log-softmax
const ROWS: u32 = 64u;
const CLASSES: u32 = 10u; // in Values
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(1) var<storage, read> gradient: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// The sum of x's elements. For Value = vec4f the body becomes: dot(x, vec4f(1.0)).
fn total(x: Value) -> f32 {
  return x;
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
  var sum = Value(0.0);
  for (var i = zero; i < CLASSES; i++) {
    if (LOG) {
      sum += gradient[base + i];
    } else {
      sum += gradient[base + i] * input[base + i];
    }
  }
  let mean = Value(total(sum));
  for (var i = zero; i < CLASSES; i++) {
    let y = input[base + i];
    let dy = gradient[base + i];
    if (LOG) {
      output[base + i] = epilogue(dy - exp(keep_nan(y, max(y, Value(-104.0)))) * mean, base + i, i);
    } else {
      output[base + i] = epilogue(y * (dy - mean), base + i, i);
    }
  }
}
