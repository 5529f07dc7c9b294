// Adafactor: steps in proportion to the weights, with mean squares of which only rows and columns are stored
//
//   û = u / max(1, RMS(u) / d)                 u of adafactor_direction.wgsl; root mean squares of each variable
//   w <- w - max(ε2, RMS(w)) min(η, 1 / √t) û            t = 1, 2, …
//
//   (Shazeer & Stern 2018, algorithm 4; weight decay comes first, as in Keras: RMS(w) is that of the decayed weights)
//
//   gradients, parameters      [4 LENGTH] f32, flat: all tensors of the model one after another
//   direction                  u, of this step
//   next_rows, next_columns    f32, flat: the new mean squares
//   averages                   moving averages of the parameters, if asked for
//   state                      u32: state[0] = steps done, state[7] = 0 if this step is to be made
//   hyper                      f32: hyper[0] = learning rate η; the norms (segment_norms.wgsl) and sizes of the variables
//   faults                     u32 [LENGTH] from OFFSET on, in a trial: the fault of each vec4f, if any
//                              (shared/optimizer.wgsl)
//
// One invocation updates four parameters. About 4 FLOPs and 12 bytes per parameter: memory-bound. retain.wgsl copies the
// new mean squares. Reference: test/reference/layerwiseOptimizers.ts.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const THRESHOLD: f32 = 1.0; // d
const EPSILON: f32 = 1e-3; // ε2
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
@group(0) @binding(4) var<storage, read> direction: array<vec4f>;
@group(0) @binding(5) var<storage, read> next_rows: array<vec4f>;
@group(0) @binding(6) var<storage, read> next_columns: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> averages: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> faults: array<u32>;

// The simplest bodies. For schedules, penalties, clipping, weight decay and averages they are replaced by calls of
// functions in shared/optimizer.wgsl and shared/schedules.wgsl.
fn learning_rate() -> f32 { return hyper[0]; }
fn updated(i: u32, change: vec4f, rate: f32) -> vec4f { return parameters[i] + change; }
fn store(i: u32, w: vec4f) { parameters[i] = w; }

// Of the variable that vec4f i belongs to: the norm of its weights and its scale, the norm of its direction and its
// scale; its weight decay at a rate of 1; its number of elements.
fn norms(i: u32) -> vec4f { return vec4f(hyper[3], hyper[4], hyper[5], hyper[6]); }
fn decay(i: u32) -> f32 { return 0.0; }
fn size(i: u32) -> f32 { return 64.0; }

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
  let lengths = norms(i);
  let root = sqrt(size(i));
  let weights = lengths.x / lengths.y * abs(1.0 - rate * decay(i)) / root;
  let step = lengths.z / lengths.w / root;
  let t = f32(updates_done()) + 1.0;
  let factor = max(EPSILON, weights) * min(rate, inverseSqrt(t)) / max(1.0, step / THRESHOLD);
  let w = updated(i, -factor * direction[i], rate);
  if (TRIAL) {
    let overflow = not_finite(w) || not_finite(next_rows[i]) || not_finite(next_columns[i]);
    faults[OFFSET + i] = fault(PLACE + i, parameters[i], gradients[i], due() && overflow);
    return;
  }
  store(i, w);
}
