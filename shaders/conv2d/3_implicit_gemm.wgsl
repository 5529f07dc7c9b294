// Convolution 3: implicit matrix product
//
//   output[(n, y, x), oc] = Σ_k  patches[(n, y, x), k] · weights[k, oc]
//
// A convolution is a matrix product: rows are output positions (n, y, x), columns are output channels, and the sum runs
// over taps and input channels, k = (a, b, ic). "Implicit": the matrix of patches is never stored in memory.
//
//   input    [BATCH, IN…, GROUPS · GROUP_IN]            Inputs
//   weights  [PHASES…, k, OUT_C]                        Values
//   output   [BATCH, OUT…, OUT_C]                       Values
//
// A workgroup computes WG_Y · ROWS positions × TILE_N Values of channels, in steps of TILE_K along k. It gathers a tile
// of patches, four neighbouring k of a position at a time (one vec4f of the input where 4 divides GROUP_IN), and one of
// weights, as f32 or f16. Then each invocation multiplies ROWS positions with COLUMNS Values: for four k it reads
// ROWS + 4 · COLUMNS vectors for 16 · ROWS · COLUMNS multiply-adds. Its positions lie WG_Y apart, and a row of the tile
// is one vector too long, so that neighbours use different memory banks. Consecutive workgroups take channels and phases
// (see 2_direct.wgsl) of the same positions. FLOPs F = 2 · BATCH · OUT · OUT_C · taps · GROUP_IN; bytes 2 F · (1 / tile
// height + 1 / tile width). Reference: test/reference/conv2d.ts. Read next: grad_filter_3_implicit_gemm.wgsl.

alias Value = vec4f; // output channels: vec4f or f32
alias Input = f32; // input channels: vec4f or f32
alias Left = vec4f; // four k of a position in a tile: vec4f or vec4h
alias Right = Value; // weights in a tile: Value, or as many f16
const BATCH: u32 = 2u; // constants as in 2_direct.wgsl; pairs are along [height, width]
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 16u;
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const OUT_C: u32 = 16u;
const STRIDE: array<u32, 2> = array<u32, 2>(1u, 1u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const PADDED: bool = false;
const TAPS: array<u32, 2> = array<u32, 2>(3u, 3u);
const PHASES: array<u32, 2> = array<u32, 2>(1u, 1u);
const PHASE_OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const PHASE_TAPS_H: array<u32, 1> = array<u32, 1>(3u);
const PHASE_TAPS_W: array<u32, 1> = array<u32, 1>(3u);
const ORIGIN_H: array<i32, 1> = array<i32, 1>(0);
const ORIGIN_W: array<i32, 1> = array<i32, 1>(0);
const INPUT_WIDTH: u32 = 1u; // numbers in an Input: 4 only where it divides GROUP_IN
const WG_X: u32 = 8u; // invocations along the channels
const WG_Y: u32 = 8u; // invocations along the positions
const ROWS: u32 = 8u; // positions per invocation // @tune 4 8
const COLUMNS: u32 = 2u; // Values of channels per invocation // @tune 1 2
const TILE_K: u32 = 16u; // of k in a step // @tune 8 16
const GRID_X: u32 = 65535u; // workgroups along x
const M: u32 = BATCH * PHASE_OUT[0] * PHASE_OUT[1];
const GROUP_OUT: u32 = OUT_C / GROUPS;
const WORKGROUP_SIZE: u32 = WG_X * WG_Y;
const TILE_N: u32 = WG_X * COLUMNS;
const TILES_N: u32 = (GROUP_OUT + TILE_N - 1u) / TILE_N;
const QUADS: u32 = TILE_K / 4u; // of k in a step; divides WORKGROUP_SIZE
const LOADS: u32 = QUADS * ROWS / WG_X; // of patches per invocation and step: no remainder, nor of weights
const EXACT_M: bool = M % (WG_Y * ROWS) == 0u; // then bounds need no checks: `EXACT_M || …` disappears
const EXACT_N: bool = GROUP_OUT % TILE_N == 0u;
const EXACT_OUT: bool = PHASES[0] * PHASE_OUT[0] == OUT[0] && PHASES[1] * PHASE_OUT[1] == OUT[1];
const EXACT_K: bool = GROUP_IN * select(1u, TAPS[0] * TAPS[1], PHASES[0] * PHASES[1] == 1u) % TILE_K == 0u;

@group(0) @binding(0) var<storage, read> input: array<Input>;
@group(0) @binding(1) var<storage, read> weights: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;
var<workgroup> patches: array<Left, WG_Y * ROWS * (QUADS + 1u)>;
var<workgroup> weight_tile: array<Right, TILE_K * TILE_N>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

/// Four neighbouring k of the position whose tap 0 reads at `origin` (start of the image, row, column); 0 outside.
fn gather(origin: vec3i, first_k: u32, across: u32, depth: u32) -> vec4f {
  let k = first_k + vec4u(0u, 1u, 2u, 3u);
  // A phase has TAPS[1] taps across, or one fewer: constant divisors are cheap.
  let a = select(k / GROUP_IN / max(TAPS[1] - 1u, 1u), k / GROUP_IN / TAPS[1], across == TAPS[1]);
  let y = vec4u(origin.y + vec4i(a * DILATION[0]));
  let x = vec4u(origin.z + vec4i((k / GROUP_IN - a * across) * DILATION[1]));
  let in_image = vec4<bool>(!PADDED) | ((y < vec4u(IN[0])) & (x < vec4u(IN[1])));
  let inside = in_image & (vec4<bool>(EXACT_K) | (k < vec4u(depth)));
  let at = u32(origin.x) + (y * IN[1] + x) * (GROUPS * GROUP_IN) + k % GROUP_IN;
  if (INPUT_WIDTH == 4u) { // WGSL keeps loads within the buffer, wherever `at` is
    return select(vec4f(), vec4f(input[at.x / 4u]), inside.x);
  }
  return select(vec4f(), vec4f(input[at.x], input[at.y], input[at.z], input[at.w]), inside);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = workgroup_id.y * GRID_X + workgroup_id.x;
  let first_channel = tile % TILES_N * TILE_N; // within the group
  let phase = tile / TILES_N % (PHASES[0] * PHASES[1]);
  let group = tile / (TILES_N * PHASES[0] * PHASES[1]) % GROUPS;
  let first_row = tile / (TILES_N * PHASES[0] * PHASES[1] * GROUPS) * (WG_Y * ROWS);
  let across = PHASE_TAPS_W[phase % PHASES[1]];
  let depth = PHASE_TAPS_H[phase / PHASES[1]] * across * GROUP_IN;
  let first_origin = vec3i(i32(group * GROUP_IN), ORIGIN_H[phase / PHASES[1]], ORIGIN_W[phase % PHASES[1]]);
  var origins: array<vec3i, LOADS>; // of the positions that this invocation gathers
  // @unroll
  for (var l = 0u; l < LOADS; l++) {
    let position = min(first_row + (local + l * WORKGROUP_SIZE) / QUADS, M - 1u);
    let steps = vec3u(IN[0] * IN[1] * GROUPS * GROUP_IN, STRIDE[0], STRIDE[1]);
    origins[l] = vec3i(place_of(position, PHASE_OUT[0], PHASE_OUT[1]) * steps) + first_origin;
  }
  var sum: array<array<Value, COLUMNS>, ROWS>;
  for (var step = 0u; step * TILE_K < depth; step++) {
    workgroupBarrier(); // wait until all have read the tiles of the step before
    // @unroll
    for (var l = 0u; l < LOADS; l++) {
      let four = gather(origins[l], step * TILE_K + local % QUADS * 4u, across, depth);
      patches[(local + l * WORKGROUP_SIZE) / QUADS * (QUADS + 1u) + local % QUADS] = Left(four);
    }
    // @unroll
    for (var l = 0u; l < TILE_K * COLUMNS / WG_Y; l++) {
      let slot = local + l * WORKGROUP_SIZE;
      let k = step * TILE_K + slot / TILE_N;
      let channel = first_channel + slot % TILE_N;
      let at = (phase * (TAPS[0] * TAPS[1] * GROUP_IN) + k) * OUT_C + group * GROUP_OUT + channel;
      weight_tile[slot] = Right(select(Value(), weights[at], (EXACT_K || k < depth) && (EXACT_N || channel < GROUP_OUT)));
    }
    workgroupBarrier();
    for (var q = 0u; q < QUADS; q++) {
      var right: array<Value, 4u * COLUMNS>;
      // @unroll
      for (var i = 0u; i < 4u * COLUMNS; i++) {
        right[i] = Value(weight_tile[(q * 4u + i / COLUMNS) * TILE_N + i % COLUMNS * WG_X + local % WG_X]);
      }
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        let left = vec4f(patches[(r * WG_Y + local / WG_X) * (QUADS + 1u) + q]);
        // @unroll
        for (var i = 0u; i < 4u * COLUMNS; i++) {
          sum[r][i % COLUMNS] += left[i / COLUMNS] * right[i];
        }
      }
    }
  }
  // @unroll
  for (var i = 0u; i < ROWS * COLUMNS; i++) {
    let position = first_row + i / COLUMNS * WG_Y + local / WG_X;
    let row = position / PHASE_OUT[1];
    let y = row % PHASE_OUT[0] * PHASES[0] + phase / PHASES[1];
    let x = position % PHASE_OUT[1] * PHASES[1] + phase % PHASES[1];
    let channel = first_channel + i % COLUMNS * WG_X + local % WG_X;
    if ((EXACT_M || position < M) && (EXACT_OUT || (y < OUT[0] && x < OUT[1])) && (EXACT_N || channel < GROUP_OUT)) {
      let index = ((row / PHASE_OUT[0] * OUT[0] + y) * OUT[1] + x) * OUT_C + group * GROUP_OUT + channel;
      output[index] = epilogue(sum[i / COLUMNS][i % COLUMNS], index, group * GROUP_OUT + channel);
    }
  }
}
