// Sums for the gradient of normalization, one invocation per result and chunk
//
//   sum = Σ g        product = Σ g x̂        with x̂ = (x − mean) / √(variance + ε)
//
// x [OUTER, M, G, K] as in statistics.wgsl. Two gradients need such sums. dβ_c = Σ dy and dγ_c = Σ dy x̂ run over
// everything except the channel: x and dy are viewed as [1, OUTER·M, C, 1], with g = dy. And dx needs, for each group,
// the sums over M and K of g = γ dy (or of dy alone where K = 1). For batch normalization both are the same sums.
//
//   gradient  dy, or (MERGE) the sums of an earlier dispatch's chunks
//   input     x, or (MERGE) the products of those chunks
//   mean, variance  [OUTER, G] of x
//   gamma     γ [C], where SCALED
//   sums      [OUTER, CHUNKS, G] of the view
//   products  [OUTER, CHUNKS, G] of the view; or both in sums, [OUTER, CHUNKS, G, 2], where PACKED
//   sums_copy, products_copy  the same, where COPIES
//
// x̂ is computed again, which is cheaper than storing it. Chunks, entries and MERGE are those of statistics.wgsl. No
// workgroup memory, no barrier; the order of all sums is fixed.
// FLOPs: 4 per element. Bytes: 8 per element: memory-bound.
//
// Reference: test/reference/normalization.ts. Read next: gradient_sums_workgroup.wgsl, gradient_input.wgsl.

alias Value = f32;
alias Stat = f32; // of mean and variance: vec4f only where K = 1
alias Sum = f32; // of the results: Value where the view's K = 1, else f32

const SIZE: u32 = 64u; // invocations: OUTER · CHUNKS · GROUPS of the view
const GROUPS: u32 = 64u; // G of the view, in Sums
const ENTRIES: u32 = 64u; // summed for a result, in Values: M · RUN
const RUN: u32 = 1u; // K of the view, in Values
const CHUNKS: u32 = 1u;
const STEPS: u32 = (ENTRIES + CHUNKS - 1u) / CHUNKS;
const STAT_ROWS: u32 = 64u; // M of mean and variance
const STAT_GROUPS: u32 = 64u; // G of mean and variance, in Stats
const STAT_RUN: u32 = 1u; // K of mean and variance, in Values
const VARYING: bool = false; // a result is summed over several groups of mean and variance
const SCALED: bool = false;
const MERGE: bool = false;
const COPIES: bool = false; // write the results twice
const PACKED: bool = false; // both in one buffer: a sum, its product, the next sum
const EPSILON: f32 = 0.001;
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64 128
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

// The sum of x's elements. For Value = vec4f and Sum = f32 the body becomes: dot(x, vec4f(1.0)).
fn total(x: Value) -> Sum {
  return x;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let group = index % GROUPS;
  let chunk = (index / GROUPS) % CHUNKS;
  let first_row = (index / (GROUPS * CHUNKS)) * (ENTRIES / RUN);

  var center = Value(0.0);
  var factor = Value(1.0);
  if (!MERGE && !VARYING) {
    let own = (first_row / STAT_ROWS) * STAT_GROUPS + (group * RUN) / STAT_RUN;
    center = Value(mean[own]);
    factor = Value(inverseSqrt(variance[own] + Stat(EPSILON)));
  }
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  var sum = Value(0.0);
  var product = Value(0.0);
  for (var i = zero; i < STEPS; i++) {
    // past the end, the last entry is read and replaced by 0: cheaper to compile than a branch
    let turn = i * CHUNKS + chunk;
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
  let own_sum = total(sum);
  let own_product = total(product * factor);
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
