// Gradient of a convolution with respect to its weights 1: naive
//
//   dw[kh, kw, ic, oc] = Σ_{n, oy, ox}  x[n, oy·STRIDE + kh·DILATION - PAD, (ox likewise), ic] · dy[n, oy, ox, oc]
//
//   x   [BATCH, IN…, GROUPS · GROUP_IN]
//   dy  [BATCH, OUT…, OUT_C]
//   dw  [KERNEL…, GROUP_IN, OUT_C]
//
// One invocation computes the gradient of one weight. There are few weights and very many positions: in a first layer
// of 3 × 3 × 1 × 32 only 288 invocations work, each adding hundreds of thousands of products, on a GPU with room for
// tens of thousands of invocations. The next versions split the sum.
//
// FLOPs 2 · BATCH · OUT · KERNEL · GROUP_IN · OUT_C; bytes at least 4 · (x + dy + dw).
//
// Reference: test/reference/conv2d.ts. Read next: grad_filter_2_direct.wgsl.

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

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dw: array<f32>;
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
  if (index >= KERNEL[0] * KERNEL[1] * GROUP_IN * OUT_C) {
    return;
  }
  let oc = index % OUT_C;
  let ic = index / OUT_C % GROUP_IN + oc / (OUT_C / GROUPS) * GROUP_IN;
  let kw = index / (OUT_C * GROUP_IN) % KERNEL[1];
  let kh = index / (OUT_C * GROUP_IN * KERNEL[1]);

  var sum = 0.0;
  for (var n = 0u; n < BATCH; n++) {
    for (var oy = 0u; oy < OUT[0]; oy++) {
      // Above and left of the image u32 wraps around to huge numbers, which fail the test too.
      let in_y = oy * STRIDE[0] + kh * DILATION[0] - PAD[0];
      var in_x = kw * DILATION[1] - PAD[1];
      let row = (n * OUT[0] + oy) * OUT[1] * OUT_C + oc;
      for (var at = row; at < row + OUT[1] * OUT_C; at += OUT_C) {
        if (in_y < IN[0] && in_x < IN[1]) {
          sum += x[((n * IN[0] + in_y) * IN[1] + in_x) * (GROUPS * GROUP_IN) + ic] * dy[at];
        }
        in_x += STRIDE[1];
      }
    }
  }
  dw[index] = epilogue(sum, index, oc);
}
