// Matrix product 9: the matrix units of a GPU
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//   a  [BATCH, M, K], or [BATCH, K, M] where TRANSPOSE_A
//   b  [BATCH, K, N], or [BATCH, N, K] where TRANSPOSE_B
//   c  [SPLITS, BATCH, M, N]
//
// For the shapes of 7_register_blocks.wgsl. New in this version: a subgroup as a whole holds a small matrix, spread over
// its lanes in an order that only the hardware knows, and multiplies two of them in one instruction: MAT_M × MAT_K by
// MAT_K × MAT_N. A device lists the shapes and types (Apple: 8 × 8 × 8 of f32; NVIDIA and AMD: f16, summed in f32).
// They are loaded from tiles in workgroup memory, filled with zeros beyond the last k. A subgroup computes ROWS × COLUMNS
// matrices of C. They are stored through workgroup memory, as the epilogue needs the row and column of each value.
// FLOPs 2 · BATCH · M · N · K; bytes 4 · BATCH · M · N · K · (1 / tile height + 1 / tile width), from caches.
// Reference: test/reference/matmul.ts.

enable subgroups;
enable chromium_experimental_subgroup_matrix;

alias Value = vec4f; // four columns
alias Element = f32; // the type that the units multiply: f32 or f16
alias LeftMatrix = subgroup_matrix_left<Element, MAT_K, MAT_M>;
alias RightMatrix = subgroup_matrix_right<Element, MAT_N, MAT_K>;
alias Sums = subgroup_matrix_result<f32, MAT_N, MAT_M>;
const BATCH: u32 = 1u;
const M: u32 = 256u;
const N: u32 = 256u;
const K: u32 = 256u;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const SPLITS: u32 = 1u;
const MAT_M: u32 = 8u;
const MAT_N: u32 = 8u;
const MAT_K: u32 = 8u;
const LANES: u32 = 32u; // of a subgroup
const SUBGROUPS: u32 = 2u; // of a workgroup, down and across
const ROWS: u32 = 4u; // matrices of a subgroup // @tune 2 4
const COLUMNS: u32 = 4u; // matrices of a subgroup, along N // @tune 2 4
const TILE_K: u32 = 16u; // a multiple of MAT_K // @tune 16 32
const GRID_X: u32 = 65535u; // workgroups along x
const TILE_M: u32 = SUBGROUPS * ROWS * MAT_M;
const TILE_N: u32 = SUBGROUPS * COLUMNS * MAT_N;
const TILES_M: u32 = (M + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N + TILE_N - 1u) / TILE_N;
const STEPS: u32 = ((K + TILE_K - 1u) / TILE_K + SPLITS - 1u) / SPLITS; // of one split
const EXACT_K: bool = STEPS * SPLITS * TILE_K == K; // then bounds need no checks
const A_STRIDE: u32 = TILE_K + 8u; // at least 16 bytes longer: lines start in different memory banks, and aligned
const B_STRIDE: u32 = TILE_N + 8u;
const INVOCATIONS: u32 = SUBGROUPS * SUBGROUPS * LANES;
const A_LOADS: u32 = (TILE_M * TILE_K / 4u + INVOCATIONS - 1u) / INVOCATIONS; // of vectors, by an invocation
const B_LOADS: u32 = (TILE_K * TILE_N / 4u + INVOCATIONS - 1u) / INVOCATIONS;
const MATRIX: u32 = MAT_M * MAT_N;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;
var<workgroup> a_tile: array<Element, TILE_M * A_STRIDE>;
var<workgroup> b_tile: array<Element, TILE_K * B_STRIDE>;
var<workgroup> results: array<f32, SUBGROUPS * SUBGROUPS * MATRIX>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local: u32,
        @builtin(subgroup_id) subgroup: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let first_m = group % TILES_M * TILE_M;
  let first_n = group / TILES_M % TILES_N * TILE_N;
  let batch = group / (TILES_N * TILES_M) % BATCH;
  let split = group / (TILES_N * TILES_M * BATCH);
  if (split >= SPLITS) {
    return; // all invocations of the workgroup return together, so none skips a barrier
  }
  let own_m = subgroup / SUBGROUPS * (ROWS * MAT_M);
  let own_n = subgroup % SUBGROUPS * (COLUMNS * MAT_N);
  var sums: array<array<Sums, COLUMNS>, ROWS>;
  for (var step = 0u; step < STEPS; step++) {
    let first_k = (split * STEPS + step) * TILE_K;
    workgroupBarrier(); // wait until all have read the tiles of the step before
    for (var i = 0u; i < A_LOADS; i++) {
      let slot = i * INVOCATIONS + local;
      let m = select(slot / (TILE_K / 4u), slot % (TILE_M / 4u) * 4u, TRANSPOSE_A);
      let k = select(slot % (TILE_K / 4u) * 4u, slot / (TILE_M / 4u), TRANSPOSE_A);
      let line = select(batch * M + first_m + m, batch * K + first_k + k, TRANSPOSE_A);
      let at = line * select(K, M, TRANSPOSE_A) + select(first_k + k, first_m + m, TRANSPOSE_A);
      let four = select(vec4f(), a[at / 4u], EXACT_K || first_k + k < K); // rows beyond M are not stored
      // @unroll
      for (var j = 0u; j < 4u; j++) {
        if (slot < TILE_M * TILE_K / 4u) {
          a_tile[m * A_STRIDE + k + j * select(1u, A_STRIDE, TRANSPOSE_A)] = Element(four[j]);
        }
      }
    }
    for (var i = 0u; i < B_LOADS; i++) {
      let slot = i * INVOCATIONS + local;
      let k = select(slot / (TILE_N / 4u), slot % (TILE_K / 4u) * 4u, TRANSPOSE_B);
      let n = select(slot % (TILE_N / 4u) * 4u, slot / (TILE_K / 4u), TRANSPOSE_B);
      let line = select(batch * K + first_k + k, batch * N + first_n + n, TRANSPOSE_B);
      let at = line * select(N, K, TRANSPOSE_B) + select(first_n + n, first_k + k, TRANSPOSE_B);
      let four = select(vec4f(), b[at / 4u], EXACT_K || first_k + k < K);
      // @unroll
      for (var j = 0u; j < 4u; j++) {
        if (slot < TILE_K * TILE_N / 4u) {
          b_tile[k * B_STRIDE + n + j * select(1u, B_STRIDE, TRANSPOSE_B)] = Element(four[j]);
        }
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K / MAT_K; k++) {
      var left: array<LeftMatrix, ROWS>;
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        let at = (own_m + r * MAT_M) * A_STRIDE + k * MAT_K;
        left[r] = subgroupMatrixLoad<LeftMatrix, row_major>(&a_tile, at, A_STRIDE);
      }
      // @unroll
      for (var i = 0u; i < COLUMNS; i++) {
        let at = k * MAT_K * B_STRIDE + own_n + i * MAT_N;
        let right = subgroupMatrixLoad<RightMatrix, row_major>(&b_tile, at, B_STRIDE);
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          sums[r][i] = subgroupMatrixMultiplyAccumulate(left[r], right, sums[r][i]);
        }
      }
    }
  }
  // @unroll
  for (var i = 0u; i < ROWS * COLUMNS; i++) {
    if (i > 0u) {
      workgroupBarrier(); // wait until all have read the matrix before
    }
    subgroupMatrixStore<row_major>(&results, subgroup * MATRIX, sums[i / COLUMNS][i % COLUMNS], MAT_N);
    workgroupBarrier();
    for (var j = 0u; j < (MATRIX / 4u + LANES - 1u) / LANES; j++) {
      let slot = (j * LANES + lane) * 4u;
      let row = first_m + own_m + i / COLUMNS * MAT_M + slot / MAT_N;
      let column = first_n + own_n + i % COLUMNS * MAT_N + slot % MAT_N;
      let at = subgroup * MATRIX + slot;
      if (slot < MATRIX && row < M && column < N) {
        let value = Value(results[at], results[at + 1u], results[at + 2u], results[at + 3u]);
        let index = (((split * BATCH + batch) * M + row) * N + column) / 4u;
        c[index] = epilogue(value, index, column / 4u);
      }
    }
  }
}
