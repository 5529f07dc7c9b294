// Orthonormal columns (Gram–Schmidt)
//
//   for j = 0 … COLUMNS − 1:
//     v  = x[:, j]
//     for i = 0 … j − 1:  v = v − (q_i · v) q_i
//     q_j = v / |v|
//
//   x [ROWS, COLUMNS], row-major, COLUMNS ≤ ROWS  →  q of the same shape, qᵀ q = 1
//
// The first columns of q span what the first columns of x span: which is why C x, orthonormalised, C q,
// orthonormalised, … turns into the eigenvectors of a symmetric C one after another, the largest first
// (orthogonal iteration; Golub & Van Loan, Matrix Computations, section 7.3.2).
//
// This is the modified form of the method: each projection is taken of what is left of v and not of x, so that
// rounding errors do not add up. A column that lies in the span of those before it has no direction left; it is 0.
// A column that is not finite, or whose square is not, is NaN.
//
// One invocation does it all: each column needs all of those before it, and there are few. About
// 2 · ROWS · COLUMNS² FLOPs: 8 columns of 64 rows are 8,192, less than a dispatch costs. Bytes: 8 · ROWS · COLUMNS, x read
// and q written once; q is read again COLUMNS times, out of the cache.

const ROWS: u32 = 64u;
const COLUMNS: u32 = 8u;
// Below this share of its length before the projections, what is left of a column is rounding error.
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
  // There is one workgroup, so this is 0. Loops begin at it because a driver that knew would unroll them all, one in the
  // other, and be busy with that for half a minute.
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
    // Infinity, of an infinite column or of one whose square overflows, has no inverse root to go on with.
    let finite = (bitcast<u32>(left) & INFINITY_BITS) < INFINITY_BITS;
    let inverse = select(0.0, inverseSqrt(left), left > NOTHING * NOTHING * before);
    let factor = select(float_of(NAN_BITS), inverse, finite);
    for (var row = zero; row < ROWS; row++) {
      q[row * COLUMNS + j] *= factor;
    }
  }
}
