// Index of the largest (or smallest) entry along one dimension, one invocation per result
//
//   y[o, i] = the first r with x[o, r, i] = max over s of x[o, s, i]
//
//   input   x [outer, REDUCE, INNER], f32 or i32
//   output  y [outer, INNER], i32
//
// The search starts at entry 0, and a later entry must be strictly better, so the first of equal entries wins. NaN
// counts as better than any number, as in NumPy, so that a NaN is found and not lost.
// FLOPs: one comparison per entry. Bytes: 4 per entry.
//
// Reference: test/reference/reduce.ts. Read next: arg_tree.wgsl.

alias Value = f32;

const LARGEST: bool = true; // argmax, else argmin
const FLOAT: bool = true; // an entry may be NaN
const SIZE: u32 = 64u; // results
const REDUCE: u32 = 10u;
const INNER: u32 = 1u;
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<i32>;

fn not_a_number(x: Value) -> bool {
  return FLOAT && (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn beats(a: Value, b: Value) -> bool {
  if (not_a_number(a) || not_a_number(b)) {
    return !not_a_number(b);
  }
  if (LARGEST) {
    return a > b;
  } else {
    return a < b;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  let base = (index / INNER) * REDUCE * INNER + index % INNER;
  var best = input[base];
  var winner = 0u;
  for (var row = zero; row < REDUCE; row++) {
    let value = input[base + row * INNER];
    let wins = beats(value, best);
    best = select(best, value, wins);
    winner = select(winner, row, wins);
  }
  output[index] = i32(winner);
}
