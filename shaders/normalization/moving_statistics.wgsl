// Moving statistics of batch normalization
//
//   moving mean      <- momentum · moving mean + (1 − momentum) · batch mean
//   moving variance  <- momentum · moving variance + (1 − momentum) · batch variance
//
//   mean, variance                 [C] of the batch; the variance is the biased one, as in Keras
//   moving_mean, moving_variance   [C], changed in place
//   guard                          u32 [4]: a step of training that is not made (optimizer/verdict.wgsl) leaves them as
//                                  they are; if GUARDED
//
// One invocation updates one channel. FLOPs and bytes: those of a few channels.

const CHANNELS: u32 = 64u;
const MOMENTUM: f32 = 0.99;
const WEIGHT: f32 = 0.01; // 1 − momentum
const GUARDED: bool = false;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128

@group(0) @binding(0) var<storage, read> mean: array<f32>;
@group(0) @binding(1) var<storage, read> variance: array<f32>;
@group(0) @binding(2) var<storage, read> guard: array<u32>;
@group(0) @binding(4) var<storage, read_write> moving_mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> moving_variance: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let channel = global_id.x;
  if (channel >= CHANNELS) {
    return;
  }
  if (GUARDED) {
    if (guard[0] != 0u) { return; }
  }
  moving_mean[channel] = MOMENTUM * moving_mean[channel] + WEIGHT * mean[channel];
  moving_variance[channel] = MOMENTUM * moving_variance[channel] + WEIGHT * variance[channel];
}
