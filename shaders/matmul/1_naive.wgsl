// Matrix product 1: naive
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//
//   a  [BATCH, M, K], or [BATCH, K, M] where TRANSPOSE_A
//   b  [BATCH, K, N], or [BATCH, N, K] where TRANSPOSE_B
//   c  [BATCH, M, N]
//
// All row-major. A transposed operand is never moved: transposing is only another way to compute an
// address, so a gradient (dA = dC Bᵀ, dB = Aᵀ dC) reads the very memory the forward pass wrote.
//
// One invocation computes one output: it walks along a row of A and a column of B.
//
// FLOPs             2 · BATCH · M · N · K: a multiplication and an addition for each product.
// Bytes wanted      8 · M · N · K: every product fetches both of its factors.
// Bytes needed      4 · (M·K + K·N + M·N): each number once.
// Intensity         2 FLOPs / 8 bytes = 0.25 FLOP per byte.
//
// A GPU computes ten to fifty FLOPs in the time in which its memory delivers one byte. Caches help
// (neighbouring invocations read the same row of A, and neighbouring columns of B), but every
// product still costs two load instructions. All the later rungs do one thing: they fetch a number
// once and multiply it more than once.

alias Value = f32;

const BATCH: u32 = 1u;
const M: u32 = 64u;
const N: u32 = 64u;
const K: u32 = 64u;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;

const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>;
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

  // Where a[row, 0] and b[0, column] lie, and how far it is to the next k.
  let first_a = batch * (M * K) + select(row * K, row, TRANSPOSE_A);
  let first_b = batch * (K * N) + select(column, column * K, TRANSPOSE_B);
  const STEP_A: u32 = select(1u, M, TRANSPOSE_A);
  const STEP_B: u32 = select(N, 1u, TRANSPOSE_B);

  var sum: Value;
  for (var k = 0u; k < K; k++) {
    sum += a[first_a + k * STEP_A] * b[first_b + k * STEP_B];
  }
  c[index] = epilogue(sum, index, column);
}
