// LSTM, a whole sequence in one dispatch (Hochreiter & Schmidhuber 1997; gates in Keras's order i, f, c, o)
//
//   i = ρ(x_t W_i + h U_i)     input gate: how much of the candidate enters the cell
//   f = ρ(x_t W_f + h U_f)     forget gate: how much of the cell stays
//   g = φ(x_t W_c + h U_c)     candidate
//   o = ρ(x_t W_o + h U_o)     output gate: how much of the cell is shown
//   c ← f c + i g              the cell
//   h ← o φ(c)                 the hidden state; ρ is the recurrent activation, φ the activation
//
//   projected  x W + b of all steps, [BATCH, STEPS, 4, UNITS]: one matrix product before this kernel
//   weights    U [UNITS, 4, UNITS]
//   mask       [BATCH, STEPS]: where it is 0 the states stay as they are
//   initial    h and c before the first step, [2, BATCH, UNITS]; else zeros
//   hidden     h after each step [BATCH, STEPS, UNITS]
//   kept       i, f, g, o, c of each step [BATCH, STEPS, 5, UNITS]: what the gradient needs, and the cell
//
// For example, one unit with c = 1, i = 0.5, f = 0.9, g = 0.2 and o = 0.5: c = 0.9 + 0.1 = 1, h = 0.5 tanh(1) = 0.381.
//
// A step needs all of h from the step before, so that steps cannot run side by side; rows of the batch can. A workgroup
// takes ROWS rows through all steps, and nothing else has to wait for it. An invocation owns a Value of units (or
// PER_LANE of them) and keeps their cell in registers. h lies in workgroup memory, twice: a step reads one copy and
// writes the other, so that one barrier ends it. U is read again in each step, from a cache; each weight that is read
// serves ROWS rows.
//
// FLOPs: 8 · BATCH · STEPS · UNITS² and about 30 per unit and step. Bytes: 40 · BATCH · STEPS · UNITS and U, from a
// cache BATCH / ROWS · STEPS times. Reference: test/reference/recurrent.ts. Read next: lstm_gradient.wgsl, gru.wgsl.

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
@group(0) @binding(5) var<storage, read_write> kept: array<Value>;

var<workgroup> states: array<f32, 2u * ROWS * UNITS>; // [copy, row, unit]

// φ and ρ, as the layer names them.
fn activation(x: Value) -> Value { return tanh_safe(x); }
fn recurrent_activation(x: Value) -> Value { return sigmoid(x); }

// Unit i of a Value. For Value = vec4f the body becomes: x[i].
fn component(x: Value, i: u32) -> f32 { return x; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let first_row = (workgroup_id.y * GRID_X + workgroup_id.x) * ROWS;
  if (first_row >= BATCH) {
    return; // all invocations of the workgroup return together
  }
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  var cell: array<Value, PER_LANE * ROWS>;
  var own: array<Value, PER_LANE * ROWS>; // h of the units that this invocation owns
  for (var j = zero; j < PER_LANE; j++) {
    let unit = j * WORKGROUP_SIZE + local_id.x;
    for (var r = zero; r < ROWS; r++) {
      let place = min(first_row + r, BATCH - 1u) * VALUES + min(unit, VALUES - 1u);
      if (INITIAL) {
        own[j * ROWS + r] = initial[place];
        cell[j * ROWS + r] = initial[BATCH * VALUES + place];
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
      var sums: array<Value, 4 * ROWS>; // h U [row, gate]
      for (var k = zero; k < UNITS; k++) {
        // @unroll
        for (var g = 0u; g < 4u; g++) {
          let weight = weights[(k * 4u + g) * VALUES + inside];
          // @unroll
          for (var r = 0u; r < ROWS; r++) {
            sums[r * 4u + g] = fma(Value(states[before + r * UNITS + k]), weight, sums[r * 4u + g]);
          }
        }
      }
      var of_state: array<Value, 4 * ROWS>; // the sums in memory, for the loop
      // @unroll
      for (var s = 0u; s < 4u * ROWS; s++) {
        of_state[s] = sums[s];
      }
      for (var r = zero; r < ROWS; r++) {
        let at = min(first_row + r, BATCH - 1u) * STEPS + t;
        let from_input = at * 4u * VALUES + inside;
        let input_gate = recurrent_activation(projected[from_input] + of_state[r * 4u]);
        let forget = recurrent_activation(projected[from_input + VALUES] + of_state[r * 4u + 1u]);
        let candidate = activation(projected[from_input + 2u * VALUES] + of_state[r * 4u + 2u]);
        let output_gate = recurrent_activation(projected[from_input + 3u * VALUES] + of_state[r * 4u + 3u]);
        let next = forget * cell[j * ROWS + r] + input_gate * candidate;
        var counts = true;
        if (MASKED) {
          counts = mask[at] != 0.0;
        }
        cell[j * ROWS + r] = select(cell[j * ROWS + r], next, counts);
        own[j * ROWS + r] = select(own[j * ROWS + r], output_gate * activation(next), counts);
        if (unit < VALUES) {
          // @unroll
          for (var i = 0u; i < WIDTH; i++) {
            states[after + r * UNITS + unit * WIDTH + i] = component(own[j * ROWS + r], i);
          }
          if (first_row + r < BATCH) {
            hidden[at * VALUES + unit] = own[j * ROWS + r];
            kept[(at * 5u) * VALUES + unit] = input_gate;
            kept[(at * 5u + 1u) * VALUES + unit] = forget;
            kept[(at * 5u + 2u) * VALUES + unit] = candidate;
            kept[(at * 5u + 3u) * VALUES + unit] = output_gate;
            kept[(at * 5u + 4u) * VALUES + unit] = cell[j * ROWS + r];
          }
        }
      }
    }
    workgroupBarrier();
  }
}
