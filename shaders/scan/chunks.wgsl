// Scan: running sums along one dimension, by chunks
//
//   y[o, j, i] = Σ x[o, j′, i] over j′ ≤ j      (EXCLUSIVE: j′ < j; REVERSE: from the other end)
//
//   input    x [outer, LENGTH, INNER]
//   starts   [outer, CHUNKS, INNER]: the sum of all chunks before each; 0 where not STARTED
//   output   y [outer, LENGTH, INNER]; with TOTALS the sum of each chunk, [outer, CHUNKS, INNER]
//
// For example [3, 1, 4, 1] has the running sums [3, 4, 8, 9], exclusive [0, 3, 4, 8], reversed [9, 6, 5, 1].
//
// Each sum needs the one before it, so one row by itself has nothing to do in parallel. Cut into chunks it has: first
// every chunk is summed (TOTALS), then these totals are scanned, exclusively, which is the same task CHUNK times
// smaller, and then each chunk is scanned from its start on. One invocation has one chunk of one row. With chunks of 64
// two rounds are enough for 4,096 elements, three for 262,144.
//
// FLOPs: one addition per element and pass, two passes. Bytes: 12 per element. Neighbouring invocations read along
// INNER; where that is 1 their addresses lie a chunk apart.
//
// Adding in chunks also rounds less than adding one by one: errors grow with the length of a chunk and not of the row.
//
// Reference: test/reference/scan.ts.

alias Value = f32; // or i32, u32

const SIZE: u32 = 8u; // chunks of all rows
const LENGTH: u32 = 16u;
const INNER: u32 = 1u;
const CHUNK: u32 = 4u; // elements
const CHUNKS: u32 = 4u; // of a row
const TOTALS: bool = false;
const STARTED: bool = false;
const EXCLUSIVE: bool = false;
const REVERSE: bool = false;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(1) var<storage, read> starts: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let chunk = index / INNER % CHUNKS;
  let row = index / (INNER * CHUNKS) * LENGTH * INNER + index % INNER;
  var sum = Value(0);
  if (STARTED) {
    sum = starts[index];
  }
  // Chunks and their elements are counted in the direction of the sums: chunk 0 has the end where they begin.
  for (var j = chunk * CHUNK; j < min(chunk * CHUNK + CHUNK, LENGTH); j++) {
    let place = row + select(j, LENGTH - 1u - j, REVERSE) * INNER;
    let before = sum;
    sum += input[place];
    if (!TOTALS) {
      output[place] = select(sum, before, EXCLUSIVE);
    }
  }
  if (TOTALS) {
    output[index] = sum;
  }
}
