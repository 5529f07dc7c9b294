// Convolution and max pooling in one kernel
//
//   output[n, y, x, oc] = max over (r, p) in POOL of  e(conv[n, y·POOL + r, x·POOL + p, oc])
//
// with conv as in 4_broadcast.wgsl, and e the epilogue: bias and activation. Windows do not overlap.
//   input    [BATCH, IN…, GROUPS · GROUP_IN]      f32
//   weights  [TAPS…, GROUP_IN, OUT_C]             Values
//   output   [BATCH, POOLED…, OUT_C]              Values
//   argmax   the winner's tap r·POOL[1] + p, packed as in pooling/max.wgsl, for the gradient
//
// The output of the convolution, POOL[0] · POOL[1] times as large as the pooled one, is never stored in memory. One
// invocation computes WINDOWS neighbouring windows, CHANNELS Values each. As in 4_broadcast.wgsl lanes are at different
// positions, and subgroupShuffle passes them the weights; here one weight serves all rows of a window. Where taps are as
// far apart as outputs (CARRIED), tap a at output row r + 1 and tap a + 1 at row r read the same row of the input, so each
// is loaded once per input channel. Of equal values the first wins; the first NaN wins. FLOPs 2 · BATCH · OUT · OUT_C ·
// TAPS · GROUP_IN; bytes 4 · (input + weights + output) and argmax. Reference: test/reference/conv2d.ts, pooling.ts.

enable subgroups;
alias Value = f32; // output channels: vec4f or f32
alias Tap = u32;

// Pairs are along [height, width]; OUT is the convolution's, others as in 2_direct.wgsl.
const BATCH: u32 = 2u;
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 1u;
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const OUT_C: u32 = 8u;
const STRIDE: array<u32, 2> = array<u32, 2>(1u, 1u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const PAD: array<u32, 2> = array<u32, 2>(0u, 0u);
const PADDED: bool = false;
const TAPS: array<u32, 2> = array<u32, 2>(3u, 3u);
const POOL: array<u32, 2> = array<u32, 2>(2u, 2u);
const POOLED: array<u32, 2> = array<u32, 2>(3u, 3u);
const WINDOWS: u32 = 3u; // of a row, per invocation // @tune 1 2 3 4
const CHANNELS: u32 = 2u; // in Values; divides OUT_C / GROUPS // @tune 1 2 4
const TAP_RUN: u32 = 3u; // divides TAPS[1] // @tune 1 3 5
const WORKGROUP_SIZE: u32 = 4u; // lanes of a subgroup
const GRID_Y: u32 = 65535u; // workgroups along y
const COLUMNS: u32 = WINDOWS * POOL[1];
const TILES_W: u32 = (POOLED[1] + WINDOWS - 1u) / WINDOWS;
const CARRIED: bool = STRIDE[0] == DILATION[0];
const RAGGED: bool = POOLED[0] * POOL[0] > OUT[0] || POOLED[1] * POOL[1] > OUT[1]; // a window reaches over an edge
const STRIP: u32 = (COLUMNS - 1u) * STRIDE[1] + (TAP_RUN - 1u) * DILATION[1] + 1u;
const NEEDED: u32 = TAP_RUN * CHANNELS; // Values of weights for a run of taps and an input channel
const WEIGHT_LOADS: u32 = (NEEDED + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(5) var<storage, read_write> argmax: array<u32>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// Four taps as the bytes of a word: for Tap = vec4u the body becomes dot(taps, vec4u(1u, 256u, 65536u, 16777216u)).
fn pack_taps(taps: Tap) -> u32 {
  return taps;
}
fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

// 0 outside the image. Above and left of it u32 wraps around to huge numbers, which fail the test too.
fn load(image: u32, row: u32, column: u32, channel: u32) -> f32 {
  let inside = !PADDED || (row < IN[0] && column < IN[1]);
  let at = ((image * IN[0] + row) * IN[1] + column) * (GROUPS * GROUP_IN) + channel;
  return select(0.0, input[select(0u, at, inside)], inside);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let block = workgroup_id.z * GRID_Y + workgroup_id.y;
  let row = block % POOLED[0] * POOL[0];
  let tile = block / POOLED[0] * WORKGROUP_SIZE + local_id.x;
  let image = min(tile / TILES_W, BATCH - 1u);
  let column = tile % TILES_W * COLUMNS;
  let channel = workgroup_id.x * CHANNELS;
  let first_in = channel / (OUT_C / GROUPS) * GROUP_IN;
  let top = row * STRIDE[0] - PAD[0];

  var sum: array<array<array<Value, CHANNELS>, COLUMNS>, POOL[0]>;
  for (var b = 0u; b < TAPS[1]; b += TAP_RUN) {
    let left = column * STRIDE[1] + b * DILATION[1] - PAD[1];
    for (var ic = 0u; ic < GROUP_IN; ic++) {
      var strip: array<array<f32, STRIP>, POOL[0]>; // for each row of the window, the row of the input that the tap reads
      // @unroll
      for (var i = 0u; i < select(0u, (POOL[0] - 1u) * STRIP, CARRIED); i++) {
        strip[i / STRIP + 1u][i % STRIP] = load(image, top + i / STRIP * STRIDE[0], left + i % STRIP, first_in + ic);
      }
      for (var a = 0u; a < TAPS[0]; a++) {
        // @unroll
        for (var i = 0u; i < POOL[0] * STRIP; i++) {
          let r = i / STRIP;
          if (CARRIED && r + 1u < POOL[0]) {
            strip[r][i % STRIP] = strip[r + 1u][i % STRIP];
          } else {
            strip[r][i % STRIP] = load(image, top + r * STRIDE[0] + a * DILATION[0], left + i % STRIP, first_in + ic);
          }
        }
        var held: array<Value, WEIGHT_LOADS>; // this lane's Values of the run's weights [TAP_RUN, CHANNELS]
        // @unroll
        for (var w = 0u; w < WEIGHT_LOADS; w++) {
          let slot = min(w * WORKGROUP_SIZE + local_id.x, NEEDED - 1u);
          let tap = a * TAPS[1] + b + slot / CHANNELS;
          held[w] = weights[(tap * GROUP_IN + ic) * OUT_C + channel + slot % CHANNELS];
        }
        // @unroll
        for (var slot = 0u; slot < NEEDED; slot++) {
          let weight = subgroupShuffle(held[slot / WORKGROUP_SIZE], slot % WORKGROUP_SIZE);
          // @unroll
          for (var i = 0u; i < POOL[0] * COLUMNS; i++) {
            let seen = strip[i / COLUMNS][i % COLUMNS * STRIDE[1] + slot / CHANNELS * DILATION[1]];
            sum[i / COLUMNS][i % COLUMNS][slot % CHANNELS] += seen * weight;
          }
        }
      }
    }
  }

  // @unroll
  for (var v = 0u; v < WINDOWS * CHANNELS; v++) {
    let c = v % CHANNELS;
    let left = v / CHANNELS * POOL[1]; // the window's first column in the tile
    let corner = ((image * OUT[0] + row) * OUT[1] + column + left) * OUT_C + channel + c;
    var best = epilogue(sum[0][left][c], corner, channel + c);
    var winner = Tap(0u);
    // @unroll
    for (var tap = 1u; tap < POOL[0] * POOL[1]; tap++) {
      let y = tap / POOL[1];
      let x = left + tap % POOL[1];
      if (!RAGGED || (row + y < OUT[0] && column + x < OUT[1])) {
        let index = corner + (y * OUT[1] + tap % POOL[1]) * OUT_C;
        let value = epilogue(sum[y][x][c], index, channel + c);
        let is_nan = (bitcast<Bits>(value) & Bits(0x7fffffffu)) > Bits(0x7f800000u);
        let known = (bitcast<Bits>(best) & Bits(0x7fffffffu)) <= Bits(0x7f800000u);
        let wins = (is_nan | (value > best)) & known;
        best = select(best, value, wins);
        winner = select(winner, Tap(tap), wins);
      }
    }
    let place = column / POOL[1] + v / CHANNELS;
    if (tile < BATCH * TILES_W && place < POOLED[1]) {
      let at = ((image * POOLED[0] + row / POOL[0]) * POOLED[1] + place) * OUT_C + channel + c;
      output[at] = best;
      argmax[at] = pack_taps(winner);
    }
  }
}
