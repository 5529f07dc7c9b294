// Gradient of attention 2: lanes of a subgroup exchange values, for software adapters
//
//   dL/dq_i = SCALE · Σ_j dL/ds_ij · k_j,   dL/dk_j = SCALE · Σ_i dL/ds_ij · q_i,   dL/dv_j = Σ_i w_ij · gradient_i
//
// Formula, shapes and bindings: gradient_1_naive.wgsl; here 4 divides both sizes. As 2_broadcast.wgsl: a workgroup is one
// subgroup and owns ROWS queries, or keys, of one head. A step takes 4 · LANES of the others, four for each lane: q kᵀ for
// the scores and gradient vᵀ for dL/dw; then the sum over the others, of which a lane has four columns, or more blocks of
// four, and each group of ACROSS lanes another part. FLOPs: gradient_1_naive.wgsl. Reference: test/reference/attention.ts.

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
const OF_QUERIES: bool = true; // else of keys or values
const OF_VALUES: bool = false;
const LANES: u32 = 8u; // of a subgroup
const ROWS: u32 = 8u; // queries or keys of a workgroup // @tune 4 8 16
const ACROSS: u32 = 2u; // lanes side by side along the result: a power of two, at most LANES
const GRID_X: u32 = 65535u; // workgroups along x
const LOWEST: f32 = -3.0e38; // scores up to here are those of hidden keys
const COLUMNS: u32 = select(SIZE, VALUE_SIZE, OF_VALUES) / 4u; // of the result, in Values
const BLOCKS: u32 = (COLUMNS + ACROSS - 1u) / ACROSS;
const LOADS: u32 = (ROWS + LANES - 1u) / LANES; // rows that a lane loads
const OWN: u32 = select(KEYS, QUERIES, OF_QUERIES);
const OWN_HEADS: u32 = select(KEY_HEADS, HEADS, OF_QUERIES);
const TILES: u32 = (OWN + ROWS - 1u) / ROWS;
const STEPS: u32 = (select(QUERIES, KEYS, OF_QUERIES) + 4u * LANES - 1u) / (4u * LANES); // for each head

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(4) var<storage, read> statistics: array<vec2f>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read> state: array<u32>;
@group(0) @binding(7) var<storage, read_write> result: array<vec4f>;

/// Four numbers of q or k (product 0), or of gradient or v (product 1), at a batch and head.
fn load(product: u32, of_keys: bool, at: vec2u, position: u32, quad: u32) -> Value {
  let line = (at.x * KEYS + min(position, KEYS - 1u)) * KEY_HEADS + at.y / (HEADS / KEY_HEADS);
  let row = (at.x * QUERIES + min(position, QUERIES - 1u)) * HEADS + at.y;
  if (product == 0u && of_keys) { return k[line * (SIZE / 4u) + quad]; }
  if (product == 0u) { return q[row * (SIZE / 4u) + quad]; }
  if (of_keys) { return v[line * (VALUE_SIZE / 4u) + quad]; }
  return gradient[row * (VALUE_SIZE / 4u) + quad];
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let first_row = group % TILES * ROWS;
  let batch = group / TILES / OWN_HEADS;
  if (batch >= BATCH) { return; } // all invocations of the workgroup together
  let zero = workgroup_id.z; // always 0, but opaque: a driver would unroll the loops
  let before = select(0u, min(STEPS, first_row / (4u * LANES)), CAUSAL && !OF_QUERIES); // steps that see nothing
  let steps = select(STEPS, min(STEPS, (first_row + ROWS - 1u) / (4u * LANES) + 1u), CAUSAL && OF_QUERIES) - before;
  var sums: array<Value, ROWS * BLOCKS>;
  for (var turn = zero; turn < HEADS / OWN_HEADS * steps; turn++) {
    let at = vec2u(batch, group / TILES % OWN_HEADS * (HEADS / OWN_HEADS) + turn / steps); // batch and head
    let first = (before + turn % steps) * 4u * LANES;
    let others = first + lane * 4u + vec4u(0u, 1u, 2u, 3u);
    var scores: array<Value, ROWS>;
    var factors: array<Value, ROWS>; // dL/dw, then dL/ds or the weights
    for (var product = zero; product < select(2u, 1u, OF_VALUES); product++) { // to `scores`, `factors`
      var dots: array<Value, ROWS>;
      for (var quad = zero; quad < select(SIZE, VALUE_SIZE, product == 1u) / 4u; quad++) {
        var left: array<Value, LOADS>;
        // @unroll
        for (var i = 0u; i < LOADS; i++) { left[i] = load(product, !OF_QUERIES, at, first_row + i * LANES + lane, quad); }
        var right: array<Value, 4>; // [four others][four numbers]
        // @unroll
        for (var i = 0u; i < 4u; i++) { right[i] = load(product, OF_QUERIES, at, others[i], quad); }
        // @unroll
        for (var i = 0u; i < 4u * ROWS; i++) { // number i % 4 of row i / 4
          let value = Value(subgroupShuffle(left[i / 4u / LANES][i % 4u], i / 4u % LANES));
          let four = Value(right[0][i % 4u], right[1][i % 4u], right[2][i % 4u], right[3][i % 4u]);
          dots[i / 4u] = fma(value, four, dots[i / 4u]);
        }
      }
      // @unroll
      for (var r = 0u; r < ROWS; r++) { scores[r] = select(factors[r], dots[r], OF_VALUES); factors[r] = dots[r]; }
    }
    var known: array<vec2f, select(4u, ROWS, OF_QUERIES)>; // statistics of the queries
    // @unroll
    for (var i = 0u; i < select(4u, ROWS, OF_QUERIES); i++) {
      let query = min(select(others[i % 4u], first_row + i, OF_QUERIES), QUERIES - 1u);
      known[i] = statistics[(batch * QUERIES + query) * HEADS + at.y];
    }
    // @unroll
    for (var i = 0u; i < 4u * ROWS; i++) { // other i % 4 of row i / 4
      let query = select(others[i % 4u], first_row + i / 4u, OF_QUERIES);
      let key = select(first_row + i / 4u, others[i % 4u], OF_QUERIES);
      let statistic = known[select(i % 4u, i / 4u, OF_QUERIES)];
      var score = scores[i / 4u][i % 4u] * SCALE;
      if (BIASED) {
        let line = batch * BIAS_STRIDES[0] + at.y * BIAS_STRIDES[1] + min(query, QUERIES - 1u) * BIAS_STRIDES[2];
        score += bias[line + min(key, KEYS - 1u) * BIAS_STRIDES[3]];
      }
      var kept = 1.0; // what dropout makes of a weight of 1
      if (DROPS) {
        let block = ((batch * HEADS + at.y) * QUERIES + query) * ((KEYS + 3u) / 4u) + key / 4u;
        let bits = philox4x32(vec4u(block, state[0], STREAM, 0u), vec2u(state[1], state[2]));
        kept = select(0.0, KEPT_SCALE, (bits[key % 4u] >> 8u) >= THRESHOLD);
      }
      let hidden = query >= QUERIES || key >= KEYS || score <= LOWEST || (CAUSAL && key > query);
      let exponent = score - statistic.x;
      let weight = select(exp(select(max(exponent, -104.0), exponent, is_nan(exponent))), 0.0, hidden);
      let slope = SCALE * weight * (factors[i / 4u][i % 4u] * kept - statistic.y);
      factors[i / 4u][i % 4u] = select(select(slope, weight * kept, OF_VALUES), 0.0, hidden);
    }
    for (var i = zero; i < ACROSS; i++) {
      let source = lane / ACROSS * ACROSS + i; // the lane whose others are added now
      // @unroll
      for (var j = 0u; j < 4u * BLOCKS; j++) { // other j / BLOCKS, block j % BLOCKS
        let column = min(j % BLOCKS * ACROSS + lane % ACROSS, COLUMNS - 1u);
        let right = load(u32(OF_VALUES), OF_QUERIES, at, first + source * 4u + j / BLOCKS, column);
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          let factor = Value(subgroupShuffle(factors[r][j / BLOCKS], source));
          sums[r * BLOCKS + j % BLOCKS] = fma(factor, right, sums[r * BLOCKS + j % BLOCKS]);
        }
      }
    }
  }
  // @unroll
  for (var i = 0u; i < ROWS * BLOCKS; i++) {
    var sum = sums[i];
    // @unroll
    for (var other = ACROSS; other < LANES; other *= 2u) { sum += subgroupShuffleXor(sum, other); } // all parts
    let own = first_row + i / BLOCKS;
    let column = i % BLOCKS * ACROSS + lane;
    let row = (batch * OWN + own) * OWN_HEADS + group / TILES % OWN_HEADS;
    if (lane < ACROSS && column < COLUMNS && own < OWN) { result[row * COLUMNS + column] = sum; }
  }
}
