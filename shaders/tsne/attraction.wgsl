// Attraction: every point of a map is pulled to its neighbours in the data
//
//   force_i = Σ_j p_ij q_ij (y_i − y_j),    cost_i = Σ_j p_ij log(p_ij / q_ij)   over the neighbours j of i
//   q_ij = 1 / (1 + |y_i − y_j|²)
//
//   places      y [POINTS] vec2f
//   starts      i32 [POINTS + 1]: the neighbours of point i are at the places starts[i] … starts[i + 1] − 1
//   neighbours  i32 [EDGES]: their indices
//   p           [EDGES]: how near they are, p_ij = (p(j|i) + p(i|j)) / (2 POINTS); above 0
//   force       [POINTS] vec2f
//   cost        [POINTS]
//
// A graph in compressed rows: rows of unequal length, as a point may be near to many others. Pairs that are not neighbours
// have p = 0 and do not pull. The attraction in the gradient of t-SNE is 4 force_i, and with Z = Σ q over all pairs the divergence of
// Kullback and Leibler is Σ_i cost_i + log Z · Σ p.
// For example y_i = (0, 0), y_j = (2, 0) and p = 0.1: q = 1 / 5, and j pulls with 0.02 · (−2, 0), down the gradient to the right.
//
// One invocation has one point. FLOPs: 12 per edge. Bytes: 16 per edge; the places of neighbours lie anywhere.
//
// Reference: test/reference/tsne.ts.

const POINTS: u32 = 16u;
const EDGES: u32 = 64u;
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> places: array<vec2f>;
@group(0) @binding(1) var<storage, read> starts: array<i32>;
@group(0) @binding(2) var<storage, read> neighbours: array<i32>;
@group(0) @binding(3) var<storage, read> p: array<f32>;
@group(0) @binding(4) var<storage, read_write> force: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> cost: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= POINTS) {
    return;
  }
  let own = places[i];
  var pull = vec2f(0.0);
  var sum = 0.0;
  // Indices are checked: wrong ones must not read elsewhere.
  let end = min(u32(max(starts[i + 1u], 0)), EDGES);
  for (var edge = u32(max(starts[i], 0)); edge < end; edge++) {
    let j = u32(clamp(neighbours[edge], 0, i32(POINTS) - 1));
    let apart = own - places[j];
    let inverse = 1.0 + dot(apart, apart); // 1 / q
    pull += p[edge] / inverse * apart;
    sum += p[edge] * (log(p[edge]) + log(inverse));
  }
  force[i] = pull;
  cost[i] = sum;
}
