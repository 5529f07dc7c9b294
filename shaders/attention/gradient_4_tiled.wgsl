// Gradient of attention 4: tiles in workgroup memory, for GPUs
//
//   dL/dq_i = SCALE · Σ_j dL/ds_ij · k_j,   dL/dk_j = SCALE · Σ_i dL/ds_ij · q_i,   dL/dv_j = Σ_i w_ij · gradient_i
//
// Formula, shapes and bindings: gradient_1_naive.wgsl; here SIZE and VALUE_SIZE count Values. As 3_tiled.wgsl (FlashAttention-2,
// Dao 2023): a workgroup owns TILE = 4 · LANES queries, or keys, of one head, and goes through tiles of the others:
//   1. dots = q kᵀ, and gradient vᵀ for dL/dw: an invocation has four of its own rows and four others, DEPTH Values at a time.
//   2. sums += dL/ds, or weights, · the others: an invocation has four rows and every LANES-th Value of the result.
// A sum belongs to one invocation, which adds in the same order in every run. Tiles that see nothing are left out. FLOPs:
// gradient_1_naive.wgsl; bytes 4 / TILE for each product. Reference: test/reference/attention.ts.
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
const OF_QUERIES: bool = true; // else of keys or values
const OF_VALUES: bool = false;
const LANES: u32 = 8u; // side of the square of invocations // @tune 4 8
const DEPTH: u32 = 8u; // Values of a row in a step of the dots: divides both sizes
const PART: u32 = 32u; // rows of the others in a step of the sums: divides TILE
const GRID_X: u32 = 65535u; // workgroups along x
const LOWEST: f32 = -3.0e38; // scores up to here are those of hidden keys
const TILE: u32 = 4u * LANES;
const STRIDE: u32 = TILE + 1u; // odd: see 3_tiled.wgsl
const EXTENT: u32 = select(SIZE, VALUE_SIZE, OF_VALUES); // of a row of the result
const BLOCKS: u32 = (EXTENT + LANES - 1u) / LANES; // Values of it that an invocation has
const OWN: u32 = select(KEYS, QUERIES, OF_QUERIES);
const OWN_HEADS: u32 = select(KEY_HEADS, HEADS, OF_QUERIES);
const TILES: u32 = (OWN + TILE - 1u) / TILE;
const OTHER_TILES: u32 = (select(QUERIES, KEYS, OF_QUERIES) + TILE - 1u) / TILE; // of each head
const ALL: u32 = LANES * LANES; // invocations
@group(0) @binding(0) var<storage, read> q: array<Value>;
@group(0) @binding(1) var<storage, read> k: array<Value>;
@group(0) @binding(2) var<storage, read> v: array<Value>;
@group(0) @binding(3) var<storage, read> gradient: array<Value>;
@group(0) @binding(4) var<storage, read> statistics: array<vec2f>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read> state: array<u32>;
@group(0) @binding(7) var<storage, read_write> result: array<Value>;
var<workgroup> left: array<Value, DEPTH * STRIDE>; // own rows
var<workgroup> right: array<Value, max(DEPTH * STRIDE, PART * EXTENT)>; // the others
var<workgroup> factors: array<vec4f, LANES * TILE>; // of four own rows; other i is at place i % 4 · LANES + i / 4
/// sum and the product of two Values. For Value = vec4f the body is such an fma for each of the four.
fn add_product(a: Value, b: Value, sum: f32) -> f32 { return fma(a, b, sum); }
/// A Value of q or k (product 0), or of gradient or v (product 1); `first` are the rows of the head's query 0 and key 0.
fn load(product: u32, of_keys: bool, first: vec2u, position: u32, i: u32) -> Value {
  let row = first.x + min(position, QUERIES - 1u) * HEADS;
  let line = first.y + min(position, KEYS - 1u) * KEY_HEADS;
  if (product == 0u && of_keys) { return k[line * SIZE + i]; }
  if (product == 0u) { return q[row * SIZE + i]; }
  if (of_keys) { return v[line * VALUE_SIZE + i]; }
  return gradient[row * VALUE_SIZE + i];
}
@compute @workgroup_size(ALL)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let lane = vec2u(local % LANES, local / LANES); // its others and its own rows in a tile
  let first_own = group % TILES * TILE;
  let batch = group / (TILES * OWN_HEADS);
  if (batch >= BATCH) { return; } // all invocations of the workgroup together, so none skips a barrier
  var sums: array<array<Value, BLOCKS>, 4>;
  for (var turn = 0u; turn < HEADS / OWN_HEADS * OTHER_TILES; turn++) {
    let first_other = turn % OTHER_TILES * TILE;
    if (CAUSAL && select(first_other + TILE <= first_own, first_other > first_own, OF_QUERIES)) { continue; }
    let head = group / TILES % OWN_HEADS * (HEADS / OWN_HEADS) + turn / OTHER_TILES;
    let first = vec2u(batch * QUERIES * HEADS + head, batch * KEYS * KEY_HEADS + head / (HEADS / KEY_HEADS));
    let first_bias = batch * BIAS_STRIDES[0] + head * BIAS_STRIDES[1];
    var scores: array<vec4f, 4>; // [four others] of four own rows
    var slopes: array<vec4f, 4>; // dL/dw, then dL/ds or the weights
    for (var product = 0u; product < select(2u, 1u, OF_VALUES); product++) {
      var dots: array<vec4f, 4>;
      for (var step = 0u; step < select(SIZE, VALUE_SIZE, product == 1u) / DEPTH; step++) {
        for (var i = 0u; i < (DEPTH * TILE + ALL - 1u) / ALL; i++) {
          let slot = vec2u((i * ALL + local) / DEPTH, (i * ALL + local) % DEPTH); // row and Value
          if (slot.x < TILE) {
            left[slot.y * STRIDE + slot.x] = load(product, !OF_QUERIES, first, first_own + slot.x, step * DEPTH + slot.y);
            right[slot.y * STRIDE + slot.x % 4u * LANES + slot.x / 4u] = load(product, OF_QUERIES, first, first_other + slot.x, step * DEPTH + slot.y);
          }
        }
        workgroupBarrier();
        for (var i = 0u; i < DEPTH; i++) {
          // @unroll
          for (var j = 0u; j < 16u; j++) { // own row j % 4, other j / 4
            let own = left[i * STRIDE + 4u * lane.y + j % 4u];
            dots[j / 4u][j % 4u] = add_product(own, right[i * STRIDE + j / 4u * LANES + lane.x], dots[j / 4u][j % 4u]);
          }
        }
        workgroupBarrier();
      }
      // @unroll
      for (var j = 0u; j < 4u; j++) { scores[j] = select(slopes[j], dots[j], OF_VALUES); slopes[j] = dots[j]; }
    }
    // @unroll
    for (var j = 0u; j < 16u; j++) {
      let place = vec2u(first_own + 4u * lane.y + j % 4u, first_other + 4u * lane.x + j / 4u);
      let at = select(place.yx, place, OF_QUERIES); // query and key
      let statistic = statistics[first.x + min(at.x, QUERIES - 1u) * HEADS];
      var score = scores[j / 4u][j % 4u] * SCALE;
      if (BIASED) { score += bias[first_bias + min(at.x, QUERIES - 1u) * BIAS_STRIDES[2] + min(at.y, KEYS - 1u) * BIAS_STRIDES[3]]; }
      var kept = 1.0; // what dropout makes of a weight of 1
      if (DROPS) {
        let block = ((batch * HEADS + head) * QUERIES + at.x) * ((KEYS + 3u) / 4u) + at.y / 4u;
        let bits = philox4x32(vec4u(block, state[0], STREAM, 0u), vec2u(state[1], state[2]));
        kept = select(0.0, KEPT_SCALE, (bits[select(j % 4u, j / 4u, OF_QUERIES)] >> 8u) >= THRESHOLD);
      }
      let exponent = score - statistic.x;
      let weight = exp(select(max(exponent, -104.0), exponent, is_nan(exponent))); // e^−104 rounds to 0
      let factor = select(SCALE * weight * (slopes[j / 4u][j % 4u] * kept - statistic.y), weight * kept, OF_VALUES);
      let hidden = at.x >= QUERIES || at.y >= KEYS || score <= LOWEST || (CAUSAL && at.y > at.x);
      slopes[j / 4u][j % 4u] = select(factor, 0.0, hidden);
    }
    // @unroll
    for (var j = 0u; j < 4u; j++) { factors[lane.y * TILE + j * LANES + lane.x] = slopes[j]; }
    for (var step = 0u; step < TILE / PART; step++) {
      for (var i = 0u; i < (PART * EXTENT + ALL - 1u) / ALL; i++) {
        let place = step * PART + (i * ALL + local) / EXTENT;
        let other = first_other + place % LANES * 4u + place / LANES;
        let at = i * ALL + local;
        if (at < PART * EXTENT) { right[at] = load(u32(OF_VALUES), OF_QUERIES, first, other, at % EXTENT); }
      }
      workgroupBarrier();
      for (var i = 0u; i < PART; i++) {
        // @unroll
        for (var j = 0u; j < 4u * BLOCKS; j++) { // own row j % 4, block j / 4
          let other = right[i * EXTENT + min(j / 4u * LANES + lane.x, EXTENT - 1u)];
          sums[j % 4u][j / 4u] = fma(Value(factors[lane.y * TILE + step * PART + i][j % 4u]), other, sums[j % 4u][j / 4u]);
        }
      }
      workgroupBarrier();
    }
  }
  // @unroll
  for (var j = 0u; j < 4u * BLOCKS; j++) {
    let own = first_own + 4u * lane.y + j % 4u;
    let row = (batch * OWN + own) * OWN_HEADS + group / TILES % OWN_HEADS;
    let i = j / 4u * LANES + lane.x;
    if (own < OWN && i < EXTENT) { result[row * EXTENT + i] = sums[j % 4u][j / 4u]; }
  }
}
