// Gradient of a product along rows: dy times the product of all other entries
//
//   dx[o, r] = dy[o] · Π over s ≠ r of x[o, s]
//
// The product divided by x[o, r] would be 0 / 0 where an entry is 0. So one pass stores the product of the entries before
// r in dx, and a second pass, from the end, multiplies it by those after r.
//
//   input     x [outer, REDUCE]
//   gradient  dy [outer]
//   output    dx [outer, REDUCE]
//
// For example, x = (2, 3, 4) and dy = 1: the first pass stores (1, 2, 6), the second multiplies by (12, 4, 1): (12, 8, 6).
//
// One invocation takes one row: 3 · REDUCE multiplications, 20 · REDUCE bytes.
//
// Reference: test/reference/reduce.ts.

const SIZE: u32 = 64u; // rows
const REDUCE: u32 = 8u;
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  let base = index * REDUCE;
  var before = 1.0;
  for (var i = zero; i < REDUCE; i++) {
    output[base + i] = before;
    before *= input[base + i];
  }
  var after = gradient[index];
  for (var i = zero; i < REDUCE; i++) {
    let place = base + REDUCE - 1u - i;
    output[place] *= after;
    after *= input[place];
  }
}
