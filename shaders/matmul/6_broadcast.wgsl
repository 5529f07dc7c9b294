// Matrix product 6: lanes of a subgroup exchange values, for software adapters
//
//   c[m, n] = Σ_k a[m, k] · b[k, n]        for each matrix of the batch
//   a  [A_COUNT, M, K], or [A_COUNT, K, M] where TRANSPOSE_A
//   b  [B_COUNT, K, N], or [B_COUNT, N, K] where TRANSPOSE_B
//   c  [SPLITS, BATCH, M, N], or [SPLITS, BATCH, N, M] where TRANSPOSE_C
//
// In versions 4 and 5 loads take three quarters of the time: a load of one vec4f by 8 lanes costs as much as 60
// multiply-adds, even where all lanes read the same address. Passing one lane's value to all lanes costs as much as a
// few. So no lane loads what another lane has. A workgroup is one subgroup and computes ROWS × (4 · LANES) of C; each
// lane has four of the columns. For every four k it loads four vec4f of B for itself (rows of four columns, or of four k
// where B is transposed), and its share of A's ROWS × 4 values, which subgroupShuffle passes to all lanes: with 16 rows
// and 8 lanes 6 loads of vec4f for 256 multiply-adds; 4_register_only.wgsl makes 8, and 32 of one number.
// FLOPs 2 · BATCH · M · N · K; loads BATCH · M · N · K / 4 · (1 / ROWS + 1 / (4 · LANES)) of 16 bytes, from caches.
// A store compiles slowly (a branch per lane), so the whole block is stored by one loop, which must stay a loop.
// TRANSPOSE_C is for a C so narrow that lanes would be idle: its columns become the rows. Split-K: see version 3.
// Reference: test/reference/matmul.ts.
enable subgroups;
alias Value = vec4f; // WIDTH columns of C: vec4f where 4 divides N, else f32
const BATCH: u32 = 1u;
const M: u32 = 64u;
const N: u32 = 64u;
const K: u32 = 64u;
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const A_EVERY: u32 = 1u; // neighbouring products that take the same matrix of a
const A_COUNT: u32 = BATCH; // matrices of a
const B_EVERY: u32 = 1u;
const B_COUNT: u32 = BATCH;
const TRANSPOSE_C: bool = false; // then WIDTH is 1
const WIDTH: u32 = 4u; // components of a Value
const SPLITS: u32 = 1u;
const LANES: u32 = 8u; // of a subgroup
const ROWS: u32 = 16u; // a multiple of 4 where TRANSPOSE_A // @tune 4 8 16 24
const GRID_X: u32 = 65535u; // workgroups along x

const TILES_M: u32 = (M + ROWS - 1u) / ROWS;
const TILES_N: u32 = (N + 4u * LANES - 1u) / (4u * LANES);
const STEPS: u32 = ((K + 3u) / 4u + SPLITS - 1u) / SPLITS; // of one split
const EXACT_K: bool = STEPS * SPLITS * 4u == K;
const SPARE: bool = GRID_X < TILES_M * TILES_N * BATCH * SPLITS; // workgroups may be left over
// A's part of a step: ROWS vec4f of four k, or 4 k of FOURS vec4f of four rows. Lane s % LANES loads slot s.
const FOURS: u32 = (ROWS + 3u) / 4u;
const LOADS: u32 = (select(ROWS, 4u * FOURS, TRANSPOSE_A) + LANES - 1u) / LANES;
// The operands as they lie in memory: [BATCH, OUTER, INNER].
const A_OUTER: u32 = select(M, K, TRANSPOSE_A);
const A_INNER: u32 = select(K, M, TRANSPOSE_A);
const B_OUTER: u32 = select(K, N, TRANSPOSE_B);
const B_INNER: u32 = select(N, K, TRANSPOSE_B);

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> a_vectors: array<vec4f>; // a, where 4 divides its rows
@group(0) @binding(3) var<storage, read> b_vectors: array<vec4f>; // b, likewise
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

/// Four neighbours of A. Outside the matrix some other values are read; the results that use them are not stored.
fn load_a(batch: u32, outer: u32, inner: u32) -> vec4f {
  let first = (batch / A_EVERY % A_COUNT * A_OUTER + min(outer, A_OUTER - 1u)) * A_INNER;
  if (A_INNER % 4u == 0u) {
    return a_vectors[(first + min(inner, A_INNER - 4u)) / 4u];
  } else {
    let at = first + min(inner + vec4u(0u, 1u, 2u, 3u), vec4u(A_INNER - 1u));
    return vec4f(a[at.x], a[at.y], a[at.z], a[at.w]);
  }
}

fn load_b(batch: u32, outer: u32, inner: u32) -> vec4f {
  let first = (batch / B_EVERY % B_COUNT * B_OUTER + min(outer, B_OUTER - 1u)) * B_INNER;
  if (B_INNER % 4u == 0u) {
    return b_vectors[(first + min(inner, B_INNER - 4u)) / 4u];
  } else {
    let at = first + min(inner + vec4u(0u, 1u, 2u, 3u), vec4u(B_INNER - 1u));
    return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
  }
}

/// Replaces values beyond the last k by zeros. `along`: the four values are those of k, k + 1, k + 2, k + 3.
fn cut(values: vec4f, k: u32, along: bool) -> vec4f {
  return select(vec4f(), values, vec4<bool>(EXACT_K) | (k + vec4u(0u, 1u, 2u, 3u) * u32(along) < vec4u(K)));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let column = (group % TILES_N * LANES + local_id.x) * 4u;
  let first_row = group / TILES_N % TILES_M * ROWS;
  let batch = group / (TILES_N * TILES_M) % BATCH;
  let split = group / (TILES_N * TILES_M * BATCH);
  if (SPARE && split >= SPLITS) {
    return; // all invocations of the workgroup return together
  }
  var sums: array<vec4f, ROWS>;
  for (var step = 0u; step < STEPS; step++) {
    let k = (split * STEPS + step) * 4u;
    var left: array<vec4f, LOADS>;
    // @unroll
    for (var i = 0u; i < LOADS; i++) {
      let slot = i * LANES + local_id.x;
      let row = first_row + select(slot, slot % FOURS * 4u, TRANSPOSE_A);
      let own_k = k + select(0u, slot / FOURS, TRANSPOSE_A);
      left[i] = cut(load_a(batch, select(row, own_k, TRANSPOSE_A), select(own_k, row, TRANSPOSE_A)), own_k, !TRANSPOSE_A);
    }
    var right: array<vec4f, 4>; // [four k][four columns], or the transpose
    // @unroll
    for (var i = 0u; i < 4u; i++) {
      let four = load_b(batch, select(k, column, TRANSPOSE_B) + i, select(column, k, TRANSPOSE_B));
      right[i] = cut(four, select(k + i, k, TRANSPOSE_B), TRANSPOSE_B);
    }
    // @unroll
    for (var r = 0u; r < ROWS; r++) {
      // @unroll
      for (var j = 0u; j < 4u; j++) {
        let slot = select(r, j * FOURS + r / 4u, TRANSPOSE_A);
        let value = vec4f(subgroupShuffle(left[slot / LANES][select(j, r % 4u, TRANSPOSE_A)], slot % LANES));
        if (TRANSPOSE_B) {
          sums[r] = fma(value, vec4f(right[0][j], right[1][j], right[2][j], right[3][j]), sums[r]);
        } else {
          sums[r] = fma(value, right[j], sums[r]);
        }
      }
    }
  }
  var block: array<vec4f, ROWS>; // the sums in memory, for the loop
  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    block[r] = sums[r];
  }
  // Counts from workgroup_id.z, which is always 0: a driver that knew this would unroll the loop.
  for (var i = workgroup_id.z; i < min(ROWS, M - first_row) * (4u / WIDTH); i++) {
    let row = first_row + i / (4u / WIDTH);
    let n = column + i % (4u / WIDTH);
    if (n < N) {
      let index = ((split * BATCH + batch) * (M * N) + select(row * N + n, n * M + row, TRANSPOSE_C)) / WIDTH;
      let channel = select(n / WIDTH, row, TRANSPOSE_C);
      if (WIDTH == 4u) {
        c[index] = epilogue(Value(block[i]), index, channel);
      } else {
        c[index] = epilogue(Value(block[i / 4u][i % 4u]), index, channel);
      }
    }
  }
}
