// Matrix product 3: tiles in workgroup memory and in registers
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//   a  [A_COUNT, M, K], or [A_COUNT, K, M] where TRANSPOSE_A
//   b  [B_COUNT, K, N], or [B_COUNT, N, K] where TRANSPOSE_B
//   c  [SPLITS, BATCH, M, N]
//
// New in this version: one invocation computes a block of ROWS × (COLUMNS · WIDTH) outputs, held in registers. For each
// k it reads a short column of A and a short row of B from workgroup memory and multiplies each number of one with each
// of the other (an outer product): 8 × 8 outputs take 16 numbers for 64 multiply-adds; 2_tiled.wgsl reads two for one.
// A workgroup computes TILE_M × (TILE_N · WIDTH) of C. The tiles have k as the outermost dimension, so that four rows of
// A are one vec4f, and four columns of B where 4 divides N. As f16 they take half the memory; the sums stay f32.
// FLOPs 2 · BATCH · M · N · K; bytes from memory 4 · BATCH · M · N · K · (1 / tile height + 1 / tile width): height ·
// width / (2 · (height + width)) FLOPs per byte, which is 16 for a tile of 64 × 64.
// Split-K: a long K with a small C, such as a weight gradient, has too few tiles to fill a GPU. SPLITS workgroups then
// share a tile: each takes its part of K and stores a partial sum; reduce_partials.wgsl adds these in a fixed order.
// Reference: test/reference/matmul.ts. Read next: 7_register_blocks.wgsl, 4_register_only.wgsl.

alias Value = vec4f; // WIDTH columns: vec4f where 4 divides N, else f32
alias Left = vec4f; // four rows of a tile of A: vec4f or vec4h
alias Right = Value; // columns of a tile of B: Value, or as many f16
const BATCH: u32 = 1u;
const M: u32 = 256u;
const N: u32 = 256u;
const K: u32 = 256u;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const A_EVERY: u32 = 1u; // neighbouring products that take the same matrix of a
const A_COUNT: u32 = BATCH; // matrices of a
const B_EVERY: u32 = 1u;
const B_COUNT: u32 = BATCH;
const WIDTH: u32 = 4u; // components of a Value
const SPLITS: u32 = 1u;
const SIDE: u32 = 8u; // of the square of invocations // @tune 8 16
const ROWS: u32 = 8u; // a multiple of 4 // @tune 4 8
const COLUMNS: u32 = 2u; // in Values // @tune 1 2
const TILE_K: u32 = 16u; // of k in a step // @tune 8 16 32
const GRID_X: u32 = 65535u; // workgroups along x

const TILE_M: u32 = SIDE * ROWS;
const TILE_N: u32 = SIDE * COLUMNS; // in Values
const TILES_M: u32 = (M + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N + TILE_N * WIDTH - 1u) / (TILE_N * WIDTH);
const TILES_K: u32 = ((K + TILE_K - 1u) / TILE_K + SPLITS - 1u) / SPLITS; // of one split
const EXACT_M: bool = M % TILE_M == 0u; // then bounds need no checks: `EXACT_M || …` disappears
const EXACT_N: bool = N % (TILE_N * WIDTH) == 0u;
const EXACT_K: bool = TILES_K * SPLITS * TILE_K == K;
const A_STRIDE: u32 = TILE_M / 4u + 1u; // odd: writes that run along k hit different memory banks
const B_STRIDE: u32 = TILE_N + 1u;
const ROUNDS: u32 = (TILE_K * max(TILE_M / 4u, TILE_N) + SIDE * SIDE - 1u) / (SIDE * SIDE); // of copying

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<Value>;
@group(0) @binding(2) var<storage, read> a_vectors: array<vec4f>; // a, TRANSPOSE_A where 4 divides M
@group(0) @binding(3) var<storage, read> b_scalars: array<f32>; // b, TRANSPOSE_B
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;
var<workgroup> a_tile: array<Left, TILE_K * A_STRIDE>;
var<workgroup> b_tile: array<Right, TILE_K * B_STRIDE>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

/// a[row … row + 3, k], with 0 outside.
fn load_a(batch: u32, row: u32, k: u32) -> vec4f {
  let first = batch * (M * K) + select(row * K + k, k * M + row, TRANSPOSE_A);
  let inside = EXACT_K || k < K;
  if (TRANSPOSE_A && M % 4u == 0u) {
    return select(vec4f(), a_vectors[first / 4u], inside && (EXACT_M || row < M));
  } else {
    var rows: vec4f;
    // @unroll
    for (var i = 0u; i < 4u; i++) {
      rows[i] = select(0.0, a[first + i * select(K, 1u, TRANSPOSE_A)], inside && (EXACT_M || row + i < M));
    }
    return rows;
  }
}

/// b[k, columns of the Value], with 0 outside.
fn load_b(batch: u32, k: u32, column: u32) -> Value {
  let first = batch * (K * N) + column * (WIDTH * K) + k;
  let inside = (EXACT_K || k < K) && (EXACT_N || column < N / WIDTH);
  if (!TRANSPOSE_B) {
    return select(Value(0.0), b[(batch * K + k) * (N / WIDTH) + column], inside);
  } else if (WIDTH == 4u) {
    let four = Value(b_scalars[first], b_scalars[first + K], b_scalars[first + 2u * K], b_scalars[first + 3u * K]);
    return select(Value(0.0), four, inside);
  } else {
    return select(Value(0.0), Value(b_scalars[first]), inside);
  }
}

@compute @workgroup_size(SIDE, SIDE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let first_column = group % TILES_N * TILE_N;
  let first_row = group / TILES_N % TILES_M * TILE_M;
  let batch = group / (TILES_N * TILES_M) % BATCH;
  let split = group / (TILES_N * TILES_M * BATCH);
  if (split >= SPLITS) {
    return; // all invocations of the workgroup return together, so none skips a barrier
  }
  var sums: array<array<Value, COLUMNS>, ROWS>;
  for (var tile = 0u; tile < TILES_K; tile++) {
    let first_k = (split * TILES_K + tile) * TILE_K;
    for (var i = 0u; i < ROUNDS; i++) {
      let slot = (i * SIDE + local_id.y) * SIDE + local_id.x;
      if (slot < TILE_K * (TILE_M / 4u)) { // neighbours load along the dimension that is innermost in memory
        let k = select(slot % TILE_K, slot / (TILE_M / 4u), TRANSPOSE_A);
        let m = select(slot / TILE_K, slot % (TILE_M / 4u), TRANSPOSE_A);
        a_tile[k * A_STRIDE + m] = Left(load_a(batch / A_EVERY % A_COUNT, first_row + 4u * m, first_k + k));
      }
      if (slot < TILE_K * TILE_N) {
        let k = select(slot / TILE_N, slot % TILE_K, TRANSPOSE_B);
        let n = select(slot % TILE_N, slot / TILE_K, TRANSPOSE_B);
        b_tile[k * B_STRIDE + n] = Right(load_b(batch / B_EVERY % B_COUNT, first_k + k, first_column + n));
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      var left: array<vec4f, ROWS / 4u>;
      // @unroll
      for (var r = 0u; r < ROWS / 4u; r++) {
        left[r] = vec4f(a_tile[k * A_STRIDE + r * SIDE + local_id.y]); // neighbours read neighbouring vectors
      }
      // @unroll
      for (var i = 0u; i < COLUMNS; i++) {
        let right = Value(b_tile[k * B_STRIDE + i * SIDE + local_id.x]);
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          sums[r][i] = fma(Value(left[r / 4u][r % 4u]), right, sums[r][i]);
        }
      }
    }
    workgroupBarrier();
  }
  // @unroll
  for (var i = 0u; i < ROWS * COLUMNS; i++) {
    let row = first_row + (i / COLUMNS / 4u * SIDE + local_id.y) * 4u + i / COLUMNS % 4u;
    let column = first_column + i % COLUMNS * SIDE + local_id.x;
    if ((EXACT_M || row < M) && (EXACT_N || column < N / WIDTH)) {
      let index = ((split * BATCH + batch) * M + row) * (N / WIDTH) + column;
      c[index] = epilogue(sums[i / COLUMNS][i % COLUMNS], index, column);
    }
  }
}
