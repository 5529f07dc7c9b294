// GRU, a whole sequence in one dispatch (Cho et al. 2014; as Keras with resetAfter, and cuDNN)
//
//   z = ρ(x_t W_z + h U_z + b_z)         update gate: how much of h stays
//   r = ρ(x_t W_r + h U_r + b_r)         reset gate: how much of h the candidate sees
//   g = φ(x_t W_h + r (h U_h + b_h))     candidate; ρ is the recurrent activation, φ the activation
//   h ← z h + (1 − z) g
//
//   projected       x W + the input's bias, of all steps, [BATCH, STEPS, 3, UNITS]: one matrix product before this kernel
//   weights         U [UNITS, 3, UNITS]
//   recurrent_bias  b [3, UNITS], where BIASED
//   mask            [BATCH, STEPS]: where it is 0 the state stays as it is
//   initial         h before the first step [BATCH, UNITS]; else zeros
//   hidden          h after each step [BATCH, STEPS, UNITS]
//   kept            z, r, g, h U_h + b_h, and h before the step, [BATCH, STEPS, 5, UNITS]: what the gradient needs
//
// For example, one unit with h = 0.4, z = 0.75, r = 0.5, x W_h = 0.1 and h U_h + b_h = 0.6: g = tanh(0.4) = 0.380, and
// h ← 0.3 + 0.095 = 0.395.
//
// As in lstm.wgsl a workgroup takes ROWS rows of the batch through all steps, an invocation owns a Value of units, and h
// lies twice in workgroup memory. The reset gate multiplies the product h U_h, not h itself: so one product with all
// of U comes before the gates, and a step needs one barrier, not two.
//
// FLOPs: 6 · BATCH · STEPS · UNITS² and about 25 per unit and step. Bytes: 36 · BATCH · STEPS · UNITS and U, from a
// cache BATCH / ROWS · STEPS times. Reference: test/reference/recurrent.ts. Read next: gru_gradient.wgsl.

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
const BIASED: bool = true;
const ROLLED: bool = false; // keep loops as loops: software adapters compile each unrolled load for long
const WORKGROUP_SIZE: u32 = 16u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> projected: array<Value>;
@group(0) @binding(1) var<storage, read> weights: array<Value>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> initial: array<Value>;
@group(0) @binding(4) var<storage, read> recurrent_bias: array<Value>;
@group(0) @binding(5) var<storage, read_write> hidden: array<Value>;
@group(0) @binding(6) var<storage, read_write> kept: array<Value>;

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
      var sums: array<Value, 3 * ROWS>; // h U [row, gate]
      for (var k = zero; k < UNITS; k++) {
        // @unroll
        for (var g = 0u; g < 3u; g++) {
          let weight = weights[(k * 3u + g) * VALUES + inside];
          // @unroll
          for (var r = 0u; r < ROWS; r++) {
            sums[r * 3u + g] = fma(Value(states[before + r * UNITS + k]), weight, sums[r * 3u + g]);
          }
        }
      }
      var of_state: array<Value, 3 * ROWS>; // the sums in memory, for the loop
      // @unroll
      for (var s = 0u; s < 3u * ROWS; s++) {
        of_state[s] = sums[s];
      }
      for (var r = zero; r < ROWS; r++) {
        let at = min(first_row + r, BATCH - 1u) * STEPS + t;
        let from_input = at * 3u * VALUES + inside;
        let old = own[j * ROWS + r];
        var biases: array<Value, 3>;
        if (BIASED) {
          // @unroll
          for (var g = 0u; g < 3u; g++) {
            biases[g] = recurrent_bias[g * VALUES + inside];
          }
        }
        let update = recurrent_activation(projected[from_input] + of_state[r * 3u] + biases[0]);
        let reset = recurrent_activation(projected[from_input + VALUES] + of_state[r * 3u + 1u] + biases[1]);
        let inner = of_state[r * 3u + 2u] + biases[2];
        let candidate = activation(projected[from_input + 2u * VALUES] + reset * inner);
        var counts = true;
        if (MASKED) {
          counts = mask[at] != 0.0;
        }
        own[j * ROWS + r] = select(old, update * old + (Value(1.0) - update) * candidate, counts);
        if (unit < VALUES) {
          // @unroll
          for (var i = 0u; i < WIDTH; i++) {
            states[after + r * UNITS + unit * WIDTH + i] = component(own[j * ROWS + r], i);
          }
          if (first_row + r < BATCH) {
            hidden[at * VALUES + unit] = own[j * ROWS + r];
            kept[(at * 5u) * VALUES + unit] = update;
            kept[(at * 5u + 1u) * VALUES + unit] = reset;
            kept[(at * 5u + 2u) * VALUES + unit] = candidate;
            kept[(at * 5u + 3u) * VALUES + unit] = inner;
            kept[(at * 5u + 4u) * VALUES + unit] = old;
          }
        }
      }
    }
    workgroupBarrier();
  }
}
