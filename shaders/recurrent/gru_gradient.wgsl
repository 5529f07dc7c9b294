// Gradient of the GRU through time, a whole sequence in one dispatch
//
// From the last step to the first, with dh the derivative of the loss by h after a step, s = h_before U_h + b_h, and ′
// the derivatives of the activations (from their results: tanh′ = 1 − y², sigmoid′ = y (1 − y)):
//
//   dz = dh (h_before − g) ρ′(z)       dg = dh (1 − z) φ′(g)
//   dr = dg s ρ′(r)                    ds = dg r
//   dh_before = dh z + dz U_zᵀ + dr U_rᵀ + ds U_hᵀ
//
//   weights      Uᵀ [3, UNITS, UNITS]: a unit's gate, then the unit of h that it is multiplied with
//   kept         z, r, g, s, h_before of each step [BATCH, STEPS, 5, UNITS]
//   mask         [BATCH, STEPS]: where it is 0, dh goes on to the step before
//   d_hidden     dL/dh of each step [BATCH, STEPS, UNITS], without what comes through later steps
//   d_projected  (dz, dr, dg) [BATCH, STEPS, 3, UNITS]
//   d_recurrent  (dz, dr, ds) [BATCH, STEPS, 3, UNITS]: of h U + b
//   d_initial    where INITIAL: dL/dh before the first step [BATCH, UNITS]
//
// The gradients of W, U, the biases and x are products and sums of d_projected and d_recurrent over all steps at once, and
// follow as kernels of their own. A workgroup takes ROWS rows through all steps, an invocation owns a Value of units,
// and a step has two halves, as in lstm_gradient.wgsl.
//
// FLOPs: 6 · BATCH · STEPS · UNITS² and about 20 per unit and step. Bytes: 48 · BATCH · STEPS · UNITS and U, from a
// cache BATCH / ROWS · STEPS times.
// Reference: test/reference/recurrent.ts.

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
@group(0) @binding(1) var<storage, read> kept: array<Value>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> d_hidden: array<Value>;
@group(0) @binding(4) var<storage, read_write> d_projected: array<Value>;
@group(0) @binding(5) var<storage, read_write> d_recurrent: array<Value>;
@group(0) @binding(6) var<storage, read_write> d_initial: array<Value>;

var<workgroup> changes: array<f32, 3u * ROWS * UNITS>; // dz, dr, ds [row, gate, unit]

// dL/dx of the activations φ and ρ, from their result y.
fn activation_gradient(y: Value, dy: Value) -> Value { return tanh_gradient(y, dy); }
fn recurrent_gradient(y: Value, dy: Value) -> Value { return sigmoid_gradient(y, dy); }

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
        let update = kept[(at * 5u) * VALUES + inside];
        let reset = kept[(at * 5u + 1u) * VALUES + inside];
        let candidate = kept[(at * 5u + 2u) * VALUES + inside];
        let inner = kept[(at * 5u + 3u) * VALUES + inside];
        let before = kept[(at * 5u + 4u) * VALUES + inside];
        let d_candidate = activation_gradient(candidate, dh * (Value(1.0) - update));
        var d: array<Value, 4>; // dz, dr, ds, dg
        d[0] = recurrent_gradient(update, dh * (before - candidate));
        d[1] = recurrent_gradient(reset, d_candidate * inner);
        d[2] = d_candidate * reset;
        d[3] = d_candidate;
        // @unroll
        for (var g = 0u; g < 4u; g++) {
          d[g] = select(Value(0.0), d[g], counts);
        }
        d_own[j * ROWS + r] = select(dh, dh * update, counts);
        if (unit < VALUES && first_row + r < BATCH) {
          // @unroll
          for (var g = 0u; g < 3u; g++) {
            d_projected[(at * 3u + g) * VALUES + unit] = d[g + g / 2u];
            d_recurrent[(at * 3u + g) * VALUES + unit] = d[g];
          }
        }
        if (unit < VALUES) {
          // @unroll
          for (var g = 0u; g < 3u; g++) {
            // @unroll
            for (var i = 0u; i < WIDTH; i++) {
              changes[(r * 3u + g) * UNITS + unit * WIDTH + i] = component(d[g], i);
            }
          }
        }
      }
    }
    workgroupBarrier();
    for (var j = zero; j < PER_LANE; j++) {
      let inside = min(j * WORKGROUP_SIZE + local_id.x, VALUES - 1u);
      var sums: array<Value, ROWS>;
      for (var n = zero; n < 3u * UNITS; n++) {
        let weight = weights[n * VALUES + inside];
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          sums[r] = fma(Value(changes[r * 3u * UNITS + n]), weight, sums[r]);
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
