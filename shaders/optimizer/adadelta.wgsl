// Adadelta: steps in the units of the parameter, computed from the root mean squares of past steps and gradients
//
//   s <- ρ s + (1 - ρ) g²
//   Δ = -√(d + ε) / √(s + ε) · g
//   d <- ρ d + (1 - ρ) Δ²
//   w <- w + η Δ                               (Zeiler 2012, algorithm 1, where η is 1)
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   mean_square             s, of the gradients, from 0
//   mean_square_step        d, of the steps, from 0
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//   faults                  u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any (shared/optimizer.wgsl)
//
// One invocation updates four parameters. About 17 FLOPs and 28 bytes per parameter: memory-bound.
// ε stands inside the roots. d starts at 0, so ε alone gives the first steps a size: √ε / √(s + ε) · g.
//
// Reference: test/reference/optimizers.ts.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const ONE_MINUS_RHO: f32 = 0.05; // 1 - ρ, computed in float64, rounded once
const EPSILON: f32 = 1e-7; // ε
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
@group(0) @binding(4) var<storage, read_write> mean_square: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> mean_square_step: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> averages: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> faults: array<u32>;

// The simplest bodies. For schedules, penalties, clipping, weight decay and averages they are replaced by calls of
// functions in shared/optimizer.wgsl and shared/schedules.wgsl.
fn learning_rate() -> f32 { return hyper[0]; }
fn gradient(i: u32) -> vec4f { return gradients[i]; }
fn updated(i: u32, change: vec4f, rate: f32) -> vec4f { return parameters[i] + change; }
fn store(i: u32, w: vec4f) { parameters[i] = w; }

// Steps before this one. verdict.wgsl increments the count between the trial and the update.
fn steps_done() -> u32 {
  if (TRIAL) { return state[0]; }
  return state[0] - 1u;
}

// STEPS steps make one update, in the last of them.
fn updates_done() -> u32 { return steps_done() / STEPS; }
fn due() -> bool { return STEPS == 1u || steps_done() % STEPS == STEPS - 1u; }

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
  var s = mean_square[i];
  var d = mean_square_step[i];
  s += ONE_MINUS_RHO * (g * g - s);
  let change = -sqrt(d + EPSILON) / sqrt(s + EPSILON) * g;
  d += ONE_MINUS_RHO * (change * change - d);
  let w = updated(i, rate * change, rate);
  if (TRIAL) {
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && (not_finite(w) || not_finite(s) || not_finite(d)));
    return;
  }
  mean_square[i] = s;
  mean_square_step[i] = d;
  store(i, w);
}
