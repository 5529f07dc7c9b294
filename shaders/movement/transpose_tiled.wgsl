// Matrix transpose through workgroup memory: y[b, c, r] = x[b, r, c]
//
//   input   [batch, ROWS, COLUMNS]
//   output  [batch, COLUMNS, ROWS]
//
// A plain transpose either reads or writes with a stride of a whole row, so that 32 neighbouring invocations touch 32
// cache lines. Here a workgroup of TILE × STRIPS invocations loads a TILE × TILE square row by row, and stores it
// column by column. The transposition happens in workgroup memory, and neighbouring invocations both read and write
// neighbouring addresses. One extra column in the tile puts the numbers of a column in different memory banks.
// Workgroup memory: 32 × 33 × 4 = 4,224 bytes.
// No FLOPs; 8 bytes per element.
//
// Reference: test/reference/movement.ts.

alias Value = f32;

const ROWS: u32 = 64u;
const COLUMNS: u32 = 64u;
const CHANNELS: u32 = 64u; // innermost dimension of the output: ROWS, or a part of it
const TILE: u32 = 32u; // side of the square that a workgroup moves // @tune 16 32
const STRIPS: u32 = 8u; // each invocation moves TILE / STRIPS elements
const STEPS: u32 = TILE / STRIPS;

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

var<workgroup> tile: array<array<Value, TILE + 1>, TILE>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(TILE, STRIPS)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let matrix = workgroup_id.z * ROWS * COLUMNS;
  let first_row = workgroup_id.y * TILE;
  let first_column = workgroup_id.x * TILE;
  for (var i = 0u; i < STEPS; i++) {
    let row = first_row + i * STRIPS + local_id.y;
    let column = first_column + local_id.x;
    if (row < ROWS && column < COLUMNS) {
      tile[i * STRIPS + local_id.y][local_id.x] = input[matrix + row * COLUMNS + column];
    }
  }
  workgroupBarrier();
  for (var i = 0u; i < STEPS; i++) {
    let column = first_column + i * STRIPS + local_id.y;
    let row = first_row + local_id.x;
    if (row < ROWS && column < COLUMNS) {
      let index = matrix + column * ROWS + row;
      output[index] = epilogue(tile[local_id.x][i * STRIPS + local_id.y], index, row % CHANNELS);
    }
  }
}
