// Attention 3: tiles of queries, keys and values in workgroup memory, for GPUs
//
//   s_j = SCALE · q · k_j + bias_j,   w_j = e^(s_j − m) / Σ_i e^(s_i − m),  m = max_j s_j,   output = Σ_j w_j v_j
//
// Formula, shapes and bindings: 1_naive.wgsl; here SIZE and VALUE_SIZE count Values. New in this version (FlashAttention-2,
// Dao 2023): a workgroup of LANES × LANES invocations computes TILE = 4 · LANES queries of one head, with a tile of as many
// keys at a time. All rows use what it loads: memory is read TILE times less than in version 1. In each tile that they see
//   1. scores = q kᵀ, as in matmul/3_register_tiled.wgsl: an invocation has four queries and four keys, DEPTH Values at a time.
//   2. softmax, as in version 1: the invocations of a row exchange their largest scores; weights of one tile are in the memory.
//   3. sums += weights · v: an invocation has four queries and every LANES-th Value of v, PART rows of v at a time.
// FLOPs: 1_naive.wgsl; bytes 4 / TILE for each product. Reference: test/reference/attention.ts. Read next: gradient_4_tiled.wgsl.
alias Value = f32; // or vec4f, where 4 divides both sizes
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
const LANES: u32 = 8u; // side of the square of invocations // @tune 4 8
const DEPTH: u32 = 8u; // Values of a row of q and k in a step: divides SIZE
const PART: u32 = 32u; // rows of v in a step: divides TILE
const GRID_X: u32 = 65535u; // workgroups along x
const LOWEST: f32 = -3.0e38; // score of a hidden key
const TILE: u32 = 4u * LANES;
const TILES: u32 = (QUERIES + TILE - 1u) / TILE;
const STRIDE: u32 = TILE + 1u; // odd: neighbours that write to several rows hit different memory banks
const BLOCKS: u32 = (VALUE_SIZE + LANES - 1u) / LANES; // Values of v that an invocation has
const ALL: u32 = LANES * LANES; // invocations
@group(0) @binding(0) var<storage, read> q: array<Value>;
@group(0) @binding(1) var<storage, read> k: array<Value>;
@group(0) @binding(2) var<storage, read> v: array<Value>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<u32>;
@group(0) @binding(5) var<storage, read_write> output: array<Value>;
@group(0) @binding(6) var<storage, read_write> log_sum: array<f32>;
var<workgroup> left: array<Value, DEPTH * STRIDE>; // queries
var<workgroup> right: array<Value, max(DEPTH * STRIDE, PART * VALUE_SIZE)>; // keys, then values
var<workgroup> weights: array<vec4f, LANES * TILE>; // of four queries; key i is at place i % 4 · LANES + i / 4
var<workgroup> exchange: array<vec4f, ALL>; // of the invocations of a row
/// sum and the product of two Values. For Value = vec4f the body is such an fma for each of the four.
fn add_product(a: Value, b: Value, sum: f32) -> f32 { return fma(a, b, sum); }
@compute @workgroup_size(ALL)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let lane = vec2u(local % LANES, local / LANES); // its keys and its queries in a tile
  let query = group % TILES * TILE + 4u * lane.y; // the first of the invocation's four
  let head = group / TILES % HEADS;
  let batch = group / (TILES * HEADS);
  if (batch >= BATCH) { return; } // all invocations of the workgroup together, so none skips a barrier
  let first_row = batch * QUERIES * HEADS + head; // of q
  let first_line = batch * KEYS * KEY_HEADS + head / (HEADS / KEY_HEADS); // of k and v
  let first_bias = batch * BIAS_STRIDES[0] + head * BIAS_STRIDES[1];
  var peak = vec4f(LOWEST); // of four queries
  var total: vec4f; // of the invocation's own keys
  var sums: array<array<Value, BLOCKS>, 4>;
  for (var tile = 0u; tile * TILE < min(KEYS, select(KEYS, group % TILES * TILE + TILE, CAUSAL)); tile++) {
    let key = tile * TILE + 4u * lane.x; // the first of four
    var scores: array<vec4f, 4>; // [four keys] of four queries
    for (var step = 0u; step < SIZE / DEPTH; step++) {
      for (var i = 0u; i < (DEPTH * TILE + ALL - 1u) / ALL; i++) {
        let slot = vec2u((i * ALL + local) / DEPTH, (i * ALL + local) % DEPTH); // row and Value
        let own = min(vec2u(group % TILES, tile) * TILE + slot.x, vec2u(QUERIES, KEYS) - 1u);
        if (slot.x < TILE) {
          left[slot.y * STRIDE + slot.x] = q[(first_row + own.x * HEADS) * SIZE + step * DEPTH + slot.y];
          right[slot.y * STRIDE + slot.x % 4u * LANES + slot.x / 4u] = k[(first_line + own.y * KEY_HEADS) * SIZE + step * DEPTH + slot.y];
        }
      }
      workgroupBarrier();
      for (var i = 0u; i < DEPTH; i++) {
        // @unroll
        for (var j = 0u; j < 16u; j++) { // query j % 4, key j / 4
          let own = left[i * STRIDE + 4u * lane.y + j % 4u];
          scores[j / 4u][j % 4u] = add_product(own, right[i * STRIDE + j / 4u * LANES + lane.x], scores[j / 4u][j % 4u]);
        }
      }
      workgroupBarrier();
    }
    var highest = peak;
    // @unroll
    for (var j = 0u; j < 16u; j++) {
      let at = vec2u(query, key) + vec2u(j % 4u, j / 4u);
      var score = scores[j / 4u][j % 4u] * SCALE;
      if (BIASED) { score += bias[first_bias + min(at.x, QUERIES - 1u) * BIAS_STRIDES[2] + min(at.y, KEYS - 1u) * BIAS_STRIDES[3]]; }
      scores[j / 4u][j % 4u] = select(select(max(score, LOWEST), score, is_nan(score)), LOWEST, at.y >= KEYS || (CAUSAL && at.y > at.x));
      highest[j % 4u] = max(highest[j % 4u], scores[j / 4u][j % 4u]);
    }
    exchange[local] = highest;
    workgroupBarrier();
    for (var i = 0u; i < LANES; i++) { highest = max(highest, exchange[lane.y * LANES + i]); }
    let shrink = exp(max(peak - highest, vec4f(-104.0))); // e^−104 rounds to 0
    peak = highest;
    total *= shrink;
    // @unroll
    for (var j = 0u; j < 4u * BLOCKS; j++) { sums[j % 4u][j / 4u] *= shrink[j % 4u]; }
    // @unroll
    for (var j = 0u; j < 16u; j++) { // key j % 4, query j / 4
      let exponent = scores[j % 4u][j / 4u] - peak[j / 4u];
      let weight = exp(select(max(exponent, -104.0), exponent, is_nan(exponent)));
      scores[j % 4u][j / 4u] = select(weight, 0.0, scores[j % 4u][j / 4u] <= LOWEST);
      total[j / 4u] += scores[j % 4u][j / 4u];
      if (DROPS) { // the four keys of a query share a block of random numbers
        let block = ((batch * HEADS + head) * QUERIES + query + j / 4u) * ((KEYS + 3u) / 4u) + key / 4u;
        let bits = philox4x32(vec4u(block, state[0], STREAM, 0u), vec2u(state[1], state[2]));
        scores[j % 4u][j / 4u] *= select(0.0, KEPT_SCALE, (bits[j % 4u] >> 8u) >= THRESHOLD);
      }
    }
    // @unroll
    for (var j = 0u; j < 4u; j++) { weights[lane.y * TILE + j * LANES + lane.x] = scores[j]; }
    for (var step = 0u; step < TILE / PART; step++) {
      for (var i = 0u; i < (PART * VALUE_SIZE + ALL - 1u) / ALL; i++) {
        let place = step * PART + (i * ALL + local) / VALUE_SIZE;
        let own = tile * TILE + place % LANES * 4u + place / LANES;
        let at = (first_line + min(own, KEYS - 1u) * KEY_HEADS) * VALUE_SIZE + (i * ALL + local) % VALUE_SIZE;
        if (i * ALL + local < PART * VALUE_SIZE) { right[i * ALL + local] = select(Value(), v[at], own < KEYS); }
      }
      workgroupBarrier();
      for (var i = 0u; i < PART; i++) {
        // @unroll
        for (var j = 0u; j < 4u * BLOCKS; j++) { // query j % 4, block j / 4
          let value = right[i * VALUE_SIZE + min(j / 4u * LANES + lane.x, VALUE_SIZE - 1u)];
          sums[j % 4u][j / 4u] = fma(Value(weights[lane.y * TILE + step * PART + i][j % 4u]), value, sums[j % 4u][j / 4u]);
        }
      }
      workgroupBarrier();
    }
  }
  exchange[local] = total;
  workgroupBarrier();
  total = vec4f();
  for (var i = 0u; i < LANES; i++) { total += exchange[lane.y * LANES + i]; }
  // @unroll
  for (var j = 0u; j < 4u * BLOCKS; j++) {
    let place = first_row + (query + j % 4u) * HEADS;
    let at = j / 4u * LANES + lane.x;
    let divisor = select(total[j % 4u], 1.0, peak[j % 4u] <= LOWEST && total[j % 4u] == 0.0); // no key was visible: 0
    if (query + j % 4u < QUERIES && at < VALUE_SIZE) {
      output[place * VALUE_SIZE + at] = sums[j % 4u][j / 4u] / divisor;
      if (at == 0u) { log_sum[place] = peak[j % 4u] + log(divisor); }
    }
  }
}
