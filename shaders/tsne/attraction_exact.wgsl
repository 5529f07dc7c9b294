// Exact attraction: some points of a map are pulled to all others, as near as they are in the data
//
//   force_i = Σ_j p_ij q_ij (y_i − y_j),    cost_i = Σ_j p_ij log(p_ij / q_ij)   over all j ≠ i
//   p_ij = (exp(s_i − β_i d_ij) + exp(s_j − β_j d_ij)) / (2 POINTS),    d_ij = |x_i|² + |x_j|² − 2 x_i · x_j
//   q_ij = 1 / (1 + |y_i − y_j|²)
//
//   places    y [POINTS] vec2f
//   products  x_j · x_i [POINTS, ROWS], of all points j with the points i = FIRST … FIRST + ROWS − 1 of this block
//   norms     |x|² [POINTS]
//   scales    [POINTS] vec2f (β, s), from tsne/perplexity
//   force     [PARTS, ROWS] vec2f: sums over one part of the points j each
//   cost      [PARTS, ROWS]
//
// The distances in the data are the same in every step, but POINTS² of them would be too many to keep. A matrix product of the data with
// a block of themselves brings those of the block back, in memory that the next block uses again. It has the points i side by side, so
// that neighbouring invocations read neighbouring products.
// For example x_i = (0, 0), x_j = (1, 1): norms 0 and 2, product 0: d = 2. With β = 1 and s = 0 for both and 2 points p = 0.068.
// A p below 10⁻³⁶ counts as 0, as its logarithm would be that of a denormal number.
//
// One invocation has one point i of the block, and one part of the points j. FLOPs: 30 per pair. Bytes: 28 per pair, of which caches keep
// all but the product.
//
// Reference: test/reference/tsne.ts.

const POINTS: u32 = 16u;
const ROWS: u32 = 8u;
const FIRST: u32 = 0u;
const PART: u32 = 8u; // points of a part
const PARTS: u32 = 2u;
const WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<storage, read> places: array<vec2f>;
@group(0) @binding(1) var<storage, read> products: array<f32>;
@group(0) @binding(2) var<storage, read> norms: array<f32>;
@group(0) @binding(3) var<storage, read> scales: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> force: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> cost: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let row = workgroup_id.x * WORKGROUP_SIZE + local_id.x;
  let part = workgroup_id.y;
  if (row >= ROWS) {
    return;
  }
  let i = FIRST + row;
  let own = places[i];
  let norm = norms[i];
  let scale = scales[i];

  var pull = vec2f(0.0);
  var sum = 0.0;
  for (var j = part * PART; j < min(part * PART + PART, POINTS); j++) {
    let distance = max(norm + norms[j] - 2.0 * products[j * ROWS + row], 0.0);
    let other = scales[j];
    let p = (exp(scale.y - scale.x * distance) + exp(other.y - other.x * distance)) / f32(2u * POINTS);
    let apart = own - places[j];
    let inverse = 1.0 + dot(apart, apart); // 1 / q
    if (j != i && p > 1e-36) {
      pull += p / inverse * apart;
      sum += p * (log(p) + log(inverse));
    }
  }
  force[part * ROWS + row] = pull;
  cost[part * ROWS + row] = sum;
}
