// Normalization with known statistics as one multiplication and one addition per element
//
//   γ (x − mean) / √(variance + ε) + β  =  x · scale + shift
//   scale = γ / √(variance + ε)        shift = β − mean · scale
//
//   mean, variance  [C]
//   gamma, beta     [C], where SCALE and CENTER
//   scale, shift    [C]
//
// Batch normalization outside of training: the multiplication and the addition are then fused into the kernel before.
// One invocation computes one Value of both outputs. 5 FLOPs and 24 bytes per channel: the run time is launch latency.
//
// Reference: test/reference/normalization.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const CHANNELS: u32 = 64u; // in Values
const EPSILON: f32 = 0.001;
const SCALE: bool = true;
const CENTER: bool = true;
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> mean: array<Value>;
@group(0) @binding(1) var<storage, read> variance: array<Value>;
@group(0) @binding(2) var<storage, read> gamma: array<Value>;
@group(0) @binding(3) var<storage, read> beta: array<Value>;
@group(0) @binding(4) var<storage, read_write> scale_out: array<Value>;
@group(0) @binding(5) var<storage, read_write> shift_out: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let channel = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (channel >= CHANNELS) {
    return;
  }
  var factor = inverseSqrt(variance[channel] + Value(EPSILON));
  if (SCALE) {
    factor *= gamma[channel];
  }
  var offset = -mean[channel] * factor;
  if (CENTER) {
    offset += beta[channel];
  }
  scale_out[channel] = factor;
  shift_out[channel] = offset;
}
