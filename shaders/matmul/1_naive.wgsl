// Matrix product 1: naive
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//
//   a  [A_COUNT, M, K], or [A_COUNT, K, M] where TRANSPOSE_A
//   b  [B_COUNT, K, N], or [B_COUNT, N, K] where TRANSPOSE_B
//   c  [BATCH, M, N]
//
// For example, 2 × 3 times 3 × 2; c[0, 0] = 1 · 1 + 2 · 2 + 3 · 0 = 5:
//
//   | 1 2 3 |   | 1 0 |   |  5 11 |
//   | 4 5 6 | · | 2 1 | = | 14 23 |
//               | 0 3 |
//
// All matrices are row-major. A transposed operand is read with other strides; no transposed copy is made. So
// the gradients dA = dC Bᵀ and dB = Aᵀ dC read the buffers that the forward pass wrote.
//
// One invocation computes one output: it walks along a row of A and a column of B.
//
// FLOPs             2 · BATCH · M · N · K: one multiplication and one addition per product.
// Bytes loaded      8 · BATCH · M · N · K: every product loads both of its factors.
// Bytes needed      4 · BATCH · (M·K + K·N + M·N): each number once.
// Intensity         2 FLOPs / 8 bytes = 0.25 FLOP per byte.
//
// A GPU computes ten to eighty FLOPs in the time in which its memory delivers one byte (an RTX 4090 computes 82).
// Caches help: neighbouring invocations read the same row of A and neighbouring columns of B. But every product
// still costs two load instructions. All later versions do one thing: they load a number once and multiply it
// several times.
//
// Before a value is stored, `epilogue` may apply further elementwise ops, such as adding a bias and ReLU. This is
// called fusion: those ops then need no pass over memory of their own. `channel` is the column, which indexes a bias.
//
// Reference: test/reference/matmul.ts. Read next: 2_tiled.wgsl.

alias Value = f32;

const BATCH: u32 = 1u;
const M: u32 = 64u;
const N: u32 = 64u;
const K: u32 = 64u;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const A_EVERY: u32 = 1u; // neighbouring products that take the same matrix of a
const A_COUNT: u32 = BATCH; // matrices of a
const B_EVERY: u32 = 1u; // likewise
const B_COUNT: u32 = BATCH;

const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= BATCH * M * N) {
    return;
  }
  let column = index % N;
  let row = index / N % M;
  let batch = index / (M * N);

  // The places of a[row, 0] and b[0, column], and the steps to the next k.
  let first_a = batch / A_EVERY % A_COUNT * (M * K) + select(row * K, row, TRANSPOSE_A);
  let first_b = batch / B_EVERY % B_COUNT * (K * N) + select(column, column * K, TRANSPOSE_B);
  const STEP_A: u32 = select(1u, M, TRANSPOSE_A);
  const STEP_B: u32 = select(N, 1u, TRANSPOSE_B);

  var sum: Value;
  for (var k = 0u; k < K; k++) {
    sum += a[first_a + k * STEP_A] * b[first_b + k * STEP_B];
  }
  c[index] = epilogue(sum, index, column);
}
