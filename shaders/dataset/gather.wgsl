// Gathers a batch from a data set on the GPU: any element type, any sample size
//
//   batch[row, …] = SCALE · source[sample(row), …] + OFFSET
//
//   sample(row) is entry step · BATCH + row of the stream of samples. If SHUFFLED, each epoch has a new order,
//   else the stream repeats 0 … SIZE - 1 (shared/permutation.wgsl)
//
//   source         [COUNT, SAMPLE]: bytes, four to a word, little-endian (PACKED), or Words, read as Source
//   label_source   [SIZE] class indices as bytes (PACKED_LABELS) or i32, where LABELLED
//   state          u32 [8]: step, seed_low, seed_high, _, origin of the stream: step, epoch, place, _
//   batch          [BATCH, SAMPLE] of type Element
//   labels         [BATCH] i32, where LABELLED: the same samples' labels, in the same dispatch
//
// A data set larger than a binding is stored in pieces. One dispatch for each piece writes the rows whose samples it holds.
//
// GROUPS_PER_SAMPLE workgroups copy one sample, ITERATIONS elements per invocation. All invocations compute the same
// permutation, which is cheaper than a dispatch that stores it. 2 FLOPs per element; 4 bytes written and 1 or 4 read.
// Where 4 divides the sample, numbers are copied four at a time, and all three types are vectors.
//
// Reference: src/data/permutation.ts for the order. Read next: gather_bytes.wgsl, gather_augmented.wgsl.

alias Word = u32; // u32 or vec4u
alias Source = f32; // f32, i32 or a vec4 of them, unless PACKED
alias Element = f32; // f32, i32 or vec4f

const SIZE: u32 = 100u; // samples
const BITS: u32 = 7u; // ⌈log2 SIZE⌉
const BATCH: u32 = 8u;
const FIRST: u32 = 0u; // the sample that source begins with
const COUNT: u32 = 100u; // samples in source
const SAMPLE: u32 = 3u; // Elements of one sample
const PACKED: bool = true;
const LABELLED: bool = true;
const PACKED_LABELS: bool = true;
const SHUFFLED: bool = true;
const SALT: u32 = 0u;
const SCALE: f32 = 1.0;
const OFFSET: f32 = 0.0;
const GROUPS_PER_SAMPLE: u32 = 1u;
const ITERATIONS: u32 = 1u;
const SOFTWARE: bool = false; // software adapter, where compiling the unrolled loop takes 0.3 s longer
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> source: array<Word>;
@group(0) @binding(1) var<storage, read> label_source: array<u32>;
@group(0) @binding(2) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> batch: array<Element>;
@group(0) @binding(5) var<storage, read_write> labels: array<i32>;

fn element_at(index: u32) -> Element {
  if (PACKED) {
    return Element((source[index / 4u] >> (8u * (index % 4u))) & 0xFFu);
  } else {
    return Element(bitcast<Source>(source[index]));
  }
}

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
    let element = (part * ITERATIONS + i) * WORKGROUP_SIZE + local_id.x;
    if (element < SAMPLE) {
      batch[row * SAMPLE + element] = Element(SCALE) * element_at(sample * SAMPLE + element) + Element(OFFSET);
    }
  }
}
