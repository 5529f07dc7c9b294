// Sort: two sorted runs become one
//
//   place of element e = its place in its own run + number of elements of the other run that come before e
//
//   keys, places            u32, i32 [ROWS, LENGTH]: sorted in runs of RUN
//   merged_keys,
//   merged_places           the same, sorted in runs of 2 · RUN
//
// For example [1, 4, 6] and [2, 4, 5]: before 5, at place 2 of its run, are 1 and 4 of the other one, so 5 goes to place 4.
//
// A merge that walks along both runs, and takes the smaller head each time, is a task for one invocation. But the place
// of each element in the result is known without its neighbours: before it are those of its own run, as many as its
// place there, and those of the other run that come before it, which a binary search counts. So one invocation moves one
// element, with log₂ RUN comparisons. Sorting LENGTH elements takes log₂ (LENGTH / block) such passes.
//
// Of equal elements those of the left run come first, as they did at the beginning: the sort is stable, and no two
// elements get the same place. The last run of a row may be short, or alone.
//
// Comparisons: ROWS · LENGTH · log₂ RUN. Bytes: 16 per element, and those of the search, mostly from the cache.
//
// Reference: test/reference/sort.ts.

const SIZE: u32 = 32u; // elements of all rows
const LENGTH: u32 = 16u; // of a row
const RUN: u32 = 8u; // a power of two
const STEPS: u32 = 4u; // log₂ RUN + 1: of the search
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> places: array<i32>;
@group(0) @binding(2) var<storage, read_write> merged_keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> merged_places: array<i32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let slot = index % LENGTH;
  let row = index - slot;
  let key = keys[index];
  let run = slot / RUN;
  let pair = run / 2u * (2u * RUN);
  let is_right = run % 2u == 1u;
  let other = (run ^ 1u) * RUN; // begin of the other run, which may lie beyond the row
  let begin = min(other, LENGTH);

  // The elements of the other run in [begin, low) come before this one, those from `high` on come after it.
  var low = begin;
  var high = min(other + RUN, LENGTH);
  for (var i = 0u; i < STEPS; i++) {
    if (low < high) {
      let middle = (low + high) / 2u;
      let found = keys[row + middle];
      if (found < key || (found == key && is_right)) {
        low = middle + 1u;
      } else {
        high = middle;
      }
    }
  }
  let target_slot = row + pair + slot % RUN + low - begin;
  merged_keys[target_slot] = key;
  merged_places[target_slot] = places[index];
}
