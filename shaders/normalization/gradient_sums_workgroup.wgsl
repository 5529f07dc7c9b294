// Sums for the gradient of normalization, one workgroup per few results and chunk
//
//   sum = Σ g        product = Σ g x̂        with x̂ = (x − mean) / √(variance + ε)
//
// The version for GPUs where there are few results and long sums. gradient_sums.wgsl explains what the sums are for, the
// view, the layouts, SCALED, VARYING and MERGE.
//
//   gradient  dy, or (MERGE) the sums of an earlier dispatch's chunks
//   input     x, or (MERGE) the products of those chunks
//   mean, variance  [OUTER, G] of x
//   gamma     γ [C], where SCALED
//   sums      [OUTER, CHUNKS, G] of the view
//   products  [OUTER, CHUNKS, G] of the view
//   sums_copy, products_copy  the same, where COPIES
//
// A workgroup is a table of ROWS × COLUMNS invocations, as in statistics_workgroup.wgsl. The order of all sums is fixed.
// FLOPs: 4 per element. Bytes: 8 per element: memory-bound.
//
// Reference: test/reference/normalization.ts.

alias Value = f32;
alias Stat = f32; // of mean and variance: vec4f only where K = 1
alias Sum = f32; // of the results: Value where the view's K = 1, else f32

const WORKGROUPS: u32 = 64u; // OUTER · CHUNKS · TILES
const GROUPS: u32 = 64u; // G of the view, in Sums
const ENTRIES: u32 = 1024u; // summed for a result, in Values: M · RUN
const RUN: u32 = 1u; // K of the view, in Values
const CHUNKS: u32 = 1u;
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const COLUMNS: u32 = 16u; // a power of two
const LEVELS: u32 = 4u; // log₂ ROWS
const ROWS: u32 = WORKGROUP_SIZE / COLUMNS;
const TILES: u32 = (GROUPS + COLUMNS - 1u) / COLUMNS;
const STEPS: u32 = (ENTRIES + CHUNKS * ROWS - 1u) / (CHUNKS * ROWS);
const STAT_ROWS: u32 = 1024u; // M of mean and variance
const STAT_GROUPS: u32 = 64u; // G of mean and variance, in Stats
const STAT_RUN: u32 = 1u; // K of mean and variance, in Values
const VARYING: bool = false; // a result is summed over several groups of mean and variance
const SCALED: bool = false;
const MERGE: bool = false;
const COPIES: bool = false; // write the results twice
const PACKED: bool = false; // both in one buffer: a sum, its product, the next sum
const EPSILON: f32 = 0.001;
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
@group(0) @binding(1) var<storage, read> input: array<Value>;
@group(0) @binding(2) var<storage, read> mean: array<Stat>;
@group(0) @binding(3) var<storage, read> variance: array<Stat>;
@group(0) @binding(4) var<storage, read> gamma: array<Value>;
@group(0) @binding(5) var<storage, read_write> sums: array<Sum>;
@group(0) @binding(6) var<storage, read_write> products: array<Sum>;
@group(0) @binding(7) var<storage, read_write> sums_copy: array<Sum>;
@group(0) @binding(8) var<storage, read_write> products_copy: array<Sum>;

var<workgroup> sum_table: array<Value, WORKGROUP_SIZE>;
var<workgroup> product_table: array<Value, WORKGROUP_SIZE>;

// The sum of x's elements. For Value = vec4f and Sum = f32 the body becomes: dot(x, vec4f(1.0)).
fn total(x: Value) -> Sum {
  return x;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let place = workgroup_id.y * GRID_X + workgroup_id.x;
  if (place >= WORKGROUPS) {
    return;
  }
  let lane = local_id.x;
  let column = (place % TILES) * COLUMNS + lane % COLUMNS;
  let group = min(column, GROUPS - 1u); // lanes beyond the last result repeat it and store nothing
  let chunk = (place / TILES) % CHUNKS;
  let outer = place / (TILES * CHUNKS);
  let first_row = outer * (ENTRIES / RUN);

  var center = Value(0.0);
  var factor = Value(1.0);
  if (!MERGE && !VARYING) {
    let own = (first_row / STAT_ROWS) * STAT_GROUPS + (group * RUN) / STAT_RUN;
    center = Value(mean[own]);
    factor = Value(inverseSqrt(variance[own] + Stat(EPSILON)));
  }
  var sum = Value(0.0);
  var product = Value(0.0);
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var i = zero; i < STEPS; i++) {
    let turn = (i * CHUNKS + chunk) * ROWS + lane / COLUMNS;
    let e = min(turn, ENTRIES - 1u);
    let row = first_row + e / RUN;
    let channel = group * RUN + e % RUN;
    let at = (row * GROUPS + group) * RUN + e % RUN;
    var g = select(Value(0.0), gradient[at], turn < ENTRIES);
    if (SCALED) {
      g *= gamma[channel];
    }
    sum += g;
    if (MERGE) {
      product += select(Value(0.0), input[at], turn < ENTRIES);
    } else if (VARYING) {
      let own = (row / STAT_ROWS) * STAT_GROUPS + channel / STAT_RUN;
      product += g * (input[at] - Value(mean[own])) * Value(inverseSqrt(variance[own] + Stat(EPSILON)));
    } else {
      product += g * (input[at] - center);
    }
  }
  sum_table[lane] = sum;
  product_table[lane] = product * factor;

  for (var level = zero; level < LEVELS; level++) {
    let half = WORKGROUP_SIZE >> (level + 1u);
    workgroupBarrier();
    if (lane < half) {
      sum_table[lane] += sum_table[lane + half];
      product_table[lane] += product_table[lane + half];
    }
  }

  if (lane < COLUMNS && column < GROUPS) {
    let index = (outer * CHUNKS + chunk) * GROUPS + column;
    let own_sum = total(sum_table[lane]);
    let own_product = total(product_table[lane]);
    if (PACKED) {
      sums[2u * index] = own_sum;
      sums[2u * index + 1u] = own_product;
    } else {
      sums[index] = own_sum;
      products[index] = own_product;
    }
    if (COPIES) {
      sums_copy[index] = own_sum;
      products_copy[index] = own_product;
    }
  }
}
