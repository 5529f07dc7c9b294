// Weights of the input gradient's phases
//
// The gradient of a convolution with respect to its input,
//   dx[iy, …, ic] = Σ over oy, kh with  oy · STRIDE + kh · DILATION - PAD = iy  of  dy[oy, …, oc] · w[kh, …, ic, oc],
// has STRIDE phases: phase f holds the rows iy = f, f + STRIDE, …. They meet only the taps with kh · DILATION ≡ f + PAD
// modulo STRIDE, which are FIRST[f], FIRST[f] + STEP, …, with STEP = STRIDE / gcd(STRIDE, DILATION).
//
// For example, stride 2, four taps, padding 1. Row iy meets tap kh at output row oy = (iy + 1 - kh) / 2:
//   iy = 0: kh = 1 at oy = 0, kh = 3 at oy = -1 (outside)        phase 0: taps 1 and 3
//   iy = 1: kh = 0 at oy = 1, kh = 2 at oy = 0                   phase 1: taps 0 and 2
//   iy = 2: kh = 1 at oy = 1, kh = 3 at oy = 0                   phase 0 again
// So each phase is a dense convolution of stride 1 over dy. A 4 × 4 kernel of stride 2 becomes four kernels of 2 × 2, and
// no product with a zero between the strides is computed. As oy falls when kh rises, the taps of a phase are stored in
// falling order of kh. Input and output channels change places. If DENSE, a phase with fewer taps than the largest has
// its taps without gaps, and the zeros come last.
//
//   weights  [KERNEL…, GROUP_OUT, GROUPS · GROUP_IN]             f32: those of the forward pass
//   output   [PHASES…, TAPS…, GROUP_IN, GROUPS · GROUP_OUT]      f32: input of 2_direct.wgsl and 3_implicit_gemm.wgsl
// "in" and "out" are named as the gradient sees them: it reads dy (in) and writes dx (out).
//
// One invocation copies one number, or writes 0 where a phase has fewer taps than the largest. Bytes: 8 per number.
// Weights are small compared with activations, and the main kernel then reads them in order.
//
// Reference: test/reference/conv2d.ts.

const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 8u;
const GROUP_OUT: u32 = 4u;
// Pairs are along [height, width].
const KERNEL: array<u32, 2> = array<u32, 2>(3u, 3u);
const TAPS: array<u32, 2> = array<u32, 2>(3u, 3u); // of the largest phase
const PHASES: array<u32, 2> = array<u32, 2>(1u, 1u);
const FIRST_H: array<u32, 1> = array<u32, 1>(0u); // by phase: its smallest tap kh
const FIRST_W: array<u32, 1> = array<u32, 1>(0u);
const PHASE_TAPS_H: array<u32, 1> = array<u32, 1>(3u); // by phase: how many taps it has
const PHASE_TAPS_W: array<u32, 1> = array<u32, 1>(3u);
const STEP: array<u32, 2> = array<u32, 2>(1u, 1u); // between the taps of a phase
const DENSE: bool = false;
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u;

const OUT_C: u32 = GROUPS * GROUP_OUT;
const SIZE: u32 = PHASES[0] * PHASES[1] * TAPS[0] * TAPS[1] * GROUP_IN * OUT_C;

@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let channel_out = index % OUT_C;
  let channel_in = index / OUT_C % GROUP_IN;
  let tap = index / (OUT_C * GROUP_IN) % (TAPS[0] * TAPS[1]);
  let phase = index / (OUT_C * GROUP_IN * TAPS[1] * TAPS[0]);
  let taps_h = PHASE_TAPS_H[phase / PHASES[1]];
  let taps_w = PHASE_TAPS_W[phase % PHASES[1]];
  let across = max(select(TAPS[1], taps_w, DENSE), 1u);
  let a = tap / across;
  let b = tap % across;

  var value = 0.0;
  if (a < taps_h && b < taps_w) {
    let kh = FIRST_H[phase / PHASES[1]] + (taps_h - 1u - a) * STEP[0];
    let kw = FIRST_W[phase % PHASES[1]] + (taps_w - 1u - b) * STEP[1];
    let group = channel_out / GROUP_OUT;
    let row = (kh * KERNEL[1] + kw) * GROUP_OUT + channel_out % GROUP_OUT;
    value = weights[row * (GROUPS * GROUP_IN) + group * GROUP_IN + channel_in];
  }
  output[index] = value;
}
