// Reduction along one dimension: sum, mean, max, min or product, one workgroup per few results
//
//   y[o, i] = combine over r of x[o, r, i]       x [outer, REDUCE, INNER] → y [outer, INNER]
//
// The version for GPUs where there are few results and the reduced dimension is long. As in lanes.wgsl, the dimension
// may first be cut into CHUNKS pieces, whose partial results [outer, CHUNKS, INNER] a second dispatch reduces. The order
// of operations is fixed.
//
//   input   [outer, REDUCE, INNER]
//   output  [outer, CHUNKS, INNER]
//
// A workgroup is a table of ROWS × COLUMNS invocations. COLUMNS of them take neighbours along the inner dimension, so
// that their loads are coalesced (COLUMNS = 1 where INNER = 1: neighbours then take neighbouring entries).
// First every invocation reduces each ROWS-th entry of the chunk in registers, in four accumulators. Then a tree in
// workgroup memory combines the rows, half of them at each of log₂ ROWS levels, with a barrier between levels:
//
//   3  1  4  1  5  9  2  6      8 values: invocations 0 … 3 add the upper half to the lower half
//   8 10  6  7                  4 values: invocations 0 and 1
//  14 17                        2 values: invocation 0
//  31                           the sum
//
// Along rows (INNER = 1) Load may be vec4f while Value is f32; `collapse` combines the four at the end.
// FLOPs: one per entry. Bytes: 4 per entry: memory-bound. Rounding errors grow with CHUNK / (4 · ROWS) + log₂ ROWS, not
// with the number of entries. Reference: test/reference/reduce.ts.

alias Load = f32;
alias LoadBits = u32; // as wide as Load
alias Value = f32; // or vec4f: four neighbouring elements at a time

const SUM: u32 = 0u;
const MAX: u32 = 1u;
const MIN: u32 = 2u;
const PRODUCT: u32 = 3u;

const OPERATION: u32 = 0u; // SUM, MAX, MIN or PRODUCT
const FLOAT: bool = true; // an entry may be NaN
const GROUPS: u32 = 64u; // workgroups: outer · CHUNKS · TILES
const REDUCE: u32 = 1024u; // extent that is reduced, in Loads
const INNER: u32 = 1u; // extent inside it, in Values
const CHUNKS: u32 = 1u;
const CHUNK: u32 = 1024u; // entries per workgroup, in Loads
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const COLUMNS: u32 = 1u; // a power of two
const LEVELS: u32 = 8u; // log₂ ROWS
const ROWS: u32 = WORKGROUP_SIZE / COLUMNS;
const TILES: u32 = (INNER + COLUMNS - 1u) / COLUMNS;
const STEPS: u32 = (CHUNK + 4u * ROWS - 1u) / (4u * ROWS);
const DIVISOR: f32 = 1.0; // entries of a mean, else 1
const CHANNELS: u32 = 1u; // innermost dimension of the output, in Values
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Load>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

var<workgroup> table: array<Load, WORKGROUP_SIZE>;

// max or min of two numbers may drop a NaN. Where one of them is NaN, their sum is taken, which is NaN.
fn extreme(a: Load, b: Load, chosen: Load) -> Load {
  if (FLOAT) {
    let bits = max(bitcast<LoadBits>(a) & LoadBits(0x7fffffffu), bitcast<LoadBits>(b) & LoadBits(0x7fffffffu));
    return select(chosen, a + b, bits > LoadBits(0x7f800000u));
  } else {
    return chosen;
  }
}

fn combine(a: Load, b: Load) -> Load {
  if (OPERATION == MAX) {
    return extreme(a, b, max(a, b));
  } else if (OPERATION == MIN) {
    return extreme(a, b, min(a, b));
  } else if (OPERATION == PRODUCT) {
    return a * b;
  } else {
    return a + b;
  }
}

// The start of an accumulator, the neutral element: 0 for sums, 1 for products. max and min have no finite one, so
// they start from one of the entries: counting it twice changes nothing.
fn neutral(entry: Load) -> Load {
  if (OPERATION == SUM) {
    return Load(0);
  } else if (OPERATION == PRODUCT) {
    return Load(1);
  } else {
    return entry;
  }
}

// Combines the elements of a Load. For Load = vec4f the body becomes:
//   let pairs = combine(total, total.zwxy); return combine(pairs, pairs.yxwz).x;
fn collapse(total: Load) -> Value {
  return total;
}

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  if (group >= GROUPS) {
    return;
  }
  let column = (group % TILES) * COLUMNS + local_id.x % COLUMNS;
  let inner = min(column, INNER - 1u); // lanes beyond the last column repeat it and store nothing
  let chunk = (group / TILES) % CHUNKS;
  let outer = group / (TILES * CHUNKS);
  let begin = chunk * CHUNK;
  let end = min(begin + CHUNK, REDUCE);
  let base = outer * REDUCE * INNER + inner;

  let identity = neutral(input[base + begin * INNER]);
  var sums = array<Load, 4>(identity, identity, identity, identity);
  for (var step = 0u; step < STEPS; step++) {
    // @unroll
    for (var i = 0u; i < 4u; i++) {
      let row = begin + (step * 4u + i) * ROWS + local_id.x / COLUMNS;
      let entry = input[base + min(row, end - 1u) * INNER];
      sums[i] = combine(sums[i], select(identity, entry, row < end));
    }
  }
  table[local_id.x] = combine(combine(sums[0], sums[1]), combine(sums[2], sums[3]));
  for (var level = 0u; level < LEVELS; level++) {
    let half = WORKGROUP_SIZE >> (level + 1u);
    workgroupBarrier();
    if (local_id.x < half) {
      table[local_id.x] = combine(table[local_id.x], table[local_id.x + half]);
    }
  }

  if (local_id.x < COLUMNS && column < INNER) {
    let index = (outer * CHUNKS + chunk) * INNER + column;
    var value = collapse(table[local_id.x]);
    if (DIVISOR != 1.0) {
      value = value / Value(DIVISOR);
    }
    output[index] = epilogue(value, index, index % CHANNELS);
  }
}
