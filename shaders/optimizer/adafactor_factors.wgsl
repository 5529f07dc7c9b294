// Adafactor's moving mean squares of one variable's gradient, by rows and by columns
//
//   G = g² + ε1,   d = t^p = 1 - β2                       t = 1, 2, …; p below 0
//   rows'[o, r]    = rows[o, r] + d (mean over c of G[o, r, c] - rows[o, r])
//   columns'[o, c] = columns[o, c] + d (mean over r of G[o, r, c] - columns[o, c])     if FACTORED
//
//   (Shazeer & Stern 2018, algorithm 4, with means in place of sums as in Keras. The last two dimensions are rows and
//   columns, and o numbers these matrices.) A vector is a single column, so rows' holds its moving mean squares.
//
//   gradients, parameters      f32, flat: the variable begins at element START
//   rows, columns              f32, flat in the same way: [OUTER ROWS] and [OUTER COLUMNS] from START on
//   next_rows, next_columns    receive rows' and columns', followed by zeros up to LENGTH
//   state                      u32: state[0] = steps done
//   hyper                      f32, for clipping (norm.wgsl, segment_norms.wgsl)
//
// One invocation computes one mean of each kind. 6 FLOPs and 8 bytes per parameter: memory-bound.
//
// Reference: test/reference/layerwiseOptimizers.ts.

const START: u32 = 0u; // a multiple of 64
const OUTER: u32 = 2u;
const ROWS: u32 = 3u;
const COLUMNS: u32 = 5u;
const LENGTH: u32 = 64u; // OUTER ROWS COLUMNS up to the next multiple of 64
const FACTORED: bool = true;
const POWER: f32 = -0.8; // p
const EPSILON: f32 = 1e-30; // ε1
const STEPS: u32 = 1u; // steps whose gradients are summed for one update
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read> rows: array<f32>;
@group(0) @binding(5) var<storage, read> columns: array<f32>;
@group(0) @binding(6) var<storage, read_write> next_rows: array<f32>;
@group(0) @binding(7) var<storage, read_write> next_columns: array<f32>;

// The gradient as the update sees it: penalties and clipping replace this body.
fn gradient(i: u32) -> vec4f { return gradients[i]; }

fn square(element: u32) -> f32 {
  let at = START + element;
  let g = gradient(at >> 2u)[at & 3u];
  return g * g + EPSILON;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  let gain = exp(POWER * log(f32(state[0] / STEPS) + 1.0));
  var row = 0.0;
  if (i < OUTER * ROWS) {
    var sum = 0.0;
    for (var c = 0u; c < COLUMNS; c++) {
      sum += square(i * COLUMNS + c);
    }
    let old = rows[START + i];
    row = old + gain * (sum / f32(COLUMNS) - old);
  }
  next_rows[START + i] = row;
  var column = 0.0;
  if (FACTORED && i < OUTER * COLUMNS) {
    let first = i / COLUMNS * ROWS * COLUMNS + i % COLUMNS;
    var sum = 0.0;
    for (var r = 0u; r < ROWS; r++) {
      sum += square(first + r * COLUMNS);
    }
    let old = columns[START + i];
    column = old + gain * (sum / f32(ROWS) - old);
  }
  next_columns[START + i] = column;
}
