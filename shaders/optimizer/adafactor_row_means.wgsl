// The mean of each matrix's row mean squares, by which Adafactor divides them
//
//   row_means[START + o] = mean over r of next_rows[START + o ROWS + r]
//
//   next_rows   f32, flat: those of the variable begin at START (adafactor_factors.wgsl)
//   row_means   f32, flat
//
// One invocation computes one mean, in order. 1 FLOP and 4 bytes per row: the run time is launch latency.
//
// Reference: test/reference/layerwiseOptimizers.ts.

const START: u32 = 0u;
const OUTER: u32 = 2u;
const ROWS: u32 = 3u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> next_rows: array<f32>;
@group(0) @binding(4) var<storage, read_write> row_means: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let o = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (o >= OUTER) {
    return;
  }
  var sum = 0.0;
  for (var r = 0u; r < ROWS; r++) {
    sum += next_rows[START + o * ROWS + r];
  }
  row_means[START + o] = sum / f32(ROWS);
}
