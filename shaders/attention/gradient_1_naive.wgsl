// Gradient of attention 1: one invocation per query, or per key, which goes through the others one by one
//
//   dL/dq_i = SCALE · Σ_j dL/ds_ij · k_j,   dL/dk_j = SCALE · Σ_i dL/ds_ij · q_i,   dL/dv_j = Σ_i w_ij · gradient_i
//   with  dL/ds_ij = w_ij · (dL/dw_ij − delta_i),   dL/dw_ij = gradient_i · v_j
//
//   q, k, v, bias  as in 1_naive.wgsl
//   gradient       dL/doutput [BATCH, QUERIES, HEADS, VALUE_SIZE]
//   statistics     [BATCH, QUERIES, HEADS] vec2f: (log_sum, delta), see gradient_statistics.wgsl
//   result         dL/dq where OF_QUERIES, else dL/dv where OF_VALUES, else dL/dk: of their shapes
//
// The weights were not stored. They are computed again, w_ij = e^(s_ij − log_sum_i), which is cheaper than to read them, and
// what was dropped is dropped again. A key is seen by many queries. Instead of adding each query's part to it, which would
// need atomics and give other bits in every run, one invocation owns a key and goes through its queries in order, those of
// all heads that share it. So queries, keys and values each take a dispatch of their own.
// FLOPs BATCH · HEADS · QUERIES · KEYS · (4 · SIZE + 2 · VALUE_SIZE), of values a third less; half of them where CAUSAL.
//
// Reference: test/reference/attention.ts. Read next: gradient_2_broadcast.wgsl.

alias Value = f32;

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
const OF_QUERIES: bool = true; // else of keys or values
const OF_VALUES: bool = false;
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

const LOWEST: f32 = -3.0e38; // scores up to here are those of hidden keys
const EXTENT: u32 = select(SIZE, VALUE_SIZE, OF_VALUES); // of a row of the result
const OWN: u32 = select(KEYS * KEY_HEADS, QUERIES * HEADS, OF_QUERIES); // rows of the result in a sequence
const OTHERS: u32 = select(QUERIES * (HEADS / KEY_HEADS), KEYS, OF_QUERIES);

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<storage, read> statistics: array<vec2f>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read> state: array<u32>;
@group(0) @binding(7) var<storage, read_write> result: array<f32>;

/// What a query and a key that it sees are multiplied with: the weight where OF_VALUES, else dL/ds.
fn factor(batch: u32, head: u32, query: u32, key: u32) -> f32 {
  let row = (batch * QUERIES + query) * HEADS + head;
  let line = (batch * KEYS + key) * KEY_HEADS + head / (HEADS / KEY_HEADS);
  var score = 0.0;
  for (var i = 0u; i < SIZE; i++) {
    score = fma(q[row * SIZE + i], k[line * SIZE + i], score);
  }
  score *= SCALE;
  if (BIASED) {
    let strides = BIAS_STRIDES;
    score += bias[batch * strides[0] + head * strides[1] + query * strides[2] + key * strides[3]];
  }
  if (score <= LOWEST) {
    return 0.0;
  }
  let exponent = score - statistics[row].x;
  let weight = exp(keep_nan(exponent, max(exponent, -104.0))); // e^−104 rounds to 0
  var kept = 1.0; // what dropout makes of a weight of 1
  if (DROPS) {
    let block = ((batch * HEADS + head) * QUERIES + query) * ((KEYS + 3u) / 4u) + key / 4u;
    let bits = philox4x32(vec4u(block, state[0], STREAM, 0u), vec2u(state[1], state[2]));
    kept = select(0.0, KEPT_SCALE, (bits[key % 4u] >> 8u) >= THRESHOLD);
  }
  if (OF_VALUES) {
    return weight * kept;
  }
  var slope = 0.0; // dL/dw
  for (var i = 0u; i < VALUE_SIZE; i++) {
    slope = fma(gradient[row * VALUE_SIZE + i], v[line * VALUE_SIZE + i], slope);
  }
  return SCALE * weight * (slope * kept - statistics[row].y);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let place = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (place >= BATCH * OWN) {
    return;
  }
  let batch = place / OWN;
  let group = HEADS / KEY_HEADS; // heads with the same keys
  var sums: array<f32, EXTENT>;
  for (var other = 0u; other < OTHERS; other++) {
    let head = select(place % KEY_HEADS * group + other / QUERIES, place % HEADS, OF_QUERIES);
    let query = select(other % QUERIES, place / HEADS % QUERIES, OF_QUERIES);
    let key = select(place / KEY_HEADS % KEYS, other, OF_QUERIES);
    if (CAUSAL && key > query) {
      continue;
    }
    let row = (batch * QUERIES + query) * HEADS + head;
    let line = (batch * KEYS + key) * KEY_HEADS + head / group;
    let own = factor(batch, head, query, key);
    for (var i = 0u; i < EXTENT; i++) {
      if (OF_QUERIES) {
        sums[i] = fma(own, k[line * SIZE + i], sums[i]);
      } else if (OF_VALUES) {
        sums[i] = fma(own, gradient[row * VALUE_SIZE + i], sums[i]);
      } else {
        sums[i] = fma(own, q[row * SIZE + i], sums[i]);
      }
    }
  }
  for (var i = 0u; i < EXTENT; i++) {
    result[place * EXTENT + i] = sums[i];
  }
}
