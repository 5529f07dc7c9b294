// Orthonormal columns (Gram–Schmidt)
//
//   for j = 0 … COLUMNS − 1:
//     v  = x[:, j]
//     for i = 0 … j − 1:  v = v − (q_i · v) q_i
//     q_j = v / |v|
//
//   x [ROWS, COLUMNS], row-major, COLUMNS ≤ ROWS  →  q of the same shape, qᵀ q = 1
//
// The first j columns of q span the same space as the first j columns of x, for every j. So repeating x <- C q, q <-
// orthonormalize(x) with a symmetric C converges to its eigenvectors, the largest eigenvalue first (orthogonal
// iteration; Golub & Van Loan, Matrix Computations, section 7.3.2).
//
// This is the modified form of the method: each projection is computed from what is left of v and not from x, so that
// rounding errors do not add up. A column in the span of those before it becomes 0. A column that is not finite, or
// whose sum of squares is not, becomes NaN.
//
// One invocation computes everything: each column needs all columns before it, and there are few. About
// 2 · ROWS · COLUMNS² FLOPs: 8,192 for 8 columns of 64 rows, less than a dispatch costs. Bytes: 8 · ROWS · COLUMNS (x read
// and q written once); q is read again COLUMNS times, from cache.
//
// Reference: test/reference/linalg.ts.

const ROWS: u32 = 64u;
const COLUMNS: u32 = 8u;
// A column of which less than this part of its length is left after the projections is only rounding error.
const NOTHING: f32 = 1e-6;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> q: array<f32>;

fn dot_columns(i: u32, j: u32, zero: u32) -> f32 {
  var sum = 0.0;
  for (var row = zero; row < ROWS; row++) {
    sum += q[row * COLUMNS + i] * q[row * COLUMNS + j];
  }
  return sum;
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) workgroup_id: vec3u) {
  // There is one workgroup, so this is always 0. The loops start at it because a driver that knew this would unroll all
  // nested loops, which takes half a minute.
  let zero = workgroup_id.x;
  for (var at = zero; at < ROWS * COLUMNS; at++) {
    q[at] = x[at];
  }
  for (var j = zero; j < COLUMNS; j++) {
    let before = dot_columns(j, j, zero);
    for (var i = zero; i < COLUMNS; i++) {
      if (i >= j) {
        break;
      }
      let share = dot_columns(i, j, zero);
      for (var row = zero; row < ROWS; row++) {
        q[row * COLUMNS + j] -= share * q[row * COLUMNS + i];
      }
    }
    let left = dot_columns(j, j, zero);
    // `left` is Infinity for an infinite column and for one whose squares overflow: the column becomes NaN.
    let finite = (bitcast<u32>(left) & INFINITY_BITS) < INFINITY_BITS;
    let inverse = select(0.0, inverseSqrt(left), left > NOTHING * NOTHING * before);
    let factor = select(float_of(NAN_BITS), inverse, finite);
    for (var row = zero; row < ROWS; row++) {
      q[row * COLUMNS + j] *= factor;
    }
  }
}
