// Subgroup matrices for adapters without: what shaders/matmul/9_subgroup_matrix.wgsl calls, out of shuffles
//
// Lane l holds the rows l, l + LANES, … of each matrix, as f32. It stands in the place of the aliases of that file; LANES
// divides MAT_M and MAT_K. The lanes of a subgroup must multiply together, as on a GPU: each has rows of the right matrix
// that all others need.

alias LeftMatrix = array<f32, MAT_M * MAT_K / LANES>;
alias RightMatrix = array<f32, MAT_K * MAT_N / LANES>;
alias Sums = array<f32, MAT_M * MAT_N / LANES>;

fn load_left(first: u32, stride: u32, lane: u32) -> LeftMatrix {
  var own: LeftMatrix;
  for (var i = 0u; i < MAT_M * MAT_K / LANES; i++) {
    own[i] = f32(a_tile[first + (i / MAT_K * LANES + lane) * stride + i % MAT_K]);
  }
  return own;
}

fn load_right(first: u32, stride: u32, lane: u32) -> RightMatrix {
  var own: RightMatrix;
  for (var i = 0u; i < MAT_K * MAT_N / LANES; i++) {
    own[i] = f32(b_tile[first + (i / MAT_N * LANES + lane) * stride + i % MAT_N]);
  }
  return own;
}

/// `none` is 0: a driver that knew would unroll.
fn multiply_accumulate(none: u32, left: LeftMatrix, right: RightMatrix, sums: Sums) -> Sums {
  var own_left = left;
  var own_right = right;
  var own_sums = sums;
  for (var k = none; k < MAT_K; k++) {
    for (var j = none; j < MAT_N; j++) {
      let value = subgroupShuffle(own_right[k / LANES * MAT_N + j], k % LANES);
      for (var r = 0u; r < MAT_M / LANES; r++) {
        own_sums[r * MAT_N + j] += own_left[r * MAT_K + k] * value;
      }
    }
  }
  return own_sums;
}

fn store(first: u32, sums: Sums, stride: u32, lane: u32) {
  var own = sums;
  for (var i = 0u; i < MAT_M * MAT_N / LANES; i++) {
    results[first + (i / MAT_N * LANES + lane) * stride + i % MAT_N] = own[i];
  }
}
