// Gradient of the LSTM through time, a whole sequence in one dispatch
//
// From the last step to the first, with dh and dc the derivatives of the loss by h and c after a step, and ′ those of the
// activations, from their results (tanh′ = 1 − y², sigmoid′ = y (1 − y)):
//
//   do = dh φ(c) ρ′(o)                 df = dc c_before ρ′(f)
//   dc ← dc + dh o φ′(φ(c))            dg = dc i φ′(g)
//   di = dc g ρ′(i)                    dc_before = dc f
//   dh_before = di U_iᵀ + df U_fᵀ + dg U_cᵀ + do U_oᵀ
//
//   weights      Uᵀ [4, UNITS, UNITS]: a unit's gate, then the unit of h that it is multiplied with
//   kept         i, f, g, o, c of each step [BATCH, STEPS, 5, UNITS]
//   mask         [BATCH, STEPS]: where it is 0, dh and dc go on to the step before
//   initial      h and c before the first step, [2, BATCH, UNITS]
//   d_hidden     dL/dh of each step [BATCH, STEPS, UNITS], without what comes through later steps
//   d_kept       where CELLS: [BATCH, STEPS, 5, UNITS], of which only that of c counts
//   d_projected  (di, df, dg, do) [BATCH, STEPS, 4, UNITS];  d_initial  where INITIAL: dL/dh and dL/dc before the first
//
// The gradients of W, U, the bias and x are products and sums of d_projected over all steps at once, and follow as kernels
// of their own. Workgroups and invocations as in lstm.wgsl. A step has two halves: invocations write di … do of their
// units to workgroup memory; then each multiplies all of them with its column of Uᵀ.
//
// FLOPs: 8 · BATCH · STEPS · UNITS² and about 30 per unit and step. Bytes: 40 · BATCH · STEPS · UNITS and U, from a
// cache BATCH / ROWS · STEPS times. Reference: test/reference/recurrent.ts.

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
const CELLS: bool = false; // the loss depends on c itself
const ROLLED: bool = false; // keep loops as loops: software adapters compile each unrolled load for long
const WORKGROUP_SIZE: u32 = 16u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> weights: array<Value>;
@group(0) @binding(1) var<storage, read> kept: array<Value>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> initial: array<Value>;
@group(0) @binding(4) var<storage, read> d_hidden: array<Value>;
@group(0) @binding(5) var<storage, read> d_kept: array<Value>;
@group(0) @binding(6) var<storage, read_write> d_projected: array<Value>;
@group(0) @binding(7) var<storage, read_write> d_initial: array<Value>;

var<workgroup> changes: array<f32, 4u * ROWS * UNITS>; // [row, gate, unit]

fn activation(x: Value) -> Value { return tanh_safe(x); }
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
  var d_cell: array<Value, PER_LANE * ROWS>;
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
        let first = at * 5u * VALUES + inside;
        let gates = array<Value, 4>(kept[first], kept[first + VALUES], kept[first + 2u * VALUES], kept[first + 3u * VALUES]);
        var before = Value(0.0); // the cell before the step
        if (step + 1u < STEPS) {
          before = kept[(select(at - 1u, at + 1u, REVERSED) * 5u + 4u) * VALUES + inside];
        } else if (INITIAL) {
          before = initial[(BATCH + at / STEPS) * VALUES + inside];
        }
        var dc = d_cell[j * ROWS + r];
        if (CELLS) {
          dc += d_kept[first + 4u * VALUES];
        }
        let shown = activation(kept[first + 4u * VALUES]);
        let all = dc + activation_gradient(shown, dh * gates[3]);
        var d: array<Value, 4>;
        d[0] = recurrent_gradient(gates[0], all * gates[2]);
        d[1] = recurrent_gradient(gates[1], all * before);
        d[2] = activation_gradient(gates[2], all * gates[0]);
        d[3] = recurrent_gradient(gates[3], dh * shown);
        d_cell[j * ROWS + r] = select(dc, all * gates[1], counts);
        d_own[j * ROWS + r] = select(dh, Value(0.0), counts);
        // @unroll
        for (var g = 0u; g < 4u; g++) {
          let change = select(Value(0.0), d[g], counts);
          if (unit < VALUES) {
            if (first_row + r < BATCH) {
              d_projected[(at * 4u + g) * VALUES + unit] = change;
            }
            // @unroll
            for (var i = 0u; i < WIDTH; i++) {
              changes[(r * 4u + g) * UNITS + unit * WIDTH + i] = component(change, i);
            }
          }
        }
      }
    }
    workgroupBarrier();
    for (var j = zero; j < PER_LANE; j++) {
      let inside = min(j * WORKGROUP_SIZE + local_id.x, VALUES - 1u);
      var sums: array<Value, ROWS>;
      for (var n = zero; n < 4u * UNITS; n++) {
        let weight = weights[n * VALUES + inside];
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          sums[r] = fma(Value(changes[r * 4u * UNITS + n]), weight, sums[r]);
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
          d_initial[BATCH * VALUES + place] = d_cell[j * ROWS + r];
        }
      }
    }
  }
}
