// Gradient of attention: what all keys of a query share
//
//   delta = Σ_e output_e · gradient_e − d_log_sum,   where Σ_e output_e · gradient_e = Σ_j w_j · dL/dw_j
//
//   output, gradient  output of attention and dL/doutput [ROWS, VALUE_SIZE], a row for each query of each head
//   log_sum           [ROWS]
//   d_log_sum         dL/dlog_sum [ROWS], where OF_LOG_SUM: a loss may be made of it
//   statistics        [ROWS] vec2f: (log_sum, delta)
//
// The gradient of the softmax needs the sum of w_j · dL/dw_j over all keys j. As the output is Σ_j w_j v_j and dL/dw_j is
// gradient · v_j, that sum is output · gradient: no key has to be read (Dao et al. 2022). And dlog_sum/ds_j = w_j, so that
// dL/ds_j = w_j · (dL/dw_j − delta).
// One invocation computes a row. FLOPs 2 · ROWS · VALUE_SIZE; bytes 8 · ROWS · VALUE_SIZE.
//
// Reference: test/reference/attention.ts. Read next: gradient_1_naive.wgsl.

const ROWS: u32 = 128u;
const VALUE_SIZE: u32 = 8u;
const OF_LOG_SUM: bool = false;
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> output: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> log_sum: array<f32>;
@group(0) @binding(3) var<storage, read> d_log_sum: array<f32>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec2f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let row = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (row < ROWS) {
    var delta = 0.0;
    for (var i = workgroup_id.z; i < VALUE_SIZE; i++) { // from 0, which is opaque to the compiler: stays a loop
      delta = fma(output[row * VALUE_SIZE + i], gradient[row * VALUE_SIZE + i], delta);
    }
    if (OF_LOG_SUM) {
      delta -= d_log_sum[row];
    }
    statistics[row] = vec2f(log_sum[row], delta);
  }
}
