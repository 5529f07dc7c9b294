// Perplexity: how near each point counts its neighbours to be, so that it has as many as all others
//
//   p(j|i) = exp(−β_i d_ij) / Σ_k exp(−β_i d_ik)           with β_i such that  H_i = −Σ_j p(j|i) log p(j|i) = ENTROPY
//
//   distances  d [ROWS, COLUMNS]: squared distances. A negative one is no neighbour: the point itself, or padding
//   output     p [ROWS, COLUMNS]; each row sums to 1, and 0 is where the distance is negative
//   scales     [ROWS] vec2f (β, s), with which p = exp(s − β d): s = −log Σ_k exp(−β d_ik)
//
// (van der Maaten & Hinton 2008.) β = 1 / (2 σ²) of a Gaussian around the point. exp(H) is its perplexity: the number of neighbours
// that it has, in effect. H falls as β grows, so β is found by bisection: it is doubled until the entropy is too low, and then the
// interval between the last two is halved, STEPS times in all: more than the digits of f32. With m the
// least distance, the weights w_j = exp(−β (d_j − m)) are at most 1, and the nearest neighbour's is 1:
//
//   H = log S + β T / S,    S = Σ_j w_j,    T = Σ_j w_j (d_j − m)
//
// For example distances 1, 2, 3 and ENTROPY = log 2 = 0.69: β = 1.6 gives the weights 1, 0.20, 0.04, and p = 0.80, 0.16, 0.03 has the
// entropy 0.58, which is too low; β = 1.3 gives 0.70, and β = 1.4 gives 0.66. Where all distances are equal, every β gives the same p,
// and β is 0.
//
// One invocation has one row. FLOPs 8 per element and step; bytes 4 per element and step, of which caches keep short rows. It is done
// once before an embedding begins.
//
// Reference: test/reference/tsne.ts.

const ROWS: u32 = 8u;
const COLUMNS: u32 = 16u;
const ENTROPY: f32 = 1.0; // log(perplexity)
const STEPS: u32 = 40u;
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> distances: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
@group(0) @binding(5) var<storage, read_write> scales: array<vec2f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let row = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (row >= ROWS) {
    return;
  }
  let first = row * COLUMNS;
  var nearest = 3.0e38;
  for (var j = 0u; j < COLUMNS; j++) {
    let distance = distances[first + j];
    if (distance >= 0.0) {
      nearest = min(nearest, distance);
    }
  }
  var count = 0.0;
  var spread = 0.0;
  for (var j = 0u; j < COLUMNS; j++) {
    let distance = distances[first + j];
    if (distance >= 0.0) {
      count += 1.0;
      spread += distance - nearest;
    }
  }

  var low = 0.0;
  var high = 0.0; // 0: no β was too large yet
  var beta = 0.0;
  if (spread > 0.0) {
    beta = count / spread;
  }
  var total = count;
  for (var step = 0u; step < STEPS; step++) {
    total = 0.0;
    var moment = 0.0;
    for (var j = 0u; j < COLUMNS; j++) {
      let distance = distances[first + j];
      if (distance >= 0.0) {
        let weight = exp(-beta * (distance - nearest));
        total += weight;
        moment += weight * (distance - nearest);
      }
    }
    let entropy = log(total) + beta * moment / total;
    if (beta == 0.0 || step + 1u == STEPS) {
      break;
    }
    if (entropy > ENTROPY) {
      low = beta;
    } else {
      high = beta;
    }
    beta = select(0.5 * (low + high), 2.0 * low, high == 0.0);
  }

  for (var j = 0u; j < COLUMNS; j++) {
    let distance = distances[first + j];
    var p = 0.0;
    if (distance >= 0.0) {
      p = exp(-beta * (distance - nearest)) / total;
    }
    output[first + j] = p;
  }
  scales[row] = vec2f(beta, beta * nearest - log(total));
}
