// Repulsion, naive: every point of a map pushes every other one away
//
//   force_i = Σ_j q_ij² (y_i − y_j),    weight_i = Σ_j q_ij   over j ≠ i,    q_ij = 1 / (1 + |y_i − y_j|²)
//
//   places   y [POINTS] vec2f
//   force    [PARTS, POINTS] vec2f: sums over one part of the points j each
//   weight   [PARTS, POINTS]
//
// (van der Maaten & Hinton 2008.) q is the heavy-tailed similarity of two places, of Student's t distribution with one degree of
// freedom. With Z = Σ_i weight_i the repulsion in the gradient of t-SNE is −4 force_i / Z.
// For example y_i = (0, 0) and y_j = (2, 0): q = 1 / 5, and j pushes with 0.04 · (−2, 0) = (−0.08, 0).
//
// A point adds nothing to its own force, as y_i − y_i is 0, but 1 to its own weight, which is subtracted at the end.
//
// One invocation has one point i, and one part of the points j, PART of them: with few points there would be too little to do in
// parallel. All invocations of a workgroup read the same y_j at the same time.
// FLOPs: 12 per pair. Bytes: 8 per pair, which caches keep; nothing of the size POINTS² is stored.
//
// Reference: test/reference/tsne.ts.

const POINTS: u32 = 16u;
const PART: u32 = 8u; // points of a part
const PARTS: u32 = 2u;
const WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<storage, read> places: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> force: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> weight: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = workgroup_id.x * WORKGROUP_SIZE + local_id.x;
  let part = workgroup_id.y;
  let own = places[min(i, POINTS - 1u)];
  let first = part * PART;
  let end = min(first + PART, POINTS);

  var push = vec2f(0.0);
  var sum = 0.0;
  for (var j = first; j < end; j++) {
    let apart = own - places[j];
    let q = 1.0 / (1.0 + dot(apart, apart));
    sum += q;
    push += q * q * apart;
  }
  if (i >= POINTS) {
    return;
  }
  if (i >= first && i < end) {
    sum -= 1.0;
  }
  force[part * POINTS + i] = push;
  weight[part * POINTS + i] = sum;
}
