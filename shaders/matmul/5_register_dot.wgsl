// Matrix product 5: registers only, by inner products (A · Bᵀ on software adapters)
//
//   c[m, n] = Σ_k a[m, k] · b[n, k]        for each matrix of the batch
//
//   a  [BATCH, M, K]
//   b  [BATCH, N, K]       transposed: this is the gradient of a dense layer's input, dX = dY Wᵀ
//   c  [SPLITS, BATCH, M, N]
//
// 4_register_only.wgsl takes a column of A and a row of B for each k. Here neither is contiguous in memory: both
// operands run along k. So the loop takes four k at once, one vec4f load per row of A and per row of B, and adds inner
// products of four: dot(a, b) = Σ a_i b_i. A block of 4 × 4 outputs then takes 8 loads for four k, where
// 4_register_only.wgsl takes 32; a gathered vec4f costs little more than a gathered number.
//
// One invocation computes ROWS × (COLUMNS · WIDTH) outputs. The lanes run along the columns, or along the rows where
// LANES_ON_ROWS; the address of the other operand is then the same in all lanes.
//
// FLOPs             2 · BATCH · M · N · K.
// Loads             BATCH · M · N · K / 4 · (1 / ROWS + 1 / (COLUMNS · WIDTH)), of 16 bytes.
//
// Adding four products first, ((a_0 b_0 + a_1 b_1) + a_2 b_2) + a_3 b_3, shortens the chain of additions to a quarter,
// which about halves its rounding error.
//
// Reference: test/reference/matmul.ts. Read next: 6_broadcast.wgsl.

alias Value = vec4f; // WIDTH columns: vec4f where 4 divides N, else f32

const BATCH: u32 = 1u;
const M: u32 = 64u;
const N: u32 = 64u;
const K: u32 = 64u; // a multiple of 4
const WIDTH: u32 = 4u; // components of a Value
const SPLITS: u32 = 1u;

const LANES_ON_ROWS: bool = false;
const ROWS: u32 = 4u; // rows per invocation // @tune 1 2 4 8
const COLUMNS: u32 = 1u; // in Values
const WORKGROUP_SIZE: u32 = 32u; // @tune 8 16 32 64
const GRID_X: u32 = 65535u; // workgroups along x

const STEPS: u32 = K / 4u;
const TILE_M: u32 = select(ROWS, WORKGROUP_SIZE * ROWS, LANES_ON_ROWS);
const TILE_N: u32 = select(WORKGROUP_SIZE * COLUMNS, COLUMNS, LANES_ON_ROWS); // in Values
const TILES_M: u32 = (M + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N + TILE_N * WIDTH - 1u) / (TILE_N * WIDTH);
const SPLIT_STEPS: u32 = (STEPS + SPLITS - 1u) / SPLITS;
const SPARE: bool = GRID_X < TILES_M * TILES_N * BATCH * SPLITS; // workgroups may be left over
const EXACT_M: bool = M % TILE_M == 0u;
const EXACT_N: bool = N % (TILE_N * WIDTH) == 0u;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
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

  var a_at: array<u32, ROWS>;
  var b_at: array<u32, COLUMNS * WIDTH>;
  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    let row = select(min(first_row + r, M - 1u), first_row + r, EXACT_M);
    a_at[r] = (batch * M + row) * STEPS + split * SPLIT_STEPS;
  }
  // @unroll
  for (var i = 0u; i < COLUMNS * WIDTH; i++) {
    let column = first_column * WIDTH + i;
    b_at[i] = (batch * N + select(min(column, N - 1u), column, EXACT_N)) * STEPS + split * SPLIT_STEPS;
  }

  var sums: array<array<Value, COLUMNS>, ROWS>;
  for (var k = 0u; k < SPLIT_STEPS; k++) {
    if (SPLITS > 1u) {
      if (split * SPLIT_STEPS + k >= STEPS) {
        break;
      }
    }
    var right: array<vec4f, COLUMNS * WIDTH>;
    // @unroll
    for (var i = 0u; i < COLUMNS * WIDTH; i++) {
      right[i] = b[b_at[i] + k];
    }
    // @unroll
    for (var r = 0u; r < ROWS; r++) {
      let left = a[a_at[r] + k];
      // @unroll
      for (var i = 0u; i < COLUMNS; i++) {
        if (WIDTH == 4u) {
          sums[r][i] += Value(
            dot(left, right[i * WIDTH]),
            dot(left, right[i * WIDTH + 1u]),
            dot(left, right[i * WIDTH + 2u]),
            dot(left, right[i * WIDTH + 3u]),
          );
        } else {
          sums[r][i] += Value(dot(left, right[i]));
        }
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
