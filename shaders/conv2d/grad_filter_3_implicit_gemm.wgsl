// Gradient of a convolution with respect to its weights 3: implicit matrix product
//
//   partials[s, m, oc] = Σ over the positions p of slice s of  patches[p, m] · dy[p, oc]
//
// This is patchesᵀ · dy, with patches as in grad_filter_2_direct.wgsl. Rows are m = (kh, kw, ic), columns are output
// channels, and the sum runs over all positions p = (n, oy, ox) of the batch: a small result and a very long sum. So the
// sum is cut into SLICES for different workgroups, which grad_filter_reduce.wgsl adds. If BIAS, a row of ones follows
// row M - 1: Σ_p dy[p, oc], the gradient of the bias.
//
//   x         [BATCH, IN…, GROUPS · GROUP_IN]     Inputs
//   dy        [BATCH, OUT…, OUT_C]                Values
//   partials  [SLICES, M + BIAS, OUT_C]           Values
//
// A workgroup computes TILE_M rows × TILE_N Values of channels of one slice, TILE_K positions at a time: its invocations
// gather a tile of patches (four neighbouring rows at once; one vec4f of the input where 4 divides GROUP_IN) and a tile
// of dy, as f32 or f16. Then each multiplies ROWS rows with COLUMNS Values. Both matrices lie position by position in
// memory, as the product needs them, so nothing is transposed. An invocation gathers the same four rows in every step,
// so it computes their taps once. It moves on by ADVANCE positions, with additions and carries instead of divisions.
// FLOPs 2 · BATCH · OUT · KERNEL · GROUP_IN · OUT_C; bytes at least 4 · (x + dy + partials).
// Reference: test/reference/conv2d.ts. Read next: grad_filter_reduce.wgsl.

alias Value = vec4f; // output channels: vec4f or f32
alias Input = f32; // input channels: vec4f or f32
alias Left = vec4f; // four rows of a tile: vec4f or vec4h
alias Right = Value; // channels in a tile: Value, or as many f16

// Pairs are along [height, width]; constants as in grad_filter_2_direct.wgsl.
const BATCH: u32 = 2u;
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 16u;
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const OUT_C: u32 = 16u;
const KERNEL: array<u32, 2> = array<u32, 2>(3u, 3u);
const STRIDE: array<u32, 2> = array<u32, 2>(1u, 1u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const PAD: array<u32, 2> = array<u32, 2>(0u, 0u);
const PADDED: bool = false;
const BIAS: bool = false;
const INPUT_WIDTH: u32 = 1u; // numbers in an Input: 4 only where it divides GROUP_IN

const WG_X: u32 = 8u; // invocations along the channels
const WG_Y: u32 = 8u; // invocations along the rows
const ROWS: u32 = 8u; // rows per invocation: a multiple of 4 // @tune 4 8
const COLUMNS: u32 = 2u; // Values of channels per invocation // @tune 1 2
const TILE_K: u32 = 16u; // positions per step // @tune 8 16
const SLICES: u32 = 2u;
const STEPS: u32 = 3u; // of TILE_K positions, in a slice
const GRID_X: u32 = 65535u; // workgroups along x
const GROUP_OUT: u32 = OUT_C / GROUPS;
const WORKGROUP_SIZE: u32 = WG_X * WG_Y;
const TILE_M: u32 = WG_Y * ROWS;
const TILE_N: u32 = WG_X * COLUMNS;
const TILES_N: u32 = (GROUP_OUT + TILE_N - 1u) / TILE_N;
const QUADS: u32 = TILE_M / 4u; // of rows; divides WORKGROUP_SIZE
const ADVANCE: u32 = WORKGROUP_SIZE / QUADS; // positions that are gathered at a time; divides TILE_K
const POSITIONS: u32 = BATCH * OUT[0] * OUT[1];
const M: u32 = KERNEL[0] * KERNEL[1] * GROUP_IN;
const M_ALL: u32 = M + u32(BIAS);
const TILES_M: u32 = (M_ALL + TILE_M - 1u) / TILE_M;
const EXACT_M: bool = M_ALL % TILE_M == 0u; // then bounds need no checks: `EXACT_M || …` disappears
const EXACT_N: bool = GROUP_OUT % TILE_N == 0u;
const EXACT_K: bool = SLICES * STEPS * TILE_K == POSITIONS;

@group(0) @binding(0) var<storage, read> x: array<Input>;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(4) var<storage, read_write> partials: array<Value>;
var<workgroup> patches: array<Left, TILE_K * QUADS>;
var<workgroup> gradients: array<Right, TILE_K * TILE_N>;

/// The inputs that four rows read for an output `place` (image, row, column), through the taps at `tap_y` and `tap_x`.
/// 0 outside the image, whatever is loaded there: WGSL keeps loads within the buffer.
fn gather(place: vec3u, tap_y: vec4u, tap_x: vec4u, channels: vec4u) -> vec4f {
  let line = place.y * STRIDE[0] + tap_y;
  let column = place.z * STRIDE[1] + tap_x;
  let in_image = vec4<bool>(!PADDED) | ((line < vec4u(IN[0])) & (column < vec4u(IN[1])));
  let inside = in_image & vec4<bool>(EXACT_K || place.x < BATCH);
  let at = ((place.x * IN[0] + line) * IN[1] + column) * (GROUPS * GROUP_IN) + channels;
  if (INPUT_WIDTH == 4u) {
    return select(vec4f(), vec4f(x[at.x / 4u]), inside.x);
  }
  return select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

/// The place ADVANCE positions further.
fn advance(place: vec3u) -> vec3u {
  let step = place_of(ADVANCE, OUT[0], OUT[1]);
  let carry_x = u32(place.z + step.z >= OUT[1]);
  let carry_y = u32(place.y + step.y + carry_x >= OUT[0]);
  return place + step + vec3u(carry_y, carry_x, 0u) - vec3u(0u, carry_y * OUT[0], carry_x * OUT[1]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = workgroup_id.y * GRID_X + workgroup_id.x;
  let first_row = tile % TILES_M * TILE_M;
  let first_channel = tile / TILES_M % TILES_N * TILE_N; // within the group
  let group = tile / (TILES_M * TILES_N) % GROUPS;
  let slice = tile / (TILES_M * TILES_N * GROUPS);
  // The four rows that this invocation gathers. Above and left of the image u32 wraps around.
  let rows = first_row + local % QUADS * 4u + vec4u(0u, 1u, 2u, 3u);
  let taps = min(rows, vec4u(M - 1u)) / GROUP_IN;
  let tap_y = taps / KERNEL[1] * DILATION[0] - PAD[0];
  let tap_x = taps % KERNEL[1] * DILATION[1] - PAD[1];
  var place = place_of(slice * STEPS * TILE_K + local / QUADS, OUT[0], OUT[1]);

  var sum: array<array<Value, COLUMNS>, ROWS>;
  for (var step = 0u; step < STEPS; step++) {
    workgroupBarrier(); // wait until all have read the tiles of the step before
    // @unroll
    for (var l = 0u; l < TILE_K / ADVANCE; l++) {
      let four = gather(place, tap_y, tap_x, group * GROUP_IN + rows % GROUP_IN);
      patches[local + l * WORKGROUP_SIZE] = Left(select(four, vec4f(1.0), vec4<bool>(BIAS) & (rows == vec4u(M))));
      place = advance(place);
    }
    // @unroll
    for (var l = 0u; l < TILE_K * TILE_N / WORKGROUP_SIZE; l++) {
      let slot = local + l * WORKGROUP_SIZE;
      let position = (slice * STEPS + step) * TILE_K + slot / TILE_N;
      let channel = first_channel + slot % TILE_N;
      let inside = (EXACT_K || position < POSITIONS) && (EXACT_N || channel < GROUP_OUT);
      gradients[slot] = Right(select(Value(), dy[position * OUT_C + group * GROUP_OUT + channel], inside));
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      var left: array<vec4f, ROWS / 4u>;
      // @unroll
      for (var q = 0u; q < ROWS / 4u; q++) {
        left[q] = vec4f(patches[k * QUADS + q * WG_Y + local / WG_X]);
      }
      // @unroll
      for (var c = 0u; c < COLUMNS; c++) {
        let right = Value(gradients[k * TILE_N + c * WG_X + local % WG_X]);
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          sum[r][c] += left[r / 4u][r % 4u] * right;
        }
      }
    }
  }

  // @unroll
  for (var i = 0u; i < ROWS * COLUMNS; i++) {
    let row = first_row + (i / COLUMNS / 4u * WG_Y + local / WG_X) * 4u + i / COLUMNS % 4u;
    let channel = first_channel + i % COLUMNS * WG_X + local % WG_X;
    if (slice < SLICES && (EXACT_M || row < M_ALL) && (EXACT_N || channel < GROUP_OUT)) {
      partials[(slice * M_ALL + row) * OUT_C + group * GROUP_OUT + channel] = sum[i / COLUMNS][i % COLUMNS];
    }
  }
}
