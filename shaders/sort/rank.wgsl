// Sort: each number's place is the count of those before it
//
//   place of element e = number of elements that come before e      within a block of BLOCK
//
//   input   x [ROWS, LENGTH]
//   keys    u32 [ROWS, LENGTH]: what is compared, block by block in order
//   places  i32 [ROWS, LENGTH]: where in its row each of them was
//
// For example [3, 1, 2]: none is smaller than 1, one is smaller than 2, two are smaller than 3, so 1 goes to place 0,
// 2 to 1 and 3 to 2. Where numbers are equal, the one that was first comes first: the sort is stable, and no two
// elements have the same place.
//
// One invocation places one element. It reads its whole block and writes twice, without barriers and without branches:
// BLOCK comparisons per element, where sorting could do with log₂ BLOCK of them. That is cheap up to some sixteen
// elements; merge.wgsl then makes longer runs of these blocks.
//
// Numbers are compared by their bits, see sort_key in shared/order.wgsl: −0 equals 0, and NaN comes after Infinity.
//
// Comparisons: ROWS · LENGTH · BLOCK. Bytes: 12 per element, and the block from the cache.
//
// Reference: test/reference/sort.ts. Read next: bitonic.wgsl, merge.wgsl.

alias Value = f32; // or i32, u32

const SIZE: u32 = 32u; // elements of all rows
const LENGTH: u32 = 16u; // of a row
const BLOCK: u32 = 8u;
const KIND: u32 = 0u; // of the numbers: 0 f32, 1 i32, 2 u32
const DESCENDING: bool = false;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> places: array<i32>;

fn key_at(index: u32) -> u32 {
  let key = sort_key(bitcast<u32>(input[index]), KIND);
  return select(key, ~key, DESCENDING);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let place = index % LENGTH;
  let row = index - place;
  let first = place - place % BLOCK;
  let own = key_at(index);
  var before = 0u;
  for (var other = first; other < min(first + BLOCK, LENGTH); other++) {
    let key = key_at(row + other);
    before += select(0u, 1u, key < own || (key == own && other < place));
  }
  keys[row + first + before] = own;
  places[row + first + before] = i32(place);
}
