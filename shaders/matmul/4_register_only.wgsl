// Matrix product 4: registers only, for software adapters
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//
//   a  [A_COUNT, M, K], or [A_COUNT, K, M] where TRANSPOSE_A
//   b  [B_COUNT, K, N], or [B_COUNT, N, K] where TRANSPOSE_B
//   c  [SPLITS, BATCH, M, N]
//
// On a software adapter (lavapipe, SwiftShader) the CPU emulates the GPU. It runs several invocations at once as the
// lanes of one vector. Workgroup memory is ordinary memory there, and a barrier suspends and resumes every invocation:
// 80 ns for 8 lanes, the time of 200 multiply-adds. So this version uses neither. It keeps only the block of ROWS ×
// (COLUMNS · WIDTH) sums per invocation, the outer product of 3_register_tiled.wgsl, and loads straight from the caches.
//
// Loads are the expensive operation: about 3 to 6 ns per number for 8 lanes, against 0.5 ns for a multiply-add. The
// lanes run along the columns and share their rows: an address that depends only on workgroup_id and loop counters is
// the same in all lanes, and costs one scalar load. For each k, 8 rows × 2 vec4f take 8 such shared loads, 2 × 4
// numbers gathered by the lanes, and 64 multiply-adds: about a third of the time is arithmetic.
// Where C is narrow (a classifier's 10 columns), the lanes run along the rows instead.
//
// The loop is not unrolled along k, and larger blocks do not help: the driver compiles this code while the user waits,
// and the caches of a CPU must hold it.
//
// FLOPs             2 · BATCH · M · N · K.
// Loads             BATCH · M · N · K · (1 / ROWS + 1 / (COLUMNS · WIDTH)) numbers, from the CPU's caches.
// Intensity         2 FLOPs per byte loaded at 8 × 8.
//
// Split-K: with SPLITS > 1 the workgroups divide K among them and store partial sums, see 3_register_tiled.wgsl.
//
// Reference: test/reference/matmul.ts. Read next: 5_register_dot.wgsl, 6_broadcast.wgsl.

alias Value = vec4f; // WIDTH columns: vec4f where 4 divides N and B is not transposed, else f32

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
const WIDTH: u32 = 4u; // components of a Value
const SPLITS: u32 = 1u;

const LANES_ON_ROWS: bool = false;
const ROWS: u32 = 8u; // rows per invocation // @tune 1 2 4 8
const COLUMNS: u32 = 2u; // in Values // @tune 1 2
const WORKGROUP_SIZE: u32 = 32u; // @tune 8 16 32 64
const GRID_X: u32 = 65535u; // workgroups along x

const TILE_M: u32 = select(ROWS, WORKGROUP_SIZE * ROWS, LANES_ON_ROWS);
const TILE_N: u32 = select(WORKGROUP_SIZE * COLUMNS, COLUMNS, LANES_ON_ROWS); // in Values
const TILES_M: u32 = (M + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N + TILE_N * WIDTH - 1u) / (TILE_N * WIDTH);
const SPLIT_K: u32 = (K + SPLITS - 1u) / SPLITS;
const SPARE: bool = GRID_X < TILES_M * TILES_N * BATCH * SPLITS; // workgroups may be left over
const EXACT_M: bool = M % TILE_M == 0u;
const EXACT_N: bool = N % (TILE_N * WIDTH) == 0u;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<Value>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  var first_row = group / TILES_N % TILES_M * TILE_M;
  var first_column = group % TILES_N * TILE_N;
  if (LANES_ON_ROWS) {
    first_row += local_id.x * ROWS;
  } else {
    first_column += local_id.x * COLUMNS;
  }
  let batch = group / (TILES_N * TILES_M) % BATCH;
  let split = group / (TILES_N * TILES_M * BATCH);
  if (SPARE && split >= SPLITS) {
    return;
  }

  // Beyond the edge the last row or column is computed again and not stored, which needs no branch in the loop.
  const STEP_A: u32 = select(1u, M, TRANSPOSE_A);
  const STEP_B: u32 = select(N / WIDTH, 1u, TRANSPOSE_B);
  var a_at: array<u32, ROWS>;
  var b_at: array<u32, COLUMNS>;
  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    let row = select(min(first_row + r, M - 1u), first_row + r, EXACT_M);
    a_at[r] = batch / A_EVERY % A_COUNT * (M * K) + row * select(K, 1u, TRANSPOSE_A);
  }
  // @unroll
  for (var i = 0u; i < COLUMNS; i++) {
    let column = select(min(first_column + i, N / WIDTH - 1u), first_column + i, EXACT_N);
    b_at[i] = batch / B_EVERY % B_COUNT * (K * N / WIDTH) + column * select(1u, K, TRANSPOSE_B);
  }

  var sums: array<array<Value, COLUMNS>, ROWS>;
  // Counts from a variable: a driver that knew the number of turns would unroll the loop, and compile for seconds.
  let first_k = split * SPLIT_K;
  for (var k = first_k; k < min(first_k + SPLIT_K, K); k++) {
    var right: array<Value, COLUMNS>;
    // @unroll
    for (var i = 0u; i < COLUMNS; i++) {
      right[i] = b[b_at[i] + k * STEP_B];
    }
    // @unroll
    for (var r = 0u; r < ROWS; r++) {
      let left = Value(a[a_at[r] + k * STEP_A]);
      // @unroll
      for (var i = 0u; i < COLUMNS; i++) {
        sums[r][i] = fma(left, right[i], sums[r][i]);
      }
    }
  }

  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    // @unroll
    for (var i = 0u; i < COLUMNS; i++) {
      let row = first_row + r;
      let column = first_column + i;
      if ((EXACT_M || row < M) && (EXACT_N || column < N / WIDTH)) {
        let index = ((split * BATCH + batch) * M + row) * (N / WIDTH) + column;
        c[index] = epilogue(sums[r][i], index, column);
      }
    }
  }
}
