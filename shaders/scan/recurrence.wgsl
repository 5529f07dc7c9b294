// Recurrence along one dimension: each value is made of the one before it; running products are one
//
//   y[o, j, i] = factors[o, j, i] · y[o, j − 1, i] + terms[o, j, i],   y[o, −1, i] = FIRST
//
//   factors  [outer, LENGTH, INNER]
//   terms    where ADDED, of the same shape; else 0
//   output   y; where EXCLUSIVE, y[o, j − 1, i] at place j. REVERSE: from the other end
//
// Without terms and with FIRST = 1 it is the product of all factors so far: [3, 1, 4, 2] has [3, 3, 12, 24]. With FIRST
// = 0 it computes the gradient of such a product. For L of y, let d[j] be dL/dy[j] with all that comes later; then
//
//   d[j] = dy[j] + factors[j + 1] · d[j + 1],   dL/dfactors[j] = d[j] · y[j − 1]
//
// which is a recurrence from the other end. Nothing is divided by a factor, so factors of 0 need no case of their own.
//
// One invocation takes one row from end to end. Running sums are cut into chunks, whose sums are added up first (see
// chunks.wgsl). Of products that would be wrong: those of a chunk can leave the range of f32 where the whole does not, as
// in [0, 1e30, 1e30], of which 0 · ∞ would be made.
//
// FLOPs: 2 per element. Bytes: 8 per element, 12 with terms. Neighbouring invocations read along INNER; where that is 1
// their addresses lie a row apart.
//
// Reference: test/reference/scan.ts.

alias Value = f32; // or i32, u32

const SIZE: u32 = 2u; // rows
const LENGTH: u32 = 8u;
const INNER: u32 = 1u;
const FIRST: u32 = 1u;
const ADDED: bool = false;
const EXCLUSIVE: bool = false;
const REVERSE: bool = false;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> factors: array<Value>;
@group(0) @binding(1) var<storage, read> terms: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let row = index / INNER * LENGTH * INNER + index % INNER;
  var y = Value(FIRST);
  for (var j = 0u; j < LENGTH; j++) {
    let place = row + select(j, LENGTH - 1u - j, REVERSE) * INNER;
    let before = y;
    y *= factors[place];
    if (ADDED) {
      y += terms[place];
    }
    output[place] = select(y, before, EXCLUSIVE);
  }
}
