// Collects the rows of one step's batch into a result over a whole data set (evaluate, predict)
//
//   collected[step · BATCH + row, …] = rows[row, …],  left out where step · BATCH + row ≥ SIZE
//
//   rows        [BATCH, ROW] of 4-byte elements, any type: they are copied as bits
//   state       u32 [4]: step, …
//   collected   [SIZE, ROW] of the same type
//
// One invocation copies one element; 8 bytes each. The last batch of a data set is usually cut: its
// surplus rows (repeated samples) end here.

const SIZE: u32 = 100u; // rows of the result
const BATCH: u32 = 8u;
const ROW: u32 = 10u; // elements of one row
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

const STEPS: u32 = (SIZE + BATCH - 1u) / BATCH; // later steps have no rows left

@group(0) @binding(0) var<storage, read> rows: array<u32>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> collected: array<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  let step = state[0];
  if (index < BATCH * ROW && step < STEPS) {
    if (step * BATCH + index / ROW < SIZE) {
      collected[step * BATCH * ROW + index] = rows[index];
    }
  }
}
