// Sort: blocks in workgroup memory, by Batcher's bitonic network
//
//   compare and exchange, in pairs that are fixed beforehand, until a block of BLOCK is in order
//
//   input   x [ROWS, LENGTH]
//   keys    u32 [ROWS, LENGTH]: what is compared, block by block in order
//   places  i32 [ROWS, LENGTH]: where in its row each of them was
//
// A sequence that rises and then falls is bitonic. Exchanging each element of its first half with the one half a length
// further on, where they are in the wrong order, leaves two bitonic halves, of which all of one come before all of the
// other; after log₂ n such rounds it is sorted. For example [1, 4, 3, 2]: 4 and 2 are exchanged, which leaves [1, 2]
// and [3, 4]. Sorted runs of 1, 2, 4 … turned alternately up and down make the bitonic sequences of the next level. So
// a block takes log₂ BLOCK · (log₂ BLOCK + 1) / 2 rounds, 55 for 1,024 elements, with one comparison per pair, where
// rank.wgsl would make 1,024 for each element.
//
// One workgroup sorts one block. It is read and written once; all rounds are in workgroup memory, with a barrier after
// each. Elements are compared by key and then by place: so the sort is stable, though the network itself is not. A
// block that leaves its row is filled with the largest key, and with places beyond the row, which come last.
//
// Comparisons: BLOCK / 2 per round. Bytes: 12 per element. Workgroup memory: 8 bytes per element.
//
// Reference: test/reference/sort.ts. Read next: merge.wgsl.

alias Value = f32; // or i32, u32

const LENGTH: u32 = 16u; // of a row
const BLOCK: u32 = 16u; // a power of two
const LEVELS: u32 = 4u; // log₂ BLOCK
const BLOCKS: u32 = 1u; // of a row
const GROUPS: u32 = 2u; // blocks of all rows
const KIND: u32 = 0u; // of the numbers: 0 f32, 1 i32, 2 u32
const DESCENDING: bool = false;
const WORKGROUP_SIZE: u32 = 8u; // divides BLOCK / 2
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> places: array<i32>;
var<workgroup> block_keys: array<u32, BLOCK>;
var<workgroup> block_places: array<u32, BLOCK>;

fn key_at(index: u32) -> u32 {
  let key = sort_key(bitcast<u32>(input[index]), KIND);
  return select(key, ~key, DESCENDING);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  if (group >= GROUPS) {
    return; // all invocations of the workgroup return together, so none skips a barrier
  }
  let row = group / BLOCKS * LENGTH;
  let first = group % BLOCKS * BLOCK;
  for (var i = 0u; i < BLOCK / WORKGROUP_SIZE; i++) {
    let slot = i * WORKGROUP_SIZE + local_id.x;
    var key = 0xffffffffu;
    if (first + slot < LENGTH) {
      key = key_at(row + first + slot);
    }
    block_keys[slot] = key;
    block_places[slot] = first + slot;
  }
  workgroupBarrier();
  for (var level = 1u; level <= LEVELS; level++) {
    for (var round = 1u; round <= level; round++) {
      let distance = 1u << (level - round);
      for (var i = 0u; i < BLOCK / 2u / WORKGROUP_SIZE; i++) {
        let pair = i * WORKGROUP_SIZE + local_id.x;
        let low = pair / distance * (2u * distance) + pair % distance;
        let high = low + distance;
        let rising = (low >> level) % 2u == 0u;
        let a = block_keys[low];
        let b = block_keys[high];
        let wrong = a > b || (a == b && block_places[low] > block_places[high]);
        if (wrong == rising) {
          block_keys[low] = b;
          block_keys[high] = a;
          let moved = block_places[low];
          block_places[low] = block_places[high];
          block_places[high] = moved;
        }
      }
      workgroupBarrier();
    }
  }
  for (var i = 0u; i < BLOCK / WORKGROUP_SIZE; i++) {
    let slot = i * WORKGROUP_SIZE + local_id.x;
    if (first + slot < LENGTH) {
      keys[row + first + slot] = block_keys[slot];
      places[row + first + slot] = i32(block_places[slot]);
    }
  }
}
