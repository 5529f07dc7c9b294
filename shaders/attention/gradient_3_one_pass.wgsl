// Gradient of attention 3: queries, keys and values in one pass, for software adapters
//
//   dL/dq_i = SCALE · Σ_j dL/ds_ij · k_j,   dL/dk_j = SCALE · Σ_i dL/ds_ij · q_i,   dL/dv_j = Σ_i w_ij · gradient_i
//
// Formula, shapes and bindings: gradient_1_naive.wgsl; 4 divides both sizes, and there is neither bias nor dropout. Version 2
// computes weights and slopes three times: for queries, keys and values. New in this version: once. A workgroup, one
// subgroup, does a whole head: enough for the few threads of a CPU. It owns ROWS keys at a time; a step takes 4 · LANES
// queries. What it adds to dL/dq belongs to these, four of each lane: the lane reads what is there and writes it back.
// FLOPs BATCH · HEADS · QUERIES · KEYS · (6 · SIZE + 4 · VALUE_SIZE). Reference: test/reference/attention.ts.

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
const LANES: u32 = 8u; // of a subgroup
const ROWS: u32 = 8u; // keys at a time // @tune 4 8 16
const ACROSS: u32 = 2u; // lanes side by side along the sizes: a power of two, at most LANES
const GRID_X: u32 = 65535u; // workgroups along x
const QUADS: u32 = SIZE / 4u;
const VALUE_QUADS: u32 = VALUE_SIZE / 4u;
const BLOCKS: u32 = (max(QUADS, VALUE_QUADS) + ACROSS - 1u) / ACROSS; // vectors of a query that a lane has
const LOADS: u32 = (ROWS + LANES - 1u) / LANES; // rows that a lane loads
const STEPS: u32 = (QUERIES + 4u * LANES - 1u) / (4u * LANES); // for each head
const N: u32 = ROWS * BLOCKS; // sums of d_k, and of d_v
const SHARED: u32 = HEADS / KEY_HEADS; // heads with the same keys

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(4) var<storage, read> statistics: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> d_q: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> d_k: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> d_v: array<vec4f>;

/// Four numbers of the operands of q kᵀ (product 0), or of gradient vᵀ (product 1).
fn load(product: u32, of_keys: bool, row: u32, quad: u32) -> Value {
  if (product == 0u && of_keys) { return k[row * QUADS + quad]; }
  if (product == 0u) { return q[row * QUADS + quad]; }
  if (of_keys) { return v[row * VALUE_QUADS + quad]; }
  return gradient[row * VALUE_QUADS + quad];
}

/// The row of a key in k and v, and the last one for those beyond.
fn line_of(group: u32, key: u32) -> u32 {
  return (group / KEY_HEADS * KEYS + min(key, KEYS - 1u)) * KEY_HEADS + group % KEY_HEADS;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  if (group >= BATCH * KEY_HEADS) { return; } // all invocations of the workgroup together
  for (var tile = workgroup_id.z; tile < (KEYS + ROWS - 1u) / ROWS; tile++) { // from 0, but opaque: a driver would unroll
    let first_key = tile * ROWS;
    var sums: array<Value, 2u * N>; // of d_k, then of d_v
    let before = select(0u, min(STEPS, first_key / (4u * LANES)), CAUSAL); // steps that see no key of the tile
    for (var turn = workgroup_id.z; turn < SHARED * (STEPS - before); turn++) {
      let head = group % KEY_HEADS * SHARED + turn / (STEPS - before);
      let queries = ((before + turn % (STEPS - before)) * LANES + lane) * 4u + vec4u(0u, 1u, 2u, 3u);
      let places = (group / KEY_HEADS * QUERIES + min(queries, vec4u(QUERIES - 1u))) * HEADS + head;
      var scores: array<Value, ROWS>; // then the weights
      var slopes: array<Value, ROWS>; // dL/dw, then dL/ds
      for (var product = workgroup_id.z; product < 2u; product++) {
        var dots: array<Value, ROWS>;
        for (var quad = workgroup_id.z; quad < select(QUADS, VALUE_QUADS, product == 1u); quad++) {
          var left: array<Value, LOADS>;
          // @unroll
          for (var i = 0u; i < LOADS; i++) { left[i] = load(product, true, line_of(group, first_key + i * LANES + lane), quad); }
          var right: array<Value, 4>; // [four queries][four numbers]
          // @unroll
          for (var i = 0u; i < 4u; i++) { right[i] = load(product, false, places[i], quad); }
          // @unroll
          for (var i = 0u; i < 4u * ROWS; i++) { // number i % 4 of row i / 4
            let value = Value(subgroupShuffle(left[i / 4u / LANES][i % 4u], i / 4u % LANES));
            let four = Value(right[0][i % 4u], right[1][i % 4u], right[2][i % 4u], right[3][i % 4u]);
            dots[i / 4u] = fma(value, four, dots[i / 4u]);
          }
        }
        // @unroll
        for (var r = 0u; r < ROWS; r++) { scores[r] = slopes[r]; slopes[r] = dots[r]; }
      }
      var logs: Value;
      var deltas: Value;
      // @unroll
      for (var i = 0u; i < 4u; i++) { logs[i] = statistics[places[i]].x; deltas[i] = statistics[places[i]].y; }
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        let key = first_key + r;
        let exponent = scores[r] * SCALE - logs;
        let least = select(select(0u, key, CAUSAL), QUERIES, key >= KEYS); // queries from there on see the key
        let hidden = (queries >= vec4u(QUERIES)) | (queries < vec4u(least));
        scores[r] = select(exp(keep_nan(exponent, max(exponent, Value(-104.0)))), Value(), hidden);
        slopes[r] = select(SCALE * scores[r] * (slopes[r] - deltas), Value(), hidden);
      }
      for (var quad = workgroup_id.z; quad < QUADS; quad++) { // four numbers of dL/dq
        var left: array<Value, LOADS>;
        // @unroll
        for (var i = 0u; i < LOADS; i++) { left[i] = load(0u, true, line_of(group, first_key + i * LANES + lane), quad); }
        var added: array<Value, 4>; // [four numbers][four queries]
        // @unroll
        for (var i = 0u; i < 4u * ROWS; i++) {
          let value = Value(subgroupShuffle(left[i / 4u / LANES][i % 4u], i / 4u % LANES));
          added[i % 4u] = fma(value, slopes[i / 4u], added[i % 4u]);
        }
        // @unroll
        for (var i = 0u; i < 4u; i++) {
          let at = places[i] * QUADS + quad;
          let sum = Value(added[0][i], added[1][i], added[2][i], added[3][i]);
          if (queries[i] < QUERIES) { d_q[at] = sum + select(d_q[at], Value(), tile == 0u); }
        }
      }
      for (var i = workgroup_id.z; i < ACROSS; i++) {
        let source = lane / ACROSS * ACROSS + i; // the lane whose queries are added now
        // @unroll
        for (var j = 0u; j < 4u * BLOCKS; j++) { // query j / BLOCKS, block j % BLOCKS
          let row = (group / KEY_HEADS * QUERIES + min(queries.x + (source - lane) * 4u + j / BLOCKS, QUERIES - 1u)) * HEADS + head;
          let column = j % BLOCKS * ACROSS + lane % ACROSS;
          let query = load(0u, false, row, min(column, QUADS - 1u));
          let slope = load(1u, false, row, min(column, VALUE_QUADS - 1u));
          // @unroll
          for (var r = 0u; r < ROWS; r++) {
            let at = r * BLOCKS + j % BLOCKS;
            sums[at] = fma(Value(subgroupShuffle(slopes[r][j / BLOCKS], source)), query, sums[at]);
            sums[at + N] = fma(Value(subgroupShuffle(scores[r][j / BLOCKS], source)), slope, sums[at + N]);
          }
        }
      }
    }
    var block: array<Value, 2u * N>; // the sums in memory, for the loop: unrolled stores compile slowly
    // @unroll
    for (var i = 0u; i < 2u * N; i++) { block[i] = sums[i]; }
    for (var i = workgroup_id.z; i < 2u * N; i++) {
      var sum = block[i];
      // @unroll
      for (var other = ACROSS; other < LANES; other *= 2u) { sum += subgroupShuffleXor(sum, other); } // all parts
      let at = vec2u(first_key + i / BLOCKS % ROWS, i % BLOCKS * ACROSS + lane); // key and column
      let own = lane < ACROSS && at.x < KEYS;
      if (own && i < N && at.y < QUADS) { d_k[line_of(group, at.x) * QUADS + at.y] = sum; }
      if (own && i >= N && at.y < VALUE_QUADS) { d_v[line_of(group, at.x) * VALUE_QUADS + at.y] = sum; }
    }
  }
}
