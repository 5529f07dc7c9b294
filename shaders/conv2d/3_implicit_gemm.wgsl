// Convolution 3: implicit matrix product
//
// A convolution is a matrix product: rows are output positions (n, y, x), columns output channels,
// and the sum runs over taps and input channels (a, b, ic).
//
//   output[(n, y, x), oc] = Σ_{(a, b, ic)}  patches[(n, y, x), (a, b, ic)] · weights[(a, b, ic), oc]
//
// Implicit: the matrix of patches is never in memory; its tiles are gathered into workgroup memory.
//
//   input    [BATCH, IN…, GROUPS · GROUP_IN]            f32
//   weights  [PHASES…, TAPS…, GROUP_IN, OUT_C]          Values
//   output   [BATCH, OUT…, OUT_C]                       Values
//
// A workgroup computes TILE_M positions × TILE_N Values of channels. It walks over the taps, and for
// each over the input channels in steps of TILE_K: together its invocations load a tile of patches
// (four positions side by side) and one of weights, then each multiplies ROWS positions with COLUMNS
// Values. Phases (see 2_direct.wgsl) make the same file compute the input gradient.
// FLOPs 2 · BATCH · OUT · OUT_C · (taps that meet an output) · GROUP_IN.

alias Value = vec4f; // output channels: vec4f or f32

// Pairs are along [height, width]; constants mean what they mean in 2_direct.wgsl.
const BATCH: u32 = 2u;
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

const WG_X: u32 = 16u; // invocations along the channels
const WG_Y: u32 = 8u; // invocations along the positions
const ROWS: u32 = 8u; // positions per invocation: a multiple of 4 // @tune 4 8
const COLUMNS: u32 = 1u; // Values of channels per invocation // @tune 1 2
const TILE_K: u32 = 16u; // input channels per step // @tune 8 16
const GRID_X: u32 = 65535u;
const GROUP_OUT: u32 = OUT_C / GROUPS;
const WORKGROUP_SIZE: u32 = WG_X * WG_Y;
const TILE_M: u32 = WG_Y * ROWS;
const TILE_N: u32 = WG_X * COLUMNS;
const TILES_N: u32 = (GROUP_OUT + TILE_N - 1u) / TILE_N;
const PITCH: u32 = TILE_M / 4u + 1u; // the odd one lets the stores of neighbours, along k, hit different banks
const LOADS: u32 = TILE_K * TILE_M / 4u / WORKGROUP_SIZE; // per invocation and step: without remainder
const WEIGHT_LOADS: u32 = TILE_K * TILE_N / WORKGROUP_SIZE; // likewise

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>;
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;
var<workgroup> patches: array<vec4f, TILE_K * PITCH>;
var<workgroup> weight_tile: array<Value, TILE_K * TILE_N>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let local = local_id.x;
  let first_row = (workgroup_id.z * GRID_X + workgroup_id.x) * TILE_M;
  let first_channel = workgroup_id.y % TILES_N * TILE_N; // within the group
  let group = workgroup_id.y / TILES_N % GROUPS;
  let phase = workgroup_id.y / (TILES_N * GROUPS);
  let phase_h = phase / PHASES[1];
  let phase_w = phase % PHASES[1];
  // Image, row and column of tap 0 at the positions that this invocation gathers.
  var image: array<vec4u, LOADS>;
  var top: array<vec4i, LOADS>;
  var left: array<vec4i, LOADS>;
  // @unroll
  for (var l = 0u; l < LOADS; l++) {
    let position = first_row + (local + l * WORKGROUP_SIZE) / TILE_K * 4u + vec4u(0u, 1u, 2u, 3u);
    image[l] = min(position / (PHASE_OUT[0] * PHASE_OUT[1]), vec4u(BATCH - 1u)) * (IN[0] * IN[1]);
    top[l] = vec4i(position / PHASE_OUT[1] % PHASE_OUT[0] * STRIDE[0]) + ORIGIN_H[phase_h];
    left[l] = vec4i(position % PHASE_OUT[1] * STRIDE[1]) + ORIGIN_W[phase_w];
  }

  var sum: array<array<Value, COLUMNS>, ROWS>;
  for (var tap = 0u; tap < TAPS[0] * TAPS[1]; tap++) {
    let a = tap / TAPS[1];
    let b = tap % TAPS[1];
    if ((PHASES[0] > 1u && a >= PHASE_TAPS_H[phase_h]) || (PHASES[1] > 1u && b >= PHASE_TAPS_W[phase_w])) {
      continue;
    }
    for (var step = 0u; step < (GROUP_IN + TILE_K - 1u) / TILE_K; step++) {
      workgroupBarrier(); // the tiles of the step before are used up
      // @unroll
      for (var l = 0u; l < LOADS; l++) {
        let slot = local + l * WORKGROUP_SIZE;
        let ic = step * TILE_K + slot % TILE_K;
        let y = vec4u(top[l] + i32(a * DILATION[0]));
        let x = vec4u(left[l] + i32(b * DILATION[1]));
        let inside = vec4<bool>(ic < GROUP_IN) & (vec4<bool>(!PADDED) | ((y < vec4u(IN[0])) & (x < vec4u(IN[1]))));
        let at = select(vec4u(0u), (image[l] + y * IN[1] + x) * (GROUPS * GROUP_IN) + group * GROUP_IN + ic, inside);
        let loaded = vec4f(input[at.x], input[at.y], input[at.z], input[at.w]);
        patches[slot % TILE_K * PITCH + slot / TILE_K] = select(vec4f(), loaded, inside);
      }
      // @unroll
      for (var l = 0u; l < WEIGHT_LOADS; l++) {
        let slot = local + l * WORKGROUP_SIZE;
        let ic = step * TILE_K + slot / TILE_N; // beyond the last one the patches are 0
        let row = (phase * (TAPS[0] * TAPS[1]) + tap) * GROUP_IN + min(ic, GROUP_IN - 1u);
        let channel = min(first_channel + slot % TILE_N, GROUP_OUT - 1u);
        weight_tile[slot] = weights[row * OUT_C + group * GROUP_OUT + channel];
      }
      workgroupBarrier();
      for (var k = 0u; k < TILE_K; k++) {
        // @unroll
        for (var q = 0u; q < ROWS / 4u; q++) {
          let quad = patches[k * PITCH + local / WG_X * (ROWS / 4u) + q];
          // @unroll
          for (var c = 0u; c < COLUMNS; c++) {
            let weight = weight_tile[k * TILE_N + c * WG_X + local % WG_X];
            // @unroll
            for (var r = 0u; r < 4u; r++) {
              sum[q * 4u + r][c] += quad[r] * weight;
            }
          }
        }
      }
    }
  }

  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    let position = first_row + local / WG_X * ROWS + r;
    let y = position / PHASE_OUT[1] % PHASE_OUT[0] * PHASES[0] + phase_h;
    let x = position % PHASE_OUT[1] * PHASES[1] + phase_w;
    let pixel = (position / (PHASE_OUT[0] * PHASE_OUT[1]) * OUT[0] + y) * OUT[1] + x;
    // @unroll
    for (var c = 0u; c < COLUMNS; c++) {
      let channel = first_channel + c * WG_X + local % WG_X;
      if (position < BATCH * PHASE_OUT[0] * PHASE_OUT[1] && y < OUT[0] && x < OUT[1] && channel < GROUP_OUT) {
        let index = pixel * OUT_C + group * GROUP_OUT + channel;
        output[index] = epilogue(sum[r][c], index, group * GROUP_OUT + channel);
      }
    }
  }
}
