// Matrix product 2: tiles in workgroup memory
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//
//   a  [BATCH, M, K], or [BATCH, K, M] where TRANSPOSE_A
//   b  [BATCH, K, N], or [BATCH, N, K] where TRANSPOSE_B
//   c  [BATCH, M, N]
//
// New in this version: the invocations of a workgroup share what they load. A workgroup computes a TILE × TILE square
// (tile) of C, one output per invocation. It walks along K in steps of TILE. In each step its invocations together
// copy a tile of A and a tile of B into workgroup memory, wait for each other, and then each invocation adds its TILE
// products from there.
//
//          n →                    one step of the walk:
//        ┌───┬───┬───┐
//   k ↓  │   │ B │   │            c_tile += a_tile · b_tile
//        ├───┼───┼───┤
//        ┌───┬───┬───┐  ┌───┐     a_tile[row][k], b_tile[k][column]
//   m ↓  │ A │   │   │  │ C │
//        └───┴───┴───┘  └───┘
//
// Each number that is loaded from memory is now used TILE times.
//
// FLOPs             2 · BATCH · M · N · K, unchanged.
// Bytes from memory 8 · BATCH · M · N · K / TILE: a step loads 2 · TILE² numbers for TILE³ products.
// Intensity         TILE / 4 = 4 FLOPs per byte (0.25 before).
// Workgroup memory  two tiles of 16 × 16 f32: 2 KiB.
//
// What is still slow: a product needs two reads, now from workgroup memory, and a compute unit multiplies and adds
// much faster than it reads from there. The next version reads into registers.
//
// Tiles are copied as they lie in memory, so that neighbouring invocations read neighbouring addresses (one wide
// memory transaction). The tile of a transposed operand is stored transposed and read with its indices swapped.
// Outside the matrices the tiles are filled with zeros, which add nothing to the sums.
//
// Reference: test/reference/matmul.ts. Read next: 3_register_tiled.wgsl.

alias Value = f32;

const BATCH: u32 = 1u;
const M: u32 = 64u;
const N: u32 = 64u;
const K: u32 = 64u;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;

const TILE: u32 = 16u; // side of the square of C that a workgroup computes // @tune 8 16
const GRID_X: u32 = 65535u; // workgroups along x

const TILES_M: u32 = (M + TILE - 1u) / TILE;
const TILES_N: u32 = (N + TILE - 1u) / TILE;
const TILES_K: u32 = (K + TILE - 1u) / TILE;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

var<workgroup> a_tile: array<array<f32, TILE>, TILE>;
var<workgroup> b_tile: array<array<f32, TILE>, TILE>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

/// a[row, k], or 0 outside.
fn load_a(batch: u32, row: u32, k: u32) -> f32 {
  if (row >= M || k >= K) {
    return 0.0;
  }
  return a[batch * (M * K) + select(row * K + k, k * M + row, TRANSPOSE_A)];
}

/// b[k, column], or 0 outside.
fn load_b(batch: u32, k: u32, column: u32) -> f32 {
  if (k >= K || column >= N) {
    return 0.0;
  }
  return b[batch * (K * N) + select(k * N + column, column * K + k, TRANSPOSE_B)];
}

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let first_column = group % TILES_N * TILE;
  let first_row = group / TILES_N % TILES_M * TILE;
  let batch = group / (TILES_N * TILES_M);
  if (batch >= BATCH) {
    return; // all invocations of the workgroup return together, so none skips a barrier
  }

  let x = local_id.x;
  let y = local_id.y;
  var sum: Value;
  for (var tile = 0u; tile < TILES_K; tile++) {
    let first_k = tile * TILE;
    if (TRANSPOSE_A) {
      a_tile[y][x] = load_a(batch, first_row + x, first_k + y);
    } else {
      a_tile[y][x] = load_a(batch, first_row + y, first_k + x);
    }
    if (TRANSPOSE_B) {
      b_tile[y][x] = load_b(batch, first_k + x, first_column + y);
    } else {
      b_tile[y][x] = load_b(batch, first_k + y, first_column + x);
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE; k++) {
      var left: f32;
      var right: f32;
      if (TRANSPOSE_A) {
        left = a_tile[k][y];
      } else {
        left = a_tile[y][k];
      }
      if (TRANSPOSE_B) {
        right = b_tile[x][k];
      } else {
        right = b_tile[k][x];
      }
      sum += left * right;
    }
    workgroupBarrier();
  }

  let row = first_row + y;
  let column = first_column + x;
  if (row < M && column < N) {
    let index = (batch * M + row) * N + column;
    c[index] = epilogue(sum, index, column);
  }
}
