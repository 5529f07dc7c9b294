// Gradient of the simple recurrent network through time, a whole sequence in one dispatch
//
// From the last step to the first, with dh the derivative of the loss by h after a step, and φ′ that of the activation
// (from its result: tanh′ = 1 − h²):
//
//   dp = dh φ′(h)          of the sum p = x_t W + b + h_before U
//   dh_before = dp Uᵀ
//
//   weights      Uᵀ [UNITS, UNITS]
//   hidden       h after each step [BATCH, STEPS, UNITS]
//   mask         [BATCH, STEPS]: where it is 0, dh goes on to the step before
//   d_hidden     dL/dh of each step [BATCH, STEPS, UNITS], without what comes through later steps
//   d_projected  dp [BATCH, STEPS, UNITS]
//   d_initial    where INITIAL: dL/dh before the first step [BATCH, UNITS]
//
// For example, one unit with U = 0.5, h = (0.762, 0.364) and d_hidden = (0, 1): dp = 1 − 0.364² = 0.867 in the second step,
// so dh = 0.434 after the first, and dp = 0.434 (1 − 0.762²) = 0.182 there.
//
// The gradients of W, U, the bias and x are products and sums of d_projected over all steps at once, and follow as kernels
// of their own. A workgroup takes ROWS rows through all steps, and an invocation owns a Value of units. A step has two
// halves: invocations write dp of their units to workgroup memory; then each multiplies all of them with its column of Uᵀ.
//
// FLOPs: 2 · BATCH · STEPS · UNITS². Bytes: 12 · BATCH · STEPS · UNITS and U, from a cache BATCH / ROWS · STEPS times.
// Reference: test/reference/recurrent.ts. Read next: lstm_gradient.wgsl.

alias Value = f32; // neighbouring units: vec4f where 4 divides UNITS

const BATCH: u32 = 32u;
const STEPS: u32 = 12u;
const UNITS: u32 = 16u;
const WIDTH: u32 = 1u; // units of a Value
const VALUES: u32 = UNITS / WIDTH;
const ROWS: u32 = 4u; // of the batch, in a workgroup // @tune 1 2 4 8
const PER_LANE: u32 = 1u; // Values of an invocation
const REVERSED: bool = false; // the forward pass goes from the last step to the first
const MASKED: bool = false;
const INITIAL: bool = false;
const ROLLED: bool = false; // keep loops as loops: software adapters compile each unrolled load for long
const WORKGROUP_SIZE: u32 = 16u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> weights: array<Value>;
@group(0) @binding(1) var<storage, read> hidden: array<Value>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> d_hidden: array<Value>;
@group(0) @binding(4) var<storage, read_write> d_projected: array<Value>;
@group(0) @binding(5) var<storage, read_write> d_initial: array<Value>;

var<workgroup> changes: array<f32, ROWS * UNITS>; // dp [row, unit]

// dL/dx of the activation φ, from its result y.
fn activation_gradient(y: Value, dy: Value) -> Value { return tanh_gradient(y, dy); }

// Unit i of a Value. For Value = vec4f the body becomes: x[i].
fn component(x: Value, i: u32) -> f32 { return x; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let first_row = (workgroup_id.y * GRID_X + workgroup_id.x) * ROWS;
  if (first_row >= BATCH) {
    return; // all invocations of the workgroup return together
  }
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  var d_own: array<Value, PER_LANE * ROWS>; // dh of the units that this invocation owns
  for (var step = zero; step < STEPS; step++) {
    let t = select(STEPS - 1u - step, step, REVERSED); // the forward pass's last step first
    for (var j = zero; j < PER_LANE; j++) {
      let unit = j * WORKGROUP_SIZE + local_id.x;
      let inside = min(unit, VALUES - 1u);
      for (var r = zero; r < ROWS; r++) {
        let at = min(first_row + r, BATCH - 1u) * STEPS + t;
        var counts = true;
        if (MASKED) {
          counts = mask[at] != 0.0;
        }
        let dh = d_hidden[at * VALUES + inside] + d_own[j * ROWS + r];
        let d = select(Value(0.0), activation_gradient(hidden[at * VALUES + inside], dh), counts);
        d_own[j * ROWS + r] = select(dh, Value(0.0), counts);
        if (unit < VALUES) {
          // @unroll
          for (var i = 0u; i < WIDTH; i++) {
            changes[r * UNITS + unit * WIDTH + i] = component(d, i);
          }
          if (first_row + r < BATCH) {
            d_projected[at * VALUES + unit] = d;
          }
        }
      }
    }
    workgroupBarrier();
    for (var j = zero; j < PER_LANE; j++) {
      let inside = min(j * WORKGROUP_SIZE + local_id.x, VALUES - 1u);
      var sums: array<Value, ROWS>;
      for (var n = zero; n < UNITS; n++) {
        let weight = weights[n * VALUES + inside];
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          sums[r] = fma(Value(changes[r * UNITS + n]), weight, sums[r]);
        }
      }
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        d_own[j * ROWS + r] += sums[r];
      }
    }
    workgroupBarrier();
  }
  if (INITIAL) {
    for (var j = zero; j < PER_LANE; j++) {
      let unit = j * WORKGROUP_SIZE + local_id.x;
      for (var r = zero; r < ROWS; r++) {
        if (unit < VALUES && first_row + r < BATCH) {
          let place = (first_row + r) * VALUES + unit;
          d_initial[place] = d_own[j * ROWS + r];
        }
      }
    }
  }
}
