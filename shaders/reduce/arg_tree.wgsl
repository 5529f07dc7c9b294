// Index of the largest (or smallest) entry along one dimension, one workgroup per result
//
//   y[o, i] = the first r with x[o, r, i] = max over s of x[o, s, i]
//
//   input   x [outer, REDUCE, INNER], f32 or i32
//   output  y [outer, INNER], i32
//
// The version for GPUs where a long dimension has few results. Every invocation searches each WORKGROUP_SIZE-th entry,
// then a tree in workgroup memory compares the pairs (value, index). Of equal values the smaller index wins, so the
// first entry wins whatever the shape of the tree. NaN counts as better than any number.
// FLOPs: one comparison per entry. Bytes: 4 per entry.
//
// Reference: test/reference/reduce.ts.

alias Value = f32;

const LARGEST: bool = true; // argmax, else argmin
const FLOAT: bool = true; // an entry may be NaN
const SIZE: u32 = 64u; // results
const REDUCE: u32 = 1024u; // at least WORKGROUP_SIZE
const INNER: u32 = 1u;
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const LEVELS: u32 = 8u; // log₂ WORKGROUP_SIZE
const STEPS: u32 = (REDUCE + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<i32>;

var<workgroup> values: array<Value, WORKGROUP_SIZE>;
var<workgroup> indices: array<u32, WORKGROUP_SIZE>;

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
  let index = workgroup_id.y * GRID_X + workgroup_id.x;
  if (index >= SIZE) {
    return;
  }
  let base = (index / INNER) * REDUCE * INNER + index % INNER;
  var winner = local_id.x;
  var best = input[base + winner * INNER];
  for (var step = 0u; step < STEPS; step++) {
    let row = step * WORKGROUP_SIZE + local_id.x;
    if (row < REDUCE) {
      let value = input[base + row * INNER];
      let wins = beats(value, best);
      best = select(best, value, wins);
      winner = select(winner, row, wins);
    }
  }
  values[local_id.x] = best;
  indices[local_id.x] = winner;
  for (var level = 0u; level < LEVELS; level++) {
    let half = WORKGROUP_SIZE >> (level + 1u);
    workgroupBarrier();
    if (local_id.x < half) {
      let rival = values[local_id.x + half];
      let rival_index = indices[local_id.x + half];
      let tie = !beats(best, rival) && rival_index < winner;
      if (beats(rival, best) || tie) {
        best = rival;
        winner = rival_index;
        values[local_id.x] = best;
        indices[local_id.x] = winner;
      }
    }
  }
  if (local_id.x == 0u) {
    output[index] = i32(winner);
  }
}
