// Attention 1: one invocation per query, a key at a time, with an online softmax
//
//   s_j = SCALE · q · k_j + bias_j,   w_j = e^(s_j − m) / Σ_i e^(s_i − m),  m = max_j s_j,   output = Σ_j w_j v_j
//
// for each query q: the mean of the values v_j, weighted by how well their keys k_j fit. A query is a position of one
// head; HEADS heads look at the same positions for different things.
//
//   q       [BATCH, QUERIES, HEADS, SIZE]
//   k, v    [BATCH, KEYS, KEY_HEADS, SIZE or VALUE_SIZE]: HEADS / KEY_HEADS heads share one (grouped queries)
//   bias    f32, where BIASED: added to the scores, broadcast by its strides; −Infinity hides a key
//   output  [BATCH, QUERIES, HEADS, VALUE_SIZE]
//   log_sum [BATCH, QUERIES, HEADS]: m + log Σ_i e^(s_i − m), from which the gradient finds the weights again
//
// The usual way makes a matrix of QUERIES × KEYS scores, then its softmax, then the product with the values. It would be
// written and read four times, and kept for the gradient. Here a score is used at once, and forgotten: m and the sums are
// those of the keys so far. A larger score makes a larger m; then everything so far is multiplied by e^(m − new m).
// (Milakov, Gimelshein 2018; Rabe, Staats 2021; Dao et al. 2022.) A query without any visible key gives 0.
//
// With DROPS a weight becomes 0, or is divided by the part that stays, as by random/dropout.wgsl; not stored either.
// FLOPs 2 · BATCH · HEADS · QUERIES · KEYS · (SIZE + VALUE_SIZE); half of them where CAUSAL. Bytes 4 per number, without
// the caches KEYS times for each query.
//
// Reference: test/reference/attention.ts. Read next: 2_broadcast.wgsl, gradient_statistics.wgsl.

alias Value = f32;

const BATCH: u32 = 2u;
const QUERIES: u32 = 16u;
const KEYS: u32 = 16u;
const HEADS: u32 = 4u;
const KEY_HEADS: u32 = 4u;
const SIZE: u32 = 8u; // of a query and a key
const VALUE_SIZE: u32 = 8u;
const SCALE: f32 = 0.3535533905932738; // by default 1 / √SIZE
const CAUSAL: bool = true; // query i sees the keys up to i
const BIASED: bool = false;
const BIAS_STRIDES: array<u32, 4> = array<u32, 4>(0u, 0u, 16u, 1u); // of batch, head, query and key
const DROPS: bool = false;
const STREAM: u32 = 0u; // number of this random op
const THRESHOLD: u32 = 8388608u; // ⌈rate · 2^24⌉
const KEPT_SCALE: f32 = 2.0; // 1 / (1 − rate)
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

const LOWEST: f32 = -3.0e38; // score of a hidden key: an infinity less an infinity would be NaN

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<u32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
@group(0) @binding(6) var<storage, read_write> log_sum: array<f32>;

/// What dropout makes of a weight of 1. Four neighbouring keys share a block of Philox.
fn kept(row: u32, key: u32) -> f32 {
  let bits = philox4x32(vec4u(row * ((KEYS + 3u) / 4u) + key / 4u, state[0], STREAM, 0u), vec2u(state[1], state[2]));
  return select(0.0, KEPT_SCALE, (bits[key % 4u] >> 8u) >= THRESHOLD);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let place = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (place >= BATCH * QUERIES * HEADS) {
    return;
  }
  let head = place % HEADS;
  let query = place / HEADS % QUERIES;
  let batch = place / (HEADS * QUERIES);
  var peak = LOWEST;
  var total = 0.0;
  var sums: array<f32, VALUE_SIZE>;
  for (var key = 0u; key < select(KEYS, min(KEYS, query + 1u), CAUSAL); key++) {
    let line = (batch * KEYS + key) * KEY_HEADS + head / (HEADS / KEY_HEADS);
    var score = 0.0;
    for (var i = 0u; i < SIZE; i++) {
      score = fma(q[place * SIZE + i], k[line * SIZE + i], score);
    }
    score *= SCALE;
    if (BIASED) {
      let strides = BIAS_STRIDES;
      score += bias[batch * strides[0] + head * strides[1] + query * strides[2] + key * strides[3]];
    }
    let higher = max(peak, score);
    let shrink = exp(max(peak - higher, -104.0)); // e^−104 rounds to 0
    var weight = exp(keep_nan(score, max(score - higher, -104.0)));
    if (score <= LOWEST) {
      weight = 0.0;
    }
    peak = higher;
    total = total * shrink + weight;
    if (DROPS) {
      weight *= kept((batch * HEADS + head) * QUERIES + query, key);
    }
    for (var i = 0u; i < VALUE_SIZE; i++) {
      sums[i] = fma(weight, v[line * VALUE_SIZE + i], sums[i] * shrink);
    }
  }
  let divisor = select(total, 1.0, peak <= LOWEST && total == 0.0); // no key was visible: 0
  for (var i = 0u; i < VALUE_SIZE; i++) {
    output[place * VALUE_SIZE + i] = sums[i] / divisor;
  }
  log_sum[place] = peak + log(divisor);
}
