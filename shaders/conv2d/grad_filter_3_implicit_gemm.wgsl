// Gradient of a convolution with respect to its weights 3: implicit matrix product
//
//   partials[s, m, oc] = Σ over the positions p of slice s of  patches[p, m] · dy[p, oc]
//
// This is patchesᵀ · dy. Rows are m = (kh, kw, ic), as many as a channel has weights; columns are output
// channels; and the sum runs over all positions p = (n, oy, ox) of the batch: a small result and a very
// long sum, so the sum is cut into SLICES that different workgroups compute, to be added afterwards by
// grad_filter_reduce.wgsl. If BIAS, a row of ones follows row M - 1: Σ_p dy[p, oc], the bias's gradient.
//
//   x         [BATCH, IN…, GROUPS · GROUP_IN]     f32
//   dy        [BATCH, OUT…, OUT_C]                Values
//   partials  [SLICES, M + BIAS, OUT_C]           Values
//
// A workgroup computes TILE_M rows × TILE_N Values of channels of one slice, TILE_K positions at a time:
// its invocations gather a tile of patches (four rows side by side: where 4 divides GROUP_IN, one vec4f of
// the input) and one of dy, then each multiplies ROWS rows with COLUMNS Values. Both matrices lie
// position by position in memory, just as the product needs them, so nothing is transposed.
//
// FLOPs 2 · BATCH · OUT · KERNEL · GROUP_IN · OUT_C.

alias Value = vec4f; // output channels: vec4f or f32
alias Input = f32; // input channels: vec4f or f32

// Pairs are along [height, width]; constants mean what they mean in grad_filter_2_direct.wgsl.
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

const WG_X: u32 = 16u; // invocations along the channels
const WG_Y: u32 = 8u; // invocations along the rows
const ROWS: u32 = 8u; // rows per invocation: a multiple of 4 // @tune 4 8
const COLUMNS: u32 = 1u; // Values of channels per invocation // @tune 1 2
const TILE_K: u32 = 16u; // positions per step // @tune 8 16
const SLICES: u32 = 2u;
const STEPS: u32 = 3u; // of TILE_K positions, in a slice

const GROUP_OUT: u32 = OUT_C / GROUPS;
const WORKGROUP_SIZE: u32 = WG_X * WG_Y;
const TILE_M: u32 = WG_Y * ROWS;
const TILE_N: u32 = WG_X * COLUMNS;
const TILES_N: u32 = (GROUP_OUT + TILE_N - 1u) / TILE_N;
const QUADS: u32 = TILE_M / 4u;
const LOADS: u32 = TILE_K * QUADS / WORKGROUP_SIZE; // per invocation and step: without remainder
const GRADIENT_LOADS: u32 = TILE_K * TILE_N / WORKGROUP_SIZE; // likewise
const POSITIONS: u32 = BATCH * OUT[0] * OUT[1];
const M: u32 = KERNEL[0] * KERNEL[1] * GROUP_IN;
const M_ALL: u32 = M + u32(BIAS);
const TILES_M: u32 = (M_ALL + TILE_M - 1u) / TILE_M;

@group(0) @binding(0) var<storage, read> x: array<Input>;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(4) var<storage, read_write> partials: array<Value>;
var<workgroup> patches: array<vec4f, TILE_K * QUADS>;
var<workgroup> gradients: array<Value, TILE_K * TILE_N>;


// patches[position, row … row + 3]
fn gather(position: u32, row: u32, first_in: u32) -> vec4f {
  let rows = row + vec4u(0u, 1u, 2u, 3u);
  let taps = min(rows, vec4u(M - 1u)) / GROUP_IN;
  // u32 wraps around above and left of the image.
  let in_y = position / OUT[1] % OUT[0] * STRIDE[0] + taps / KERNEL[1] * DILATION[0] - PAD[0];
  let in_x = position % OUT[1] * STRIDE[1] + taps % KERNEL[1] * DILATION[1] - PAD[1];
  let inside = vec4<bool>(!PADDED) | ((in_y < vec4u(IN[0])) & (in_x < vec4u(IN[1])));
  let pixel = (position / (OUT[0] * OUT[1]) * IN[0] + in_y) * IN[1] + in_x;
  let at = select(vec4u(0u), pixel * (GROUPS * GROUP_IN) + first_in + rows % GROUP_IN, inside);
  var values: vec4f;
  if (INPUT_WIDTH == 4u) {
    values = vec4f(x[at.x / 4u]);
  } else {
    values = vec4f(x[at.x], x[at.y], x[at.z], x[at.w]);
  }
  return select(select(vec4f(), values, inside), vec4f(1.0), rows == vec4u(M)); // row M is the one of ones
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let local = local_id.x;
  let first_row = workgroup_id.x * TILE_M;
  let first_channel = workgroup_id.y % TILES_N * TILE_N; // within the group
  let group = workgroup_id.y / TILES_N;
  let slice = workgroup_id.z;

  var sum: array<array<Value, COLUMNS>, ROWS>;
  for (var step = 0u; step < STEPS; step++) {
    let first_position = (slice * STEPS + step) * TILE_K;
    workgroupBarrier(); // the tiles of the step before are used up
    // @unroll
    for (var l = 0u; l < LOADS; l++) {
      let slot = local + l * WORKGROUP_SIZE;
      let position = min(first_position + slot / QUADS, POSITIONS - 1u);
      patches[slot] = gather(position, first_row + slot % QUADS * 4u, group * GROUP_IN);
    }
    // @unroll
    for (var l = 0u; l < GRADIENT_LOADS; l++) {
      let slot = local + l * WORKGROUP_SIZE;
      let position = first_position + slot / TILE_N;
      let channel = group * GROUP_OUT + min(first_channel + slot % TILE_N, GROUP_OUT - 1u);
      let valid = position < POSITIONS;
      gradients[slot] = select(Value(), dy[select(0u, position, valid) * OUT_C + channel], valid);
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      // @unroll
      for (var q = 0u; q < ROWS / 4u; q++) {
        let quad = patches[k * QUADS + local / WG_X * (ROWS / 4u) + q];
        // @unroll
        for (var c = 0u; c < COLUMNS; c++) {
          let gradient = gradients[k * TILE_N + c * WG_X + local % WG_X];
          // @unroll
          for (var r = 0u; r < 4u; r++) {
            sum[q * 4u + r][c] += quad[r] * gradient;
          }
        }
      }
    }
  }

  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    let row = first_row + local / WG_X * ROWS + r;
    // @unroll
    for (var c = 0u; c < COLUMNS; c++) {
      let channel = first_channel + c * WG_X + local % WG_X;
      if (row < M_ALL && channel < GROUP_OUT) {
        partials[(slice * M_ALL + row) * OUT_C + group * GROUP_OUT + channel] = sum[r][c];
      }
    }
  }
}
