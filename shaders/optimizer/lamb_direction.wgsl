// The direction of Lamb's step, whose norm must be known before the update
//
//   m' = β1 m + (1 - β1) g,   v' = β2 v + (1 - β2) g²
//   direction = m' / (1 - β1^t) / (√(v' / (1 - β2^t)) + ε)       t = 1, 2, …
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   mean, mean_square       m and v, not changed
//   direction               receives the direction
//   state                   u32: state[0] = steps done
//   hyper                   f32, for clipping (norm.wgsl, segment_norms.wgsl)
//
// One invocation computes four values. About 14 FLOPs and 16 bytes per parameter: memory-bound.
//
// Reference: test/reference/layerwiseOptimizers.ts.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const ONE_MINUS_BETA_1: f32 = 0.1; // 1 - β1, computed in float64, rounded once
const ONE_MINUS_BETA_2: f32 = 0.001;
const LOG_BETA_1: f32 = -0.105360515658; // ln β1
const LOG_BETA_2: f32 = -0.00100050033358;
const EPSILON: f32 = 1e-7; // ε
const STEPS: u32 = 1u; // steps whose gradients are summed for one update
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read> mean: array<vec4f>;
@group(0) @binding(5) var<storage, read> mean_square: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> direction: array<vec4f>;

// The gradient as the update sees it: penalties and clipping replace this body.
fn gradient(i: u32) -> vec4f { return gradients[i]; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  let t = f32(state[0] / STEPS) + 1.0;
  let corrections = 1.0 / vec2f(one_minus_power(LOG_BETA_1, t), one_minus_power(LOG_BETA_2, t));
  let g = gradient(i);
  let m = mean[i] + ONE_MINUS_BETA_1 * (g - mean[i]);
  let v = mean_square[i] + ONE_MINUS_BETA_2 * (g * g - mean_square[i]);
  direction[i] = corrections.x * m / (sqrt(corrections.y * v) + EPSILON);
}
