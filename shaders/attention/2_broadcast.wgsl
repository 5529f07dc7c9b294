// Attention 2: lanes of a subgroup exchange values, for software adapters
//
//   s_j = SCALE · q · k_j + bias_j,   w_j = e^(s_j − m) / Σ_i e^(s_i − m),  m = max_j s_j,   output = Σ_j w_j v_j
//
// Formula, shapes and bindings: 1_naive.wgsl; here 4 divides both sizes. A workgroup is one subgroup and computes ROWS
// queries of one head, as matmul/6_broadcast.wgsl computes ROWS rows. A step takes 4 · LANES keys, in three parts:
//   1. scores = q kᵀ: a lane has four keys. The rows of q are shared out over the lanes; shuffles pass their numbers.
//   2. softmax: each row's m is the largest score of all lanes so far; the sums so far shrink as in version 1.
//   3. sums += weights · v: a lane has four columns of v, or more blocks of four; shuffles pass the weights. Where v has so
//      few that lanes would be idle, each group of ACROSS lanes adds other keys, and in the end the groups are added.
// Steps that no row may see are left out. FLOPs: 1_naive.wgsl; loads of 2 / ROWS bytes for each, from caches.
// Reference: test/reference/attention.ts. Read next: gradient_1_naive.wgsl.

enable subgroups;

alias Value = vec4f;
const BATCH: u32 = 2u;
const QUERIES: u32 = 16u;
const KEYS: u32 = 16u;
const HEADS: u32 = 4u;
const KEY_HEADS: u32 = 4u;
const SIZE: u32 = 8u;
const VALUE_SIZE: u32 = 8u;
const SCALE: f32 = 0.3535533905932738;
const CAUSAL: bool = true;
const BIASED: bool = false;
const BIAS_STRIDES: array<u32, 4> = array<u32, 4>(0u, 0u, 16u, 1u); // of batch, head, query and key
const DROPS: bool = false;
const STREAM: u32 = 0u;
const THRESHOLD: u32 = 8388608u;
const KEPT_SCALE: f32 = 2.0;
const LANES: u32 = 8u; // of a subgroup
const ROWS: u32 = 8u; // queries of a workgroup // @tune 4 8 16
const ACROSS: u32 = 2u; // lanes side by side along the values: a power of two, at most LANES
const GRID_X: u32 = 65535u; // workgroups along x

const LOWEST: f32 = -3.0e38; // score of a hidden key
const QUADS: u32 = SIZE / 4u;
const COLUMNS: u32 = VALUE_SIZE / 4u;
const BLOCKS: u32 = (COLUMNS + ACROSS - 1u) / ACROSS; // vectors of v that a lane has
const TILES: u32 = (QUERIES + ROWS - 1u) / ROWS;

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<u32>;
@group(0) @binding(5) var<storage, read_write> output: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> log_sum: array<f32>;

/// The row of a key in k and v, and its last one for those beyond.
fn line(batch: u32, head: u32, key: u32) -> u32 {
  return (batch * KEYS + min(key, KEYS - 1u)) * KEY_HEADS + head / (HEADS / KEY_HEADS);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let first_row = group % TILES * ROWS;
  let head = group / TILES % HEADS;
  let batch = group / (TILES * HEADS);
  if (batch >= BATCH) { return; } // all invocations of the workgroup together
  let zero = workgroup_id.z; // always 0: a driver that knew this would unroll the loops
  let end = select(KEYS, min(KEYS, first_row + ROWS), CAUSAL);
  var peaks: array<f32, ROWS>;
  var totals: array<f32, ROWS>; // of the lane's own keys
  var sums: array<Value, ROWS * BLOCKS>;
  // @unroll
  for (var r = 0u; r < ROWS; r++) { peaks[r] = LOWEST; }
  for (var step = zero; step < (end + 4u * LANES - 1u) / (4u * LANES); step++) {
    let keys = (step * LANES + lane) * 4u + vec4u(0u, 1u, 2u, 3u);
    var scores: array<Value, ROWS>;
    for (var quad = zero; quad < QUADS; quad++) {
      var left: array<Value, (ROWS + LANES - 1u) / LANES>;
      // @unroll
      for (var i = 0u; i < (ROWS + LANES - 1u) / LANES; i++) {
        let query = min(first_row + i * LANES + lane, QUERIES - 1u);
        left[i] = q[((batch * QUERIES + query) * HEADS + head) * QUADS + quad];
      }
      var right: array<Value, 4>; // [four keys][four numbers]
      // @unroll
      for (var i = 0u; i < 4u; i++) {
        right[i] = k[line(batch, head, keys[i]) * QUADS + quad];
      }
      // @unroll
      for (var i = 0u; i < 4u * ROWS; i++) { // number i % 4 of row i / 4
        let value = Value(subgroupShuffle(left[i / 4u / LANES][i % 4u], i / 4u % LANES));
        let four = Value(right[0][i % 4u], right[1][i % 4u], right[2][i % 4u], right[3][i % 4u]);
        scores[i / 4u] = fma(value, four, scores[i / 4u]);
      }
    }
    // @unroll
    for (var r = 0u; r < ROWS; r++) {
      let query = min(first_row + r, QUERIES - 1u);
      var score = scores[r] * SCALE;
      if (BIASED) {
        let first = batch * BIAS_STRIDES[0] + head * BIAS_STRIDES[1] + query * BIAS_STRIDES[2];
        let at = first + min(keys, vec4u(KEYS - 1u)) * BIAS_STRIDES[3];
        score += Value(bias[at.x], bias[at.y], bias[at.z], bias[at.w]);
      }
      let hidden = keys >= vec4u(select(KEYS, min(KEYS, query + 1u), CAUSAL));
      score = select(keep_nan(score, max(score, Value(LOWEST))), Value(LOWEST), hidden);
      let peak = max(peaks[r], subgroupMax(max(max(score.x, score.y), max(score.z, score.w))));
      let weight = exp(keep_nan(score, max(score - peak, Value(-104.0)))); // e^−104 rounds to 0
      scores[r] = select(weight, Value(), score <= Value(LOWEST));
      let shrink = exp(max(peaks[r] - peak, -104.0));
      peaks[r] = peak;
      totals[r] = totals[r] * shrink + dot(scores[r], Value(1.0));
      if (DROPS) {
        let row = (batch * HEADS + head) * QUERIES + query;
        let block = vec4u(row * ((KEYS + 3u) / 4u) + keys.x / 4u, state[0], STREAM, 0u);
        let kept = (philox4x32(block, vec2u(state[1], state[2])) >> vec4u(8u)) >= vec4u(THRESHOLD);
        scores[r] *= select(Value(), Value(KEPT_SCALE), kept);
      }
      // @unroll
      for (var b = 0u; b < BLOCKS; b++) { sums[r * BLOCKS + b] *= shrink; }
    }
    for (var i = zero; i < ACROSS; i++) {
      let source = lane / ACROSS * ACROSS + i; // the lane whose keys are added now
      // @unroll
      for (var j = 0u; j < 4u * BLOCKS; j++) { // key j / BLOCKS, block j % BLOCKS
        let row = line(batch, head, (step * LANES + source) * 4u + j / BLOCKS);
        let right = v[row * COLUMNS + min(j % BLOCKS * ACROSS + lane % ACROSS, COLUMNS - 1u)];
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          let at = r * BLOCKS + j % BLOCKS;
          sums[at] = fma(Value(subgroupShuffle(scores[r][j / BLOCKS], source)), right, sums[at]);
        }
      }
    }
  }
  // @unroll
  for (var i = 0u; i < ROWS * BLOCKS; i++) {
    var sum = sums[i];
    // @unroll
    for (var other = ACROSS; other < LANES; other *= 2u) { // groups of lanes have other keys
      sum += subgroupShuffleXor(sum, other);
    }
    let total = subgroupAdd(totals[i / BLOCKS]);
    let divisor = select(total, 1.0, peaks[i / BLOCKS] <= LOWEST && total == 0.0); // no key was visible: 0
    let place = (batch * QUERIES + first_row + i / BLOCKS) * HEADS + head;
    let column = i % BLOCKS * ACROSS + lane;
    if (lane < ACROSS && column < COLUMNS && first_row + i / BLOCKS < QUERIES) {
      output[place * COLUMNS + column] = sum / divisor;
      if (column == 0u) { log_sum[place] = peaks[i / BLOCKS] + log(divisor); }
    }
  }
}
