// Sparsemax along rows: the point of the probability simplex that is nearest to x (Martins & Astudillo 2016)
//
//   y_i = max(x_i − τ, 0)      with τ such that Σ_i y_i = 1
//
//   input   x [ROWS, CLASSES]
//   output  y [ROWS, CLASSES]
//
// For example, x = (2, 1.5, 0): τ = 1.25 and y = (0.75, 0.25, 0). Unlike softmax it gives exact zeros.
//
// If S is the set of the i with y_i > 0, then τ = (Σ_S x_i − 1) / |S|. It is found in passes (Michelot 1986): S starts with
// all entries less than 1 below the maximum, and each pass leaves out those that are not above the τ of the pass before,
// until S no longer changes. That takes at most CLASSES passes, mostly three or four, and no sorting. An entry of
// −Infinity (masked) gives 0. A row is NaN where it holds a NaN or Infinity, or only −Infinity.
//
// One invocation takes one row. About 3 FLOPs per element and pass; 8 bytes per element, the later passes reading from
// cache.
//
// Reference: test/reference/softmax.ts.

const ROWS: u32 = 64u;
const CLASSES: u32 = 10u;
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

alias Value = f32;

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
  var wrong = 0.0; // NaN if any difference is
  for (var i = zero; i < CLASSES; i++) {
    wrong = keep_nan(input[base + i] - peak, wrong);
    wrong = keep_nan(input[base + i], wrong);
  }
  var threshold = -1.0; // of x − peak
  var members = 0u;
  for (var pass_index = zero; pass_index < CLASSES; pass_index++) {
    var sum = 0.0;
    var count = 0u;
    for (var i = zero; i < CLASSES; i++) {
      let x = input[base + i] - peak;
      if (x > threshold) {
        sum += x;
        count++;
      }
    }
    if (count == members) {
      break;
    }
    members = count;
    threshold = (sum - 1.0) / f32(max(count, 1u));
  }
  for (var i = zero; i < CLASSES; i++) {
    output[base + i] = keep_nan(wrong, max(input[base + i] - peak - threshold, 0.0));
  }
}
