// Matrix product 3: tiles in workgroup memory and in registers
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//
//   a  [BATCH, M, K], or [BATCH, K, M] where TRANSPOSE_A
//   b  [BATCH, K, N], or [BATCH, N, K] where TRANSPOSE_B
//   c  [SPLITS, BATCH, M, N]
//
// New on this rung: one invocation computes a block of ROWS × (COLUMNS · WIDTH) outputs, held in
// registers. For each k it reads a short column of A and a short row of B from workgroup memory and
// multiplies every one with every other (an outer product): ROWS + COLUMNS · WIDTH numbers read,
// ROWS · COLUMNS · WIDTH multiply-adds done. With 8 × 8 that is 4 multiply-adds per number read,
// where the rung before had a half.
//
//   workgroup: TILE_M × TILE_N of C = (WG_Y · ROWS) × (WG_X · COLUMNS · WIDTH)
//   a_tile[k][m]  is kept with m innermost, so four rows are one vec4 read whichever way A lies
//   b_tile[k][n]  WIDTH columns are one read
//
// FLOPs             2 · BATCH · M · N · K.
// Bytes from memory 4 · M · N · K · (1 / TILE_M + 1 / TILE_N): each workgroup reads its panels once.
// Intensity         TILE_M · TILE_N / (2 · (TILE_M + TILE_N)) = 16 FLOPs per byte at 64 × 64.
//
// Split-K: a product with a long K and a small C (the weights' gradient of a dense or convolution
// layer) has too few tiles to fill a GPU. SPLITS workgroups then share one tile, each walking over
// its own part of K and storing a partial sum; reduce_partials.wgsl adds these in a fixed order.
//
// Where 4 divides N, a Value is four columns: loads, workgroup memory and stores move 16 bytes each.

alias Value = vec4f; // WIDTH columns: vec4f where 4 divides N, else f32

const BATCH: u32 = 1u;
const M: u32 = 256u;
const N: u32 = 256u;
const K: u32 = 256u;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const WIDTH: u32 = 4u; // components of a Value
const SPLITS: u32 = 1u;

const ROWS: u32 = 8u; // a multiple of 4 // @tune 4 8
const COLUMNS: u32 = 2u; // in Values // @tune 1 2
const WG_X: u32 = 8u; // @tune 8 16
const WG_Y: u32 = 8u; // @tune 8 16
const TILE_K: u32 = 16u; // @tune 8 16 32
const GRID_X: u32 = 65535u; // workgroups along x

const THREADS: u32 = WG_X * WG_Y;
const TILE_M: u32 = WG_Y * ROWS;
const TILE_N: u32 = WG_X * COLUMNS; // in Values
const TILES_M: u32 = (M + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N + TILE_N * WIDTH - 1u) / (TILE_N * WIDTH);
const TILES_K: u32 = ((K + TILE_K - 1u) / TILE_K + SPLITS - 1u) / SPLITS; // of one split
const SPARE: bool = GRID_X < TILES_M * TILES_N * BATCH * SPLITS; // workgroups may be left over
// Where the tiles fit exactly, bounds need no checks: `EXACT || …` disappears.
const EXACT_M: bool = M % TILE_M == 0u;
const EXACT_N: bool = N % (TILE_N * WIDTH) == 0u;
const EXACT_K: bool = TILES_K * SPLITS * TILE_K == K;

// Odd strides between the rows of a tile: writes that run along k hit different memory banks.
const A_STRIDE: u32 = TILE_M / 4u + 1u;
const B_STRIDE: u32 = TILE_N + 1u;
const A_SLOTS: u32 = TILE_K * (TILE_M / 4u);
const B_SLOTS: u32 = TILE_K * TILE_N;

// The same memory under two types; only the names in use are bound.
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<Value>;
@group(0) @binding(2) var<storage, read> a_vectors: array<vec4f>; // TRANSPOSE_A where 4 divides M
@group(0) @binding(3) var<storage, read> b_scalars: array<f32>; // TRANSPOSE_B
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>;
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

var<workgroup> a_tile: array<vec4f, TILE_K * A_STRIDE>;
var<workgroup> b_tile: array<Value, TILE_K * B_STRIDE>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

/// a[row … row + 3, k], with 0 outside.
fn load_a(batch: u32, row: u32, k: u32) -> vec4f {
  var rows: vec4f;
  if (TRANSPOSE_A && M % 4u == 0u) {
    if ((EXACT_M || row < M) && (EXACT_K || k < K)) {
      rows = a_vectors[(batch * (M * K) + k * M + row) / 4u];
    }
  } else {
    // @unroll
    for (var i = 0u; i < 4u; i++) {
      if ((EXACT_M || row + i < M) && (EXACT_K || k < K)) {
        rows[i] = a[batch * (M * K) + select((row + i) * K + k, k * M + row + i, TRANSPOSE_A)];
      }
    }
  }
  return rows;
}

/// b[k, columns of the Value], with 0 outside.
fn load_b(batch: u32, k: u32, column: u32) -> Value {
  if ((!EXACT_K && k >= K) || (!EXACT_N && column >= N / WIDTH)) {
    return Value(0.0);
  }
  if (TRANSPOSE_B) {
    let first = batch * (K * N) + column * (WIDTH * K) + k;
    if (WIDTH == 4u) {
      return Value(b_scalars[first], b_scalars[first + K], b_scalars[first + 2u * K], b_scalars[first + 3u * K]);
    } else {
      return Value(b_scalars[first]);
    }
  } else {
    return b[(batch * K + k) * (N / WIDTH) + column];
  }
}

@compute @workgroup_size(WG_X, WG_Y)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_id) local_id: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let first_column = group % TILES_N * TILE_N;
  let first_row = group / TILES_N % TILES_M * TILE_M;
  let batch = group / (TILES_N * TILES_M) % BATCH;
  let split = group / (TILES_N * TILES_M * BATCH);
  if (SPARE && split >= SPLITS) {
    return; // the same for the whole workgroup: nobody is left waiting at a barrier
  }

  var sums: array<array<Value, COLUMNS>, ROWS>;
  for (var tile = 0u; tile < TILES_K; tile++) {
    let first_k = (split * TILES_K + tile) * TILE_K;
    for (var i = 0u; i < (A_SLOTS + THREADS - 1u) / THREADS; i++) {
      let slot = i * THREADS + local_index;
      if (A_SLOTS % THREADS == 0u || slot < A_SLOTS) {
        // Lanes run along whichever of m and k lies innermost in memory.
        let k = select(slot % TILE_K, slot / (TILE_M / 4u), TRANSPOSE_A);
        let m = select(slot / TILE_K, slot % (TILE_M / 4u), TRANSPOSE_A);
        a_tile[k * A_STRIDE + m] = load_a(batch, first_row + 4u * m, first_k + k);
      }
    }
    for (var i = 0u; i < (B_SLOTS + THREADS - 1u) / THREADS; i++) {
      let slot = i * THREADS + local_index;
      if (B_SLOTS % THREADS == 0u || slot < B_SLOTS) {
        let k = select(slot / TILE_N, slot % TILE_K, TRANSPOSE_B);
        let n = select(slot % TILE_N, slot / TILE_K, TRANSPOSE_B);
        b_tile[k * B_STRIDE + n] = load_b(batch, first_k + k, first_column + n);
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      var left: array<vec4f, ROWS / 4u>;
      var right: array<Value, COLUMNS>;
      // @unroll
      for (var r = 0u; r < ROWS / 4u; r++) {
        left[r] = a_tile[k * A_STRIDE + local_id.y * (ROWS / 4u) + r];
      }
      // @unroll
      for (var i = 0u; i < COLUMNS; i++) {
        right[i] = b_tile[k * B_STRIDE + i * WG_X + local_id.x];
      }
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        // @unroll
        for (var i = 0u; i < COLUMNS; i++) {
          sums[r][i] = fma(Value(left[r / 4u][r % 4u]), right[i], sums[r][i]);
        }
      }
    }
    workgroupBarrier();
  }

  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    // @unroll
    for (var i = 0u; i < COLUMNS; i++) {
      let row = first_row + local_id.y * ROWS + r;
      let column = first_column + i * WG_X + local_id.x;
      if ((EXACT_M || row < M) && (EXACT_N || column < N / WIDTH)) {
        let index = ((split * BATCH + batch) * M + row) * (N / WIDTH) + column;
        c[index] = epilogue(sums[r][i], index, column);
      }
    }
  }
}
