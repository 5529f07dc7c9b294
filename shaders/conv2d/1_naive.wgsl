// Convolution 1: naive
//
//   output[n, y, x, oc] = Σ_{kh, kw, ic}  input[n, y·STRIDE + kh·DILATION - PAD, (x likewise), ic]
//                                       · weights[kh, kw, ic, oc]
//
// (a cross-correlation, which deep learning calls convolution: the kernel is not flipped). Inputs outside the image
// count as 0. With GROUPS > 1 the channels are divided into groups, and each output reads the inputs of its own group.
//
//   input    [BATCH, IN…, GROUPS · GROUP_IN]
//   weights  [KERNEL…, GROUP_IN, OUT_C]
//   output   [BATCH, OUT…, OUT_C]
//
// For example, a 3 × 3 kernel over a 4 × 4 image. The window fits at four places, so the output is 2 × 2:
//
//   1 2 3 0
//   0 1 2 3       0  1  0       0 0        output[1, 0] = 1 - 4 · 0 + 3 + 1 + 3 = 8: the pixel in the middle
//   3 0 1 2   ∗   1 -4  1   =   8 0        of that window is 0, its four neighbours are 1, 3, 1 and 3
//   2 3 0 1       0  1  0
//
// One invocation computes one output, exactly as the formula says. Neighbouring invocations compute neighbouring
// channels: they read the same inputs and neighbouring weights. A position (kh, kw) of the kernel is called a tap.
//
// FLOPs 2 · BATCH · OUT · OUT_C · KERNEL · GROUP_IN, where OUT and KERNEL are products of their two numbers. Every
// multiply-add loads two numbers, 4 bytes per FLOP, so the caches limit the speed, far below what the cores can compute.
//
// Reference: test/reference/conv2d.ts. Read next: 2_direct.wgsl, and grad_input_naive.wgsl for the gradient.

// Pairs are along [height, width].
const BATCH: u32 = 2u;
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const GROUPS: u32 = 1u;
const GROUP_IN: u32 = 3u; // input channels of a group
const OUT: array<u32, 2> = array<u32, 2>(6u, 6u);
const OUT_C: u32 = 4u; // output channels of all groups
const KERNEL: array<u32, 2> = array<u32, 2>(3u, 3u);
const STRIDE: array<u32, 2> = array<u32, 2>(1u, 1u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const PAD: array<u32, 2> = array<u32, 2>(0u, 0u);
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
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
  if (index >= BATCH * OUT[0] * OUT[1] * OUT_C) {
    return;
  }
  let oc = index % OUT_C;
  let x = index / OUT_C % OUT[1];
  let y = index / (OUT_C * OUT[1]) % OUT[0];
  let n = index / (OUT_C * OUT[1] * OUT[0]);
  let first_in = oc / (OUT_C / GROUPS) * GROUP_IN;

  var sum = 0.0;
  for (var kh = 0u; kh < KERNEL[0]; kh++) {
    for (var kw = 0u; kw < KERNEL[1]; kw++) {
      // Above and left of the image u32 wraps around to huge numbers, which fail the test too.
      let in_y = y * STRIDE[0] + kh * DILATION[0] - PAD[0];
      let in_x = x * STRIDE[1] + kw * DILATION[1] - PAD[1];
      if (in_y < IN[0] && in_x < IN[1]) {
        let pixel = ((n * IN[0] + in_y) * IN[1] + in_x) * (GROUPS * GROUP_IN) + first_in;
        var row = (kh * KERNEL[1] + kw) * GROUP_IN;
        for (var at = pixel; at < pixel + GROUP_IN; at++) {
          sum += input[at] * weights[row * OUT_C + oc];
          row++;
        }
      }
    }
  }
  output[index] = epilogue(sum, index, oc);
}
