// Gradient of a convolution with respect to its weights 2: direct, from registers
//
//   partials[s, m, oc] = Σ over the positions p of slice s of  patches[p, m] · dy[p, oc]
//
// where m = (kh, kw, ic) is a row of the weights, p = (n, oy, ox) an output position, and patches[p, m] the input that
// the tap (kh, kw) reads there: x[n, oy·STRIDE + kh·DILATION - PAD, (ox likewise), ic], or 0 outside the image. If BIAS,
// patches has one more row, m = M, of ones: it gives Σ_p dy[p, oc], the gradient of a bias added to the output.
//
//   x         [BATCH, IN…, GROUPS · GROUP_IN]     f32
//   dy        [BATCH, OUT…, OUT_C]                Values
//   partials  [SLICES, M + BIAS, OUT_C]           Values, added by grad_filter_reduce.wgsl
//
// One invocation computes ROWS rows × CHANNELS Values, in registers, and walks along the STEPS positions of its slice.
// At each position it loads ROWS numbers of x and CHANNELS Values of dy, and multiplies each with each. Many slices
// keep all cores busy although there are few weights. The sums of the slices are added in a fixed order afterwards, so
// the result has the same bits in every run. There is no workgroup memory and no barrier.
//
// FLOPs 2 · BATCH · OUT · KERNEL · GROUP_IN · OUT_C; bytes at least 4 · (x + dy + partials).
//
// Reference: test/reference/conv2d.ts. Read next: grad_filter_3_implicit_gemm.wgsl, grad_filter_4_broadcast.wgsl.

alias Value = f32; // output channels: vec4f or f32

// Pairs are along [height, width].
const BATCH: u32 = 2u;
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 3u; // input channels of a group
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const OUT_C: u32 = 4u; // output channels of all groups, in Values
const KERNEL: array<u32, 2> = array<u32, 2>(3u, 3u);
const STRIDE: array<u32, 2> = array<u32, 2>(1u, 1u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const PAD: array<u32, 2> = array<u32, 2>(0u, 0u); // top, left
const PADDED: bool = false; // some tap may fall outside the image
const BIAS: bool = false;

const ROWS: u32 = 4u; // rows per invocation // @tune 4 5 6 8 9
const CHANNELS: u32 = 4u; // in Values; divides OUT_C / GROUPS // @tune 1 2 4
const SLICES: u32 = 2u;
const STEPS: u32 = 36u; // positions of a slice; the last slice may have fewer
const WORKGROUP_SIZE: u32 = 32u;
const GRID_X: u32 = 65535u;

const IN_C: u32 = GROUPS * GROUP_IN;
const POSITIONS: u32 = BATCH * OUT[0] * OUT[1];
const M: u32 = KERNEL[0] * KERNEL[1] * GROUP_IN;
const M_ALL: u32 = M + u32(BIAS);
const BLOCKS: u32 = (M_ALL + ROWS - 1u) / ROWS;
const ONE_TAP: bool = GROUP_IN % ROWS == 0u; // the rows of an invocation differ in ic only

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(4) var<storage, read_write> partials: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let lane = (workgroup_id.z * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  let first_row = lane % BLOCKS * ROWS;
  let slice = lane / BLOCKS;
  let channel = workgroup_id.y * CHANNELS;
  let first_in = channel / (OUT_C / GROUPS) * GROUP_IN;
  if (slice >= SLICES) {
    return;
  }

  // The place that each row reads for position 0. Above and left of the image u32 wraps around.
  var tap_y: array<u32, ROWS>;
  var tap_x: array<u32, ROWS>;
  var tap_c: array<u32, ROWS>;
  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    let row = min(first_row + select(r, 0u, ONE_TAP), M - 1u);
    tap_y[r] = row / (KERNEL[1] * GROUP_IN) * DILATION[0] - PAD[0];
    tap_x[r] = row / GROUP_IN % KERNEL[1] * DILATION[1] - PAD[1];
    tap_c[r] = first_in + row % GROUP_IN + select(0u, r, ONE_TAP);
  }

  var sum: array<array<Value, CHANNELS>, ROWS>;
  for (var position = slice * STEPS; position < min((slice + 1u) * STEPS, POSITIONS); position++) {
    let n = position / (OUT[0] * OUT[1]);
    let oy = position / OUT[1] % OUT[0] * STRIDE[0];
    let ox = position % OUT[1] * STRIDE[1];
    var gradient: array<Value, CHANNELS>;
    // @unroll
    for (var c = 0u; c < CHANNELS; c++) {
      gradient[c] = dy[position * OUT_C + channel + c];
    }
    // @unroll
    for (var r = 0u; r < ROWS; r++) {
      let inside = !PADDED || (oy + tap_y[r] < IN[0] && ox + tap_x[r] < IN[1]);
      let at = ((n * IN[0] + oy + tap_y[r]) * IN[1] + ox + tap_x[r]) * IN_C + tap_c[r];
      var value = select(0.0, x[select(0u, at, inside)], inside);
      if (BIAS) {
        value = select(value, 1.0, first_row + r == M);
      }
      // @unroll
      for (var c = 0u; c < CHANNELS; c++) {
        sum[r][c] += value * gradient[c];
      }
    }
  }

  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    if (first_row + r < M_ALL) {
      // @unroll
      for (var c = 0u; c < CHANNELS; c++) {
        partials[(slice * M_ALL + first_row + r) * OUT_C + channel + c] = sum[r][c];
      }
    }
  }
}
