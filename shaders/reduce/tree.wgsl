// Reduction along one dimension: sum, mean, max, min or product, one workgroup per few results
//
//   y[o, i] = combine over r of x[o, r, i]       x [outer, REDUCE, INNER] → y [outer, INNER]
//
// The version for GPUs where results are few and the reduced dimension is long. As in `lanes`, the
// dimension may first be cut into CHUNKS pieces, whose partial results [outer, CHUNKS, INNER] a second
// dispatch reduces; and the order of operations is fixed.
//
//   input   [outer, REDUCE, INNER]
//   output  [outer, CHUNKS, INNER]
//
// A workgroup is a table of ROWS × COLUMNS invocations: COLUMNS neighbours along the inner dimension,
// so that their loads coalesce (1 where INNER = 1: neighbours then take neighbouring entries). First
// every invocation reduces each ROWS-th entry of the chunk in registers, in four accumulators; then
// the rows meet in workgroup memory, half of them at each level of a tree: log₂ ROWS barriers.
// Along rows (INNER = 1) Load may be vec4f while Value is f32; `collapse` folds the four at the end.
// FLOPs: one per entry. Bytes: 4 per entry: bound by memory. Rounding errors grow with
// CHUNK / (4 · ROWS) + log₂ ROWS, not with the number of entries.

alias Load = f32;
alias LoadBits = u32; // as many as Load has
alias Value = f32;

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
@group(0) @binding(10) var<storage, read> extra_0: array<Value>;
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

var<workgroup> table: array<Load, WORKGROUP_SIZE>;

// The larger or the smaller of two, which would lose a NaN; with one, the sum, which is NaN too.
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

// What an accumulator starts from: 0 or 1, and for max and min, which have no such finite number, an
// entry of the set itself: counting it twice changes nothing.
fn neutral(entry: Load) -> Load {
  if (OPERATION == SUM) {
    return Load(0);
  } else if (OPERATION == PRODUCT) {
    return Load(1);
  } else {
    return entry;
  }
}

// For Load = vec4f: let pairs = combine(total, total.zwxy); return combine(pairs, pairs.yxwz).x;
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
