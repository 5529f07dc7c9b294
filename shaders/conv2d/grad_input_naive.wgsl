// Gradient of a convolution with respect to its input: naive
//
//   dx[n, iy, ix, ic] = Σ_{kh, kw, oc}  dy[n, oy, ox, oc] · weights[kh, kw, ic, oc]
//
// over the taps through which an output read this input: oy · STRIDE + kh · DILATION - PAD = iy must have an integer
// solution oy within the output, and ox likewise. The transposed convolution computes the same.
//
//   dy       [BATCH, OUT…, GROUPS · GROUP_OUT]
//   weights  [KERNEL…, GROUP_IN, GROUPS · GROUP_OUT]
//   dx       [BATCH, IN…, GROUPS · GROUP_IN]
//
// One invocation computes one element of dx. It gathers, so that no two invocations write to the same place. With
// stride s about one tap in s² has a solution, but all are tried. phase_weights.wgsl lists those that have one.
//
// FLOPs 2 · BATCH · OUT · KERNEL · GROUP_IN · GROUP_OUT · GROUPS; bytes at least 4 · (dy + weights + dx).
//
// Reference: test/reference/conv2d.ts. Read next: phase_weights.wgsl, 2_direct.wgsl.

// Pairs are along [height, width].
const BATCH: u32 = 2u;
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 3u;
const GROUP_OUT: u32 = 4u;
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const KERNEL: array<u32, 2> = array<u32, 2>(3u, 3u);
const STRIDE: array<u32, 2> = array<u32, 2>(1u, 1u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const PAD: array<u32, 2> = array<u32, 2>(0u, 0u);
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

const IN_C: u32 = GROUPS * GROUP_IN;
const OUT_C: u32 = GROUPS * GROUP_OUT;

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(10) var<storage, read> extra_0: array<f32>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<f32>;
@group(0) @binding(12) var<storage, read> extra_2: array<f32>;

alias Value = f32;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= BATCH * IN[0] * IN[1] * IN_C) {
    return;
  }
  let ic = index % IN_C;
  let ix = index / IN_C % IN[1];
  let iy = index / (IN_C * IN[1]) % IN[0];
  let n = index / (IN_C * IN[1] * IN[0]);
  let first_out = ic / GROUP_IN * GROUP_OUT;

  var sum = 0.0;
  for (var kh = 0u; kh < KERNEL[0]; kh++) {
    for (var kw = 0u; kw < KERNEL[1]; kw++) {
      let y = iy + PAD[0] - kh * DILATION[0];
      let x = ix + PAD[1] - kw * DILATION[1];
      let met = kh * DILATION[0] <= iy + PAD[0] && kw * DILATION[1] <= ix + PAD[1];
      if (met && y % STRIDE[0] == 0u && x % STRIDE[1] == 0u && y / STRIDE[0] < OUT[0] && x / STRIDE[1] < OUT[1]) {
        let pixel = ((n * OUT[0] + y / STRIDE[0]) * OUT[1] + x / STRIDE[1]) * OUT_C + first_out;
        let row = ((kh * KERNEL[1] + kw) * GROUP_IN + ic % GROUP_IN) * OUT_C + first_out;
        for (var at = pixel; at < pixel + GROUP_OUT; at++) {
          sum += dy[at] * weights[row + at - pixel];
        }
      }
    }
  }
  dx[index] = epilogue(sum, index, ic);
}
