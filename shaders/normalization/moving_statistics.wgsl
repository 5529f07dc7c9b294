// Moving statistics of batch normalization
//
//   moving mean      <- momentum · moving mean + (1 − momentum) · batch mean
//   moving variance  <- momentum · moving variance + (1 − momentum) · batch variance
//
//   mean, variance                 [C] of the batch; the variance is the biased one, as in Keras
//   moving_mean, moving_variance   [C], changed in place, unless PROPOSE
//
// A training step only proposes them (PROPOSE). If the step is made, optimizer/accept.wgsl copies them:
//
//   proposed  f32: the new moving statistics, from MEAN_OFFSET and VARIANCE_OFFSET on, zeros up to PADDED channels. If
//             CHAINED, an earlier call in this step has proposed values already, and this call starts from those
//   faults    u32 [PADDED] from FAULT_OFFSET on: the fault of each channel, if any (shared/optimizer.wgsl)
//
// One invocation updates one channel: 6 FLOPs and 24 to 28 bytes, for few channels: the run time is launch latency.
//
// Reference: test/reference/normalization.ts.

const CHANNELS: u32 = 64u;
const PADDED: u32 = 64u; // invocations that write
const MOMENTUM: f32 = 0.99;
const WEIGHT: f32 = 0.01; // 1 − momentum
const PROPOSE: bool = false;
const CHAINED: bool = false;
const MEAN_OFFSET: u32 = 0u;
const VARIANCE_OFFSET: u32 = 64u;
const FAULT_OFFSET: u32 = 0u;
const MEAN_PLACE: u32 = 0u; // number of its first vec4f among all values that trials check
const VARIANCE_PLACE: u32 = 16u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> mean: array<f32>;
@group(0) @binding(1) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read_write> moving_mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> moving_variance: array<f32>;
@group(0) @binding(6) var<storage, read_write> proposed: array<f32>;
@group(0) @binding(7) var<storage, read_write> faults: array<u32>;

fn old_mean(channel: u32) -> f32 {
  if (CHAINED) { return proposed[MEAN_OFFSET + channel]; }
  return moving_mean[channel];
}

fn old_variance(channel: u32) -> f32 {
  if (CHAINED) { return proposed[VARIANCE_OFFSET + channel]; }
  return moving_variance[channel];
}

fn propose(channel: u32, mean_now: f32, variance_now: f32, least: u32) {
  proposed[MEAN_OFFSET + channel] = mean_now;
  proposed[VARIANCE_OFFSET + channel] = variance_now;
  faults[FAULT_OFFSET + channel] = least;
}

fn statistic_fault(place: u32, before: f32, now: f32) -> u32 {
  return fault(place, vec4f(before), vec4f(0.0), not_finite(vec4f(now)));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let channel = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (channel >= PADDED) {
    return;
  }
  if (channel >= CHANNELS) {
    if (PROPOSE) { propose(channel, 0.0, 0.0, NO_FAULT); }
    return;
  }
  let mean_before = old_mean(channel);
  let variance_before = old_variance(channel);
  let mean_now = MOMENTUM * mean_before + WEIGHT * mean[channel];
  let variance_now = MOMENTUM * variance_before + WEIGHT * variance[channel];
  if (PROPOSE) {
    let least = min(
      statistic_fault(MEAN_PLACE + channel / 4u, mean_before, mean_now),
      statistic_fault(VARIANCE_PLACE + channel / 4u, variance_before, variance_now),
    );
    propose(channel, mean_now, variance_now, least);
    return;
  }
  moving_mean[channel] = mean_now;
  moving_variance[channel] = variance_now;
}
