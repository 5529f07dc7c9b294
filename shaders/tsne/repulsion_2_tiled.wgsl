// Repulsion, tiled: the points come to the workgroup once, and all its invocations read them there
//
//   force_i = Σ_j q_ij² (y_i − y_j),    weight_i = Σ_j q_ij   over j ≠ i,    q_ij = 1 / (1 + |y_i − y_j|²)
//
//   places   y [POINTS] vec2f
//   force    [PARTS, POINTS] vec2f: sums over one part of the points j each
//   weight   [PARTS, POINTS]
//
// The naive kernel reads y_j from memory, or a cache, for each pair. Here a workgroup loads WORKGROUP_SIZE of them together, one each,
// into workgroup memory, and goes through that tile before it loads the next: an N-body kernel (Nyland, Harris & Prins 2007). What
// each load brings is used WORKGROUP_SIZE times. Places behind the end of the part are not read: their number is counted.
//
// One invocation has one point i, and one part of the points j.
// FLOPs: 12 per pair. Bytes: 8 / WORKGROUP_SIZE per pair.
//
// Reference: test/reference/tsne.ts.

const POINTS: u32 = 16u;
const PART: u32 = 8u; // points of a part
const PARTS: u32 = 2u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 64 128 256

@group(0) @binding(0) var<storage, read> places: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> force: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> weight: array<f32>;

var<workgroup> tile: array<vec2f, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = workgroup_id.x * WORKGROUP_SIZE + local_id.x;
  let part = workgroup_id.y;
  let own = places[min(i, POINTS - 1u)];
  let first = part * PART;
  let end = min(first + PART, POINTS);

  var push = vec2f(0.0);
  var sum = 0.0;
  for (var start = first; start < end; start += WORKGROUP_SIZE) {
    tile[local_id.x] = places[min(start + local_id.x, POINTS - 1u)];
    workgroupBarrier();
    let count = min(WORKGROUP_SIZE, end - start);
    for (var k = 0u; k < count; k++) {
      let apart = own - tile[k];
      let q = 1.0 / (1.0 + dot(apart, apart));
      sum += q;
      push += q * q * apart;
    }
    workgroupBarrier();
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
