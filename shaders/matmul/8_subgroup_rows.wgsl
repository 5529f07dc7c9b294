// Matrix product 8: lanes of a subgroup exchange rows of A, for GPUs
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//   a  [BATCH, M, K], or [BATCH, K, M] where TRANSPOSE_A
//   b  [BATCH, K, N], or [BATCH, N, K] where TRANSPOSE_B
//   c  [SPLITS, BATCH, M, N]
//
// For the shapes of 7_register_blocks.wgsl: 4 divides N and the innermost dimensions of A and B in memory. There an
// invocation reads four vectors of workgroup memory for 64 multiply-adds, half of them numbers of A that its neighbours
// read, too. New in this version: only B goes through workgroup memory. A workgroup is SUBGROUPS subgroups; each computes
// ROWS rows of C, and each of its lanes four columns. The lanes load the subgroup's rows of A from memory, one vector
// each, and subgroupShuffle passes every number to all lanes: one vector is read for 4 · ROWS multiply-adds.
//
// Whether this is faster depends on the GPU. Where the lane is a constant, as here, AMD passes the value through a scalar
// register and Apple shuffles at the speed of arithmetic, but NVIDIA shuffles no faster than it reads workgroup memory.
// So no rule chooses this version, only the tuner. It needs subgroups of one size, LANES, numbered along the invocations.
//
// FLOPs 2 · BATCH · M · N · K; bytes 4 · BATCH · M · N · K · (1 / tile height + 1 / tile width), from caches.
//
// Reference: test/reference/matmul.ts. Read next: 9_subgroup_matrix.wgsl.

enable subgroups;

alias Value = vec4f; // four columns
const BATCH: u32 = 1u;
const M: u32 = 256u;
const N: u32 = 256u;
const K: u32 = 256u;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const SPLITS: u32 = 1u;
const LANES: u32 = 32u; // of a subgroup
const SUBGROUPS: u32 = 4u; // of a workgroup: at least TILE_K / 4 // @tune 2 4
const ROWS: u32 = 16u; // of a subgroup: a multiple of 4 // @tune 8 16
const TILE_K: u32 = 8u; // a multiple of 4 // @tune 8 16
const GRID_X: u32 = 65535u; // workgroups along x

const N_QUADS: u32 = N / 4u;
const K_QUADS: u32 = (K + 3u) / 4u;
const QUADS: u32 = TILE_K / 4u;
const INVOCATIONS: u32 = LANES * SUBGROUPS;
const TILES_M: u32 = (M + ROWS * SUBGROUPS - 1u) / (ROWS * SUBGROUPS);
const TILES_N: u32 = (N_QUADS + LANES - 1u) / LANES;
const STEPS: u32 = ((K_QUADS + QUADS - 1u) / QUADS + SPLITS - 1u) / SPLITS; // of one split
const EXACT_M: bool = M % (ROWS * SUBGROUPS) == 0u; // then bounds need no checks: `EXACT_M || …` disappears
const EXACT_N: bool = N_QUADS % LANES == 0u;
const EXACT_K: bool = STEPS * SPLITS * TILE_K == K;
// A subgroup's part of A in a step: ROWS · QUADS vectors, of four k or of four rows. Lane s % LANES loads slot s.
const LOADS: u32 = (ROWS * QUADS + LANES - 1u) / LANES;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;
var<workgroup> b_tile: array<vec4f, TILE_K * (LANES + 1u)>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

/// A vector of A: four k of one row, from k on, or four rows at one k. 0 beyond the last k. Beyond the last row any
/// value may come: WGSL keeps loads within the buffer, and those rows are not stored.
fn load_a(batch: u32, row: u32, k: u32) -> vec4f {
  let line = batch * select(M, K, TRANSPOSE_A) + select(row, k, TRANSPOSE_A);
  let four = a[(line * select(K, M, TRANSPOSE_A) + select(k, row, TRANSPOSE_A)) / 4u];
  return select(vec4f(), four, EXACT_K || k < K);
}

/// Four columns of B at four k, a column of the block for each k: as 7_register_blocks.wgsl loads them.
fn load_b(batch: u32, column: u32, k: u32) -> mat4x4f {
  var block: mat4x4f;
  if ((EXACT_N || column < N_QUADS) && (EXACT_K || k < K_QUADS)) {
    // @unroll
    for (var i = 0u; i < 4u; i++) {
      let line = batch * select(K, N, TRANSPOSE_B) + 4u * select(k, column, TRANSPOSE_B) + i;
      let four = b[line * select(N_QUADS, K_QUADS, TRANSPOSE_B) + select(column, k, TRANSPOSE_B)];
      block[i] = select(vec4f(), four, TRANSPOSE_B || K % 4u == 0u || k * 4u + i < K);
    }
  }
  if (TRANSPOSE_B) {
    return transpose(block);
  }
  return block;
}

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let lane = local % LANES;
  let first_row = (group % TILES_M * SUBGROUPS + local / LANES) * ROWS;
  let first_column = group / TILES_M % TILES_N * LANES;
  let batch = group / (TILES_N * TILES_M) % BATCH;
  let split = group / (TILES_N * TILES_M * BATCH);
  if (split >= SPLITS) {
    return; // all invocations of the workgroup return together, so none skips a barrier
  }
  var sums: array<Value, ROWS>;
  for (var step = 0u; step < STEPS; step++) {
    let first_k = (split * STEPS + step) * QUADS;
    var left: array<vec4f, LOADS>;
    // @unroll
    for (var i = 0u; i < LOADS; i++) {
      let slot = i * LANES + lane; // neighbours load along the dimension that is innermost in memory
      if (TRANSPOSE_A) {
        left[i] = load_a(batch, first_row + slot % (ROWS / 4u) * 4u, first_k * 4u + slot / (ROWS / 4u));
      } else {
        left[i] = load_a(batch, first_row + slot / QUADS, (first_k + slot % QUADS) * 4u);
      }
    }
    workgroupBarrier(); // wait until all have read the tile of the step before
    if (local < QUADS * LANES) {
      let k = select(local / LANES, local % QUADS, TRANSPOSE_B);
      let n = select(local % LANES, local / QUADS, TRANSPOSE_B);
      let block = load_b(batch, first_column + n, first_k + k);
      // @unroll
      for (var i = 0u; i < 4u; i++) {
        b_tile[(k * 4u + i) * (LANES + 1u) + n] = block[i];
      }
    }
    workgroupBarrier();
    // @unroll
    for (var k = 0u; k < TILE_K; k++) {
      let right = b_tile[k * (LANES + 1u) + lane];
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        let slot = select(r * QUADS + k / 4u, k * (ROWS / 4u) + r / 4u, TRANSPOSE_A);
        let value = subgroupShuffle(left[slot / LANES][select(k % 4u, r % 4u, TRANSPOSE_A)], slot % LANES);
        sums[r] = fma(Value(value), right, sums[r]);
      }
    }
  }
  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    let row = first_row + r;
    let column = first_column + lane;
    if ((EXACT_M || row < M) && (EXACT_N || column < N_QUADS)) {
      let index = ((split * BATCH + batch) * M + row) * N_QUADS + column;
      c[index] = epilogue(sums[r], index, column);
    }
  }
}
