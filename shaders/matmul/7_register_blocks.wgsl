// Matrix product 7: copies blocks of 4 × 4 into workgroup memory
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//   a  [BATCH, M, K], or [BATCH, K, M] where TRANSPOSE_A
//   b  [BATCH, K, N], or [BATCH, N, K] where TRANSPOSE_B
//   c  [SPLITS, BATCH, M, N]
//
// As 3_register_tiled.wgsl, where 4 divides N and the innermost dimensions of A and B. New in this version: everything
// is read as vec4f. Invocations fill the tiles in blocks of 4 × 4: four lines, one vec4f of each, along the innermost
// dimension. Where that is k, they transpose the block in registers, because k is outermost in the tiles: four rows of
// A, or four columns of B, are one vector to multiply with. Tiles may be f16, in half the memory. Their lines are one
// vector too long, so that stores along k hit different memory banks. An invocation's groups of four rows lie SIDE apart,
// so that neighbours read neighbouring vectors. Consecutive workgroups walk down SWATH tiles, so that caches keep rows of A.
// FLOPs 2 · BATCH · M · N · K; bytes 4 · BATCH · M · N · K · (1 / tile height + 1 / tile width), from caches.
// Reference: test/reference/matmul.ts. Read next: 8_subgroup_rows.wgsl.

alias Value = vec4f; // four columns
alias Left = vec4f; // four rows of a tile of A: vec4f or vec4h
alias Right = Value; // four columns of a tile of B: vec4f or vec4h
const BATCH: u32 = 1u;
const M: u32 = 256u;
const N: u32 = 256u;
const K: u32 = 256u;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const SPLITS: u32 = 1u;
const SIDE: u32 = 8u; // of the square of invocations // @tune 8 16
const ROWS: u32 = 8u; // per invocation: a multiple of 4 // @tune 4 8
const COLUMNS: u32 = 2u; // per invocation, in Values // @tune 1 2
const TILE_K: u32 = 8u; // a multiple of 4 // @tune 8 16
const SWATH: u32 = 8u; // tiles that consecutive workgroups walk down // @tune 1 4 8
const GRID_X: u32 = 65535u; // workgroups along x

const M_QUADS: u32 = (M + 3u) / 4u; // groups of four rows (quads); TILE_M and TILE_N count quads, too
const N_QUADS: u32 = N / 4u;
const K_QUADS: u32 = (K + 3u) / 4u;
const TILE_M: u32 = SIDE * ROWS / 4u;
const TILE_N: u32 = SIDE * COLUMNS;
const QUADS: u32 = TILE_K / 4u;
const TILES_M: u32 = (M_QUADS + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N_QUADS + TILE_N - 1u) / TILE_N;
const STEPS: u32 = ((K_QUADS + QUADS - 1u) / QUADS + SPLITS - 1u) / SPLITS; // of one split
const A_BLOCKS: u32 = QUADS * TILE_M;
const BLOCKS: u32 = A_BLOCKS + QUADS * TILE_N;
const WORKGROUP: u32 = SIDE * SIDE;
const EXACT_M: bool = M % (4u * TILE_M) == 0u; // then bounds need no checks: `EXACT_M || …` disappears
const EXACT_N: bool = N_QUADS % TILE_N == 0u;
const EXACT_K: bool = STEPS * SPLITS * TILE_K == K;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;
var<workgroup> a_tile: array<Left, TILE_K * (TILE_M + 1u)>;
var<workgroup> b_tile: array<Right, TILE_K * (TILE_N + 1u)>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

/// Four rows of a, or columns of b, at four k: quads x and k, a column of the block for each k; 0 outside.
fn load(of_a: bool, batch: u32, x: u32, k: u32) -> mat4x4f {
  let along_k = select(TRANSPOSE_B, !TRANSPOSE_A, of_a);
  let line = batch * select(K, select(N, M, of_a), along_k) + 4u * select(k, x, along_k);
  var block: mat4x4f;
  if ((select(EXACT_N, EXACT_M, of_a) || x < select(N_QUADS, M_QUADS, of_a)) && (EXACT_K || k < K_QUADS)) {
    // @unroll
    for (var i = 0u; i < 4u; i++) {
      let at = (line + i) * select(select(N_QUADS, M_QUADS, of_a), K_QUADS, along_k) + select(x, k, along_k);
      if (of_a) {
        block[i] = a[at];
      } else {
        block[i] = b[at];
      }
      block[i] = select(vec4f(), block[i], along_k || K % 4u == 0u || k * 4u + i < K);
    }
  }
  if (along_k) {
    return transpose(block);
  }
  return block;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let in_swath = group % (TILES_M * TILES_N) % (SWATH * TILES_N);
  let swath = (group % (TILES_M * TILES_N) - in_swath) / TILES_N; // its first tile
  let height = min(TILES_M - swath, SWATH);
  let first_m = (swath + in_swath % height) * TILE_M;
  let first_n = in_swath / height * TILE_N;
  let batch = group / (TILES_N * TILES_M) % BATCH;
  let split = group / (TILES_N * TILES_M * BATCH);
  if (split >= SPLITS) {
    return; // all invocations of the workgroup return together, so none skips a barrier
  }
  var sums: array<array<Value, COLUMNS>, ROWS>;
  for (var step = 0u; step < STEPS; step++) {
    let first_k = (split * STEPS + step) * QUADS;
    workgroupBarrier(); // wait until all have read the tiles of the step before
    // @unroll
    for (var slot = 0u; slot < BLOCKS; slot += WORKGROUP) {
      let own = slot + local;
      if (own < A_BLOCKS) { // neighbours load along the dimension that is innermost in memory
        let k = select(own % QUADS, own / TILE_M, TRANSPOSE_A);
        let m = select(own / QUADS, own % TILE_M, TRANSPOSE_A);
        let block = load(true, batch, first_m + m, first_k + k);
        // @unroll
        for (var i = 0u; i < 4u; i++) {
          a_tile[(k * 4u + i) * (TILE_M + 1u) + m] = Left(block[i]);
        }
      } else if (own < BLOCKS) {
        let k = select((own - A_BLOCKS) / TILE_N, own % QUADS, TRANSPOSE_B);
        let n = select((own - A_BLOCKS) % TILE_N, (own - A_BLOCKS) / QUADS, TRANSPOSE_B);
        let block = load(false, batch, first_n + n, first_k + k);
        // @unroll
        for (var i = 0u; i < 4u; i++) {
          b_tile[(k * 4u + i) * (TILE_N + 1u) + n] = Right(block[i]);
        }
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      var left: array<vec4f, ROWS / 4u>;
      // @unroll
      for (var r = 0u; r < ROWS / 4u; r++) {
        left[r] = vec4f(a_tile[k * (TILE_M + 1u) + r * SIDE + local / SIDE]);
      }
      // @unroll
      for (var i = 0u; i < COLUMNS; i++) {
        let right = Value(b_tile[k * (TILE_N + 1u) + i * SIDE + local % SIDE]);
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          sums[r][i] = fma(Value(left[r / 4u][r % 4u]), right, sums[r][i]);
        }
      }
    }
  }
  // @unroll
  for (var i = 0u; i < ROWS * COLUMNS; i++) {
    let row = (first_m + i / COLUMNS / 4u * SIDE + local / SIDE) * 4u + i / COLUMNS % 4u;
    let column = first_n + i % COLUMNS * SIDE + local % SIDE;
    if ((EXACT_M || row < M) && (EXACT_N || column < N_QUADS)) {
      let index = ((split * BATCH + batch) * M + row) * N_QUADS + column;
      c[index] = epilogue(sums[i / COLUMNS][i % COLUMNS], index, column);
    }
  }
}
