// Simple recurrent network, a whole sequence in one dispatch (Elman 1990)
//
//   h ← φ(x_t W + b + h U)     the new state is a layer of the input and of the state before
//
//   projected  x W + b of all steps, [BATCH, STEPS, UNITS]: one matrix product before this kernel
//   weights    U [UNITS, UNITS]
//   mask       [BATCH, STEPS]: where it is 0 the state stays as it is
//   initial    h before the first step [BATCH, UNITS]; else zeros
//   hidden     h after each step [BATCH, STEPS, UNITS]
//
// For example, one unit with U = 0.5 and x W + b = (1, 0): h = tanh(1) = 0.762, then tanh(0.381) = 0.364.
//
// A step needs all of h from the step before, so that steps cannot run side by side; rows of the batch can. A workgroup
// takes ROWS rows through all steps, and nothing else has to wait for it. An invocation owns a Value of units (or
// PER_LANE of them). h lies in workgroup memory, twice: a step reads one copy and writes the other, so that one barrier
// ends it. U is read again in each step, from a cache; each weight that is read serves ROWS rows.
//
// FLOPs: 2 · BATCH · STEPS · UNITS². Bytes: 8 · BATCH · STEPS · UNITS and U, from a cache BATCH / ROWS · STEPS times.
// Reference: test/reference/recurrent.ts. Read next: simple_rnn_gradient.wgsl, lstm.wgsl.

alias Value = f32; // neighbouring units: vec4f where 4 divides UNITS

const BATCH: u32 = 32u;
const STEPS: u32 = 12u;
const UNITS: u32 = 16u;
const WIDTH: u32 = 1u; // units of a Value
const VALUES: u32 = UNITS / WIDTH;
const ROWS: u32 = 4u; // of the batch, in a workgroup // @tune 1 2 4 8
const PER_LANE: u32 = 1u; // Values of an invocation
const REVERSED: bool = false; // from the last step to the first
const MASKED: bool = false;
const INITIAL: bool = false;
const ROLLED: bool = false; // keep loops as loops: software adapters compile each unrolled load for long
const WORKGROUP_SIZE: u32 = 16u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> projected: array<Value>;
@group(0) @binding(1) var<storage, read> weights: array<Value>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> initial: array<Value>;
@group(0) @binding(4) var<storage, read_write> hidden: array<Value>;

var<workgroup> states: array<f32, 2u * ROWS * UNITS>; // [copy, row, unit]

// φ, as the layer names it.
fn activation(x: Value) -> Value { return tanh_safe(x); }

// Unit i of a Value. For Value = vec4f the body becomes: x[i].
fn component(x: Value, i: u32) -> f32 { return x; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let first_row = (workgroup_id.y * GRID_X + workgroup_id.x) * ROWS;
  if (first_row >= BATCH) {
    return; // all invocations of the workgroup return together
  }
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  var own: array<Value, PER_LANE * ROWS>; // h of the units that this invocation owns
  for (var j = zero; j < PER_LANE; j++) {
    let unit = j * WORKGROUP_SIZE + local_id.x;
    for (var r = zero; r < ROWS; r++) {
      let place = min(first_row + r, BATCH - 1u) * VALUES + min(unit, VALUES - 1u);
      if (INITIAL) {
        own[j * ROWS + r] = initial[place];
      }
      if (unit < VALUES) {
        // @unroll
        for (var i = 0u; i < WIDTH; i++) {
          states[r * UNITS + unit * WIDTH + i] = component(own[j * ROWS + r], i);
        }
      }
    }
  }
  workgroupBarrier();

  for (var step = zero; step < STEPS; step++) {
    let t = select(step, STEPS - 1u - step, REVERSED);
    let before = step % 2u * (ROWS * UNITS);
    let after = ROWS * UNITS - before;
    for (var j = zero; j < PER_LANE; j++) {
      let unit = j * WORKGROUP_SIZE + local_id.x;
      let inside = min(unit, VALUES - 1u);
      var sums: array<Value, ROWS>; // h U
      for (var k = zero; k < UNITS; k++) {
        let weight = weights[k * VALUES + inside];
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          sums[r] = fma(Value(states[before + r * UNITS + k]), weight, sums[r]);
        }
      }
      var of_state: array<Value, ROWS>; // the sums in memory, for the loop
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        of_state[r] = sums[r];
      }
      for (var r = zero; r < ROWS; r++) {
        let at = min(first_row + r, BATCH - 1u) * STEPS + t;
        let next = activation(projected[at * VALUES + inside] + of_state[r]);
        var counts = true;
        if (MASKED) {
          counts = mask[at] != 0.0;
        }
        own[j * ROWS + r] = select(own[j * ROWS + r], next, counts);
        if (unit < VALUES) {
          // @unroll
          for (var i = 0u; i < WIDTH; i++) {
            states[after + r * UNITS + unit * WIDTH + i] = component(own[j * ROWS + r], i);
          }
          if (first_row + r < BATCH) {
            hidden[at * VALUES + unit] = own[j * ROWS + r];
          }
        }
      }
    }
    workgroupBarrier();
  }
}
