// FTRL-Proximal: "follow the regularized leader", with a rate for each parameter; L1 makes weights exactly 0
//
//   n' = n + g²                                n the sum of squares, starting at n₀
//   z <- z + g + 2 λs w - σ w                  σ = (n'^p - n^p) / η
//   w <- (clamp(z, -λ1, λ1) - z) / ((β + n'^p) / η + 2 λ2),   n <- n'
//
//   (McMahan et al. 2013, "Ad click prediction", algorithm 1, with p = 1/2; p, λs and the factors 2 as in Keras). z starts
//   from 0, so the first update does not start from the initial weights: they count only through g, σ and λs.
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   sum_of_squares          n - n₀, from 0
//   linear                  z, from 0
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//   faults                  u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any (shared/optimizer.wgsl)
//
// One invocation updates four parameters. About 20 FLOPs and 28 bytes per parameter: memory-bound.
//
// Reference: test/reference/optimizers.ts.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const POWER: f32 = 0.5; // p, at least 0
const INITIAL: f32 = 0.1; // n₀
const L1: f32 = 0.0; // λ1
const L2: f32 = 0.0; // λ2
const SHRINKAGE: f32 = 0.0; // λs
const BETA: f32 = 0.0; // β
const STEPS: u32 = 1u; // steps whose gradients are summed for one update
const TRIAL: bool = false; // only looks for faults: writes nothing else
const OFFSET: u32 = 0u; // place of its first fault
const PLACE: u32 = 0u; // number of its first vec4f among those of all optimizers
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> sum_of_squares: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> linear: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> averages: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> faults: array<u32>;

// The simplest bodies. For schedules, penalties, clipping, weight decay and averages they are replaced by calls of
// functions in shared/optimizer.wgsl and shared/schedules.wgsl.
fn learning_rate() -> f32 { return hyper[0]; }
fn gradient(i: u32) -> vec4f { return gradients[i]; }
fn weight(i: u32, rate: f32) -> vec4f { return parameters[i]; }
fn store(i: u32, w: vec4f) { parameters[i] = w; }

// Steps before this one. verdict.wgsl increments the count between the trial and the update.
fn steps_done() -> u32 {
  if (TRIAL) { return state[0]; }
  return state[0] - 1u;
}

// STEPS steps make one update, in the last of them.
fn updates_done() -> u32 { return steps_done() / STEPS; }
fn due() -> bool { return STEPS == 1u || steps_done() % STEPS == STEPS - 1u; }

// n^p; pow is not defined at 0.
fn power(n: vec4f) -> vec4f {
  if (POWER == 0.5) { return sqrt(n); }
  if (POWER == 0.0) { return vec4f(1.0); }
  return select(pow(max(n, vec4f(1e-38)), vec4f(POWER)), vec4f(0.0), n == vec4f(0.0));
}

// n'^p - n^p. For p = 1/2 it is g² / (√n' + √n), which does not cancel.
fn growth(before: vec4f, after: vec4f, square: vec4f) -> vec4f {
  if (POWER != 0.5) { return after - before; }
  return select(square / (after + before), vec4f(0.0), square == vec4f(0.0));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  if (!TRIAL && (state[7] != 0u || !due())) {
    return;
  }
  let rate = learning_rate();
  let g = gradient(i);
  let old = weight(i, rate);
  let s = sum_of_squares[i] + g * g;
  let before = power(INITIAL + sum_of_squares[i]);
  let after = power(INITIAL + s);
  let z = linear[i] + (g + 2.0 * SHRINKAGE * old) - growth(before, after, g * g) / rate * old;
  let clipped = clamp(z, vec4f(-L1), vec4f(L1)) - z;
  // Where n and all penalties are 0 this is 0 / 0; the result is 0.
  let w = select(clipped / ((BETA + after) / rate + 2.0 * L2), vec4f(0.0), clipped == vec4f(0.0));
  if (TRIAL) {
    let overflow = not_finite(w) || not_finite(s) || not_finite(z);
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && overflow);
    return;
  }
  sum_of_squares[i] = s;
  linear[i] = z;
  store(i, w);
}
