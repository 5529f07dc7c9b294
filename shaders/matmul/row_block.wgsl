// Matrix product with few columns, or few rows: all invocations of a workgroup share the sum over k
//
//   c[l, s] = Σ_k p[l, k] · q[k, s]        for each matrix of the batch, s < SHORT
//
// A product with ten columns cannot be divided into tiles of 32 × 32, and where its sum is long, a few workgroups wait
// for memory most of the time. Here a workgroup computes ROWS whole lines of c. Invocation i takes the k with
// k mod WORKGROUP_SIZE = i, so that neighbours read neighbouring numbers of p, and keeps ROWS · SHORT sums in registers.
// At the end, for each result, PARTS invocations add the WORKGROUP_SIZE sums, each a part of them, and one adds the
// parts: always in the same order, so the same bits in every run.
//
//   p  [BATCH, LINES, K]       a, or b where it is [BATCH, N, K] and the few numbers are rows
//   q  [BATCH, …]              the other one: number (k, s) lies at k · Q_K + s · Q_S
//   c  [BATCH, LINES, SHORT]   with number (l, s) at l · C_L + s · C_S
//
// FLOPs 2 · BATCH · LINES · SHORT · K. Bytes 4 · BATCH · LINES · K of p, each read once: memory-bound. q is read
// LINES / ROWS times, from caches.
//
// Reference: test/reference/matmul.ts.

alias Value = f32;
const BATCH: u32 = 1u;
const LINES: u32 = 64u;
const SHORT: u32 = 10u; // at most 16
const K: u32 = 256u;
const Q_K: u32 = 10u;
const Q_S: u32 = 1u;
const C_L: u32 = 10u;
const C_S: u32 = 1u;
const CHANNEL_OF_LINE: bool = false; // lines of c are its columns
const ROWS: u32 = 1u; // whole lines of c of a workgroup // @tune 1 2 4
const WORKGROUP_SIZE: u32 = 64u; // @tune 64 128 256
const PARTS: u32 = 4u; // divides WORKGROUP_SIZE; at most WORKGROUP_SIZE / (ROWS · SHORT)
const GRID_X: u32 = 65535u; // workgroups along x

const BLOCKS: u32 = (LINES + ROWS - 1u) / ROWS;
const NUMBERS: u32 = ROWS * SHORT;
const PITCH: u32 = WORKGROUP_SIZE + 1u; // odd: the sums of one invocation lie in different memory banks

@group(0) @binding(0) var<storage, read> p: array<f32>;
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;
var<workgroup> partials: array<f32, NUMBERS * PITCH>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let local = local_id.x;
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let batch = group / BLOCKS;
  let first = group % BLOCKS * ROWS;
  if (batch >= BATCH) {
    return; // all invocations of the workgroup return together, so none skips a barrier
  }
  var sum: array<array<f32, SHORT>, ROWS>;
  for (var step = 0u; step < (K + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE; step++) {
    let k = step * WORKGROUP_SIZE + local;
    if (k < K) {
      var right: array<f32, SHORT>;
      // @unroll
      for (var s = 0u; s < SHORT; s++) {
        right[s] = q[batch * (K * SHORT) + k * Q_K + s * Q_S];
      }
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        let left = p[(batch * LINES + min(first + r, LINES - 1u)) * K + k];
        // @unroll
        for (var s = 0u; s < SHORT; s++) {
          sum[r][s] += left * right[s];
        }
      }
    }
  }
  // @unroll
  for (var i = 0u; i < NUMBERS; i++) {
    partials[i * PITCH + local] = sum[i / SHORT][i % SHORT];
  }
  workgroupBarrier();
  let number = local % NUMBERS;
  let part = local / NUMBERS;
  var total: Value;
  if (part < PARTS) {
    for (var i = 0u; i < WORKGROUP_SIZE / PARTS; i++) {
      total += partials[number * PITCH + part * (WORKGROUP_SIZE / PARTS) + i];
    }
  }
  workgroupBarrier(); // wait until all partial sums have been read
  if (part < PARTS) {
    partials[number * PITCH + part] = total;
  }
  workgroupBarrier();
  let line = first + number / SHORT;
  if (local < NUMBERS && line < LINES) {
    // @unroll
    for (var i = 1u; i < PARTS; i++) {
      total += partials[number * PITCH + i];
    }
    let index = batch * (LINES * SHORT) + line * C_L + number % SHORT * C_S;
    c[index] = epilogue(total, index, select(number % SHORT, line, CHANNEL_OF_LINE));
  }
}
