// Gathers a batch of images from a data set of bytes on the GPU, four bytes at a time
//
//   batch[row, …] = SCALE · source[sample(row), …] + OFFSET
//
// The stream of samples and all bindings are those of gather.wgsl; here SAMPLE is a multiple of 4,
// so that every sample starts on a word:
//
//   source         u8 [COUNT, SAMPLE], four to a word, little-endian
//   label_source   [SIZE] class indices as bytes (PACKED_LABELS) or i32, where LABELLED
//   state          u32 [8]: step, seed_low, seed_high, _, origin of the stream: step, epoch, place, _
//   batch          f32 [BATCH, SAMPLE]
//   labels         i32 [BATCH], where LABELLED
//
// Where the data set is stored in pieces, a dispatch writes the rows whose samples its source holds.
//
// One invocation loads one word and stores one vec4f, ITERATIONS times; neighbours read neighbouring words. 8 FLOPs,
// 4 bytes read and 16 written per word. The data set stays on the GPU as bytes, which take a quarter of the memory of
// floats, and no step has to upload anything.
//
// Reference: src/data/permutation.ts for the order.

const SIZE: u32 = 100u; // samples
const BITS: u32 = 7u; // ⌈log2 SIZE⌉
const BATCH: u32 = 8u;
const FIRST: u32 = 0u; // the sample that source begins with
const COUNT: u32 = 100u; // samples in source
const WORDS: u32 = 196u; // of one sample: SAMPLE / 4
const LABELLED: bool = true;
const PACKED_LABELS: bool = true;
const SHUFFLED: bool = true;
const SALT: u32 = 0u;
const SCALE: f32 = 0.003921568627;
const OFFSET: f32 = 0.0;
const GROUPS_PER_SAMPLE: u32 = 1u;
const ITERATIONS: u32 = 4u;
const SOFTWARE: bool = false; // software adapter, where compiling the unrolled loop takes 0.3 s longer
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read> label_source: array<u32>;
@group(0) @binding(2) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> batch: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> labels: array<i32>;

fn label_at(index: u32) -> i32 {
  if (PACKED_LABELS) {
    return i32((label_source[index / 4u] >> (8u * (index % 4u))) & 0xFFu);
  } else {
    return bitcast<i32>(label_source[index]);
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let row = group / GROUPS_PER_SAMPLE;
  let part = group % GROUPS_PER_SAMPLE;
  if (row >= BATCH) {
    return;
  }
  let now = vec3u(state[0], state[1], state[2]);
  let origin = vec3u(state[4], state[5], state[6]);
  let sample = sample_at(row, BATCH, SIZE, BITS, SHUFFLED, now, origin, SALT) - FIRST;
  if (sample >= COUNT) {
    return; // the sample lies in another piece (below FIRST the difference wraps around)
  }
  if (LABELLED) {
    if (part == 0u && local_id.x == 0u) {
      labels[row] = label_at(sample);
    }
  }
  let zero = select(0u, workgroup_id.z, SOFTWARE); // always 0, but opaque to the compiler: the loop stays a loop
  for (var i = zero; i < ITERATIONS; i++) {
    let word = (part * ITERATIONS + i) * WORKGROUP_SIZE + local_id.x;
    if (word < WORDS) {
      let bytes = (vec4u(source[sample * WORDS + word]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(0xFFu);
      batch[row * WORDS + word] = SCALE * vec4f(bytes) + OFFSET;
    }
  }
}
