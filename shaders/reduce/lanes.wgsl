// Reduction along one dimension: sum, mean, max, min or product, one invocation per result
//
//   y[o, i] = combine over r of x[o, r, i]       x [outer, REDUCE, INNER] → y [outer, INNER]
//
// Any set of axes is brought into this form by merging adjacent dimensions (several separate groups of axes: one
// dispatch each, innermost first). Where there are too few results to fill the machine, the dimension is first cut into
// CHUNKS pieces, which gives partial results [outer, CHUNKS, INNER]; a second dispatch of this kernel reduces those. The
// order of all operations is fixed: the same input gives the same bits.
//
//   input   [outer, REDUCE, INNER]
//   output  [outer, CHUNKS, INNER]
//
// One invocation reduces CHUNK entries, without workgroup memory and without barriers: the version for software adapters,
// and for GPUs where there are many results. Along rows (INNER = 1) it may load four entries at once: Load is then vec4f
// while Value is f32, and `collapse` combines the four at the end.
//
// Accuracy: the error of a sum of n numbers, added one by one, grows like n. Here blocks of BLOCK entries are added
// separately, and then their sums: the longest chain of roundings is BLOCK + BLOCKS.
// FLOPs: one per entry. Bytes: 4 per entry: memory-bound.
//
// Reference: test/reference/reduce.ts. Read next: tree.wgsl.

alias Load = f32;
alias LoadBits = u32; // as wide as Load
alias Value = f32; // or vec4f: four neighbouring elements at a time

const SUM: u32 = 0u;
const MAX: u32 = 1u;
const MIN: u32 = 2u;
const PRODUCT: u32 = 3u;

const OPERATION: u32 = 0u; // SUM, MAX, MIN or PRODUCT
const FLOAT: bool = true; // an entry may be NaN
const SIZE: u32 = 64u; // outputs, in Values: outer · CHUNKS · INNER
const REDUCE: u32 = 64u; // extent that is reduced, in Loads
const INNER: u32 = 1u; // extent inside it, in Values
const CHUNKS: u32 = 1u;
const CHUNK: u32 = 64u; // entries per invocation, in Loads
const BLOCK: u32 = 64u; // Loads that are combined before they join the total
const BLOCKS: u32 = (CHUNK + BLOCK - 1u) / BLOCK;
const RAGGED: bool = CHUNKS * CHUNK != REDUCE || BLOCKS * BLOCK != CHUNK;
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const DIVISOR: f32 = 1.0; // entries of a mean, else 1
const CHANNELS: u32 = 1u; // innermost dimension of the output, in Values
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Load>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

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
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let begin = ((index / INNER) % CHUNKS) * CHUNK;
  let end = min(begin + CHUNK, REDUCE);
  let base = (index / (INNER * CHUNKS)) * REDUCE * INNER + index % INNER;

  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  let identity = neutral(input[base + begin * INNER]);
  var total = identity;
  for (var block = zero; block < BLOCKS; block++) {
    var sum = identity;
    for (var i = zero; i < BLOCK; i++) {
      let row = begin + block * BLOCK + i;
      if (RAGGED) {
        // past the end, the last entry is read and not used: cheaper to compile than a branch
        let entry = input[base + min(row, end - 1u) * INNER];
        sum = combine(sum, select(identity, entry, row < end));
      } else {
        sum = combine(sum, input[base + row * INNER]);
      }
    }
    total = combine(total, sum);
  }

  var value = collapse(total);
  if (DIVISOR != 1.0) {
    value = value / Value(DIVISOR);
  }
  output[index] = epilogue(value, index, index % CHANNELS);
}
