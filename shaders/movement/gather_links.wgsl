// Gradient of a gather along the first axis 1: links the places that have the same index
//
//   next[k]  = the first place after k with indices[k], COUNT where there is none
//   heads[e] = the first place of all with the index e; whatever was there before where no place has it
//
//   indices  i32 [COUNT]
//   next     u32 [COUNT]
//   heads    u32 [EXTENT]
//
// All places of an index are a chain: heads[e], next[heads[e]], …. They come in order, so sums along the chain have the same
// bits in every run. Each invocation looks for the next place of its own index, and for an earlier one: if there
// is none, it alone writes the head. A head that nobody wrote is known by its place having another index.
//
// At most COUNT comparisons per invocation, few where words are frequent: COUNT²/2 in all, whatever the size of the vocabulary.
// Bytes 4 · (2 · COUNT), and the indices from caches.
//
// Reference: test/reference/movement.ts. Read next: gather_gradient_linked.wgsl.

const COUNT: u32 = 8u;
const EXTENT: u32 = 10u;
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(4) var<storage, read_write> next: array<u32>;
@group(0) @binding(5) var<storage, read_write> heads: array<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let place = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (place >= COUNT) {
    return;
  }
  let own = indices[place];
  var later = place + 1u;
  for (; later < COUNT; later++) {
    if (indices[later] == own) {
      break;
    }
  }
  next[place] = later;
  var first = 0u;
  for (; first < place; first++) {
    if (indices[first] == own) {
      break;
    }
  }
  if (first == place && own >= 0i && own < i32(EXTENT)) {
    heads[own] = place;
  }
}
