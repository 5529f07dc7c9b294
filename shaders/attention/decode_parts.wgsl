// Attention of one query per head to a cache of keys and values 1: a part of the keys for each invocation
//
//   s_j = SCALE · q · k_j,   m = max_j s_j,   total = Σ_j e^(s_j − m),   sums = Σ_j e^(s_j − m) · v_j
//
//   q          [BATCH, HEADS, SIZE]: the newest position of each sequence
//   k, v       [BATCH, CAPACITY, KEY_HEADS, SIZE or VALUE_SIZE]: the cache, with the keys and values of all positions so far
//   lengths    i32 [BATCH]: how many these are
//   parts      [BATCH, HEADS, PARTS, VALUE_SIZE]: the sums of each part
//   statistics [BATCH, HEADS, PARTS] vec2f: (m, total) of each part
//
// A language model that writes one character after the other has a single query. The keys and values of earlier positions do
// not change; they are kept in the cache, so each step costs the reading of it and nothing more. As one query gives too little
// to do for a GPU, the keys are cut into parts (Flash-Decoding, Dao et al. 2023), with an online softmax in each, as in
// 1_naive.wgsl; decode_combine.wgsl puts them together. Keys beyond the length are not read.
// FLOPs 2 · BATCH · HEADS · length · (SIZE + VALUE_SIZE). Bytes: those of the keys and values that count, once.
//
// Reference: test/reference/attention.ts. Read next: decode_combine.wgsl.

alias Value = f32; // or vec4f, where 4 divides both sizes

const BATCH: u32 = 2u;
const CAPACITY: u32 = 64u;
const HEADS: u32 = 4u;
const KEY_HEADS: u32 = 4u;
const SIZE: u32 = 8u; // in Values
const VALUE_SIZE: u32 = 8u; // in Values
const SCALE: f32 = 0.3535533905932738;
const PARTS: u32 = 4u;
const WORKGROUP_SIZE: u32 = 32u;
const GRID_X: u32 = 65535u; // workgroups along x

const LOWEST: f32 = -3.0e38;

@group(0) @binding(0) var<storage, read> q: array<Value>;
@group(0) @binding(1) var<storage, read> k: array<Value>;
@group(0) @binding(2) var<storage, read> v: array<Value>;
@group(0) @binding(3) var<storage, read> lengths: array<i32>;
@group(0) @binding(4) var<storage, read_write> parts: array<Value>;
@group(0) @binding(5) var<storage, read_write> statistics: array<vec2f>;

// The product of two Values. For Value = vec4f the body becomes: dot(a, b).
fn product(a: Value, b: Value) -> f32 {
  return a * b;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let place = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (place >= BATCH * HEADS * PARTS) {
    return;
  }
  let part = place % PARTS;
  let row = place / PARTS; // of q
  let batch = row / HEADS;
  let length = u32(clamp(lengths[batch], 0i, i32(CAPACITY)));
  let size = (length + PARTS - 1u) / PARTS; // keys of a part
  var peak = LOWEST;
  var total = 0.0;
  var sums: array<Value, VALUE_SIZE>;
  for (var key = part * size; key < min(length, part * size + size); key++) {
    let line = (batch * CAPACITY + key) * KEY_HEADS + row % HEADS / (HEADS / KEY_HEADS);
    var score = 0.0;
    for (var i = workgroup_id.z; i < SIZE; i++) { // from 0, which is opaque to the compiler: stays a loop
      score += product(q[row * SIZE + i], k[line * SIZE + i]);
    }
    score *= SCALE;
    let higher = max(peak, score);
    let shrink = exp(max(peak - higher, -104.0)); // e^−104 rounds to 0
    let exponent = score - higher;
    let weight = exp(select(max(exponent, -104.0), exponent, is_nan(exponent)));
    peak = higher;
    total = total * shrink + weight;
    for (var i = workgroup_id.z; i < VALUE_SIZE; i++) {
      sums[i] = sums[i] * shrink + weight * v[line * VALUE_SIZE + i];
    }
  }
  for (var i = workgroup_id.z; i < VALUE_SIZE; i++) {
    parts[place * VALUE_SIZE + i] = sums[i];
  }
  statistics[place] = vec2f(peak, total);
}
