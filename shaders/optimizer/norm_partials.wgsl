// Partial sums of the squares of all gradients: the first half of their global norm
//
//   partials[PLANE · c + OFFSET + lane] = Σ over k of |s_c g[lane + k · LANES]|²,   lane < LANES
//
// over those components of g that belong to class c:
//
//   c = 0   |g| ≥ 2⁴⁰             s = 2⁻⁸⁰     whose squares would overflow beyond 1.8e19
//   c = 1   2⁻⁴⁰ < |g| < 2⁴⁰      s = 1
//   c = 2   |g| ≤ 2⁻⁴⁰            s = 2⁸⁰      whose squares would underflow below 1e-19
//
// so that no square and no sum of up to 2⁴⁷ squares leaves the range of f32. Scaling by a power of two does not round
// (Blue 1978, "A portable Fortran program to find the Euclidean norm of a vector"; LAPACK's nrm2 since 3.10).
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   partials                f32 [3 PLANE], of which this dispatch writes LANES of each plane from OFFSET on
//
// One invocation sums every LANES-th vec4f: neighbours read neighbouring addresses, and the order of the additions is
// fixed, so that equal gradients give equal bits. 8 FLOPs and 4 bytes per parameter: memory-bound.
//
// Reference: test/reference/optimizers.ts. Read next: norm.wgsl, which adds the partial sums.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const LANES: u32 = 64u; // a multiple of 64
const OFFSET: u32 = 0u;
const PLANE: u32 = 64u; // partial sums of one class
const WORKGROUP_SIZE: u32 = 64u; // @tune 64 128 256
const ROUNDS: u32 = (LENGTH + LANES - 1u) / LANES;

const LARGE: f32 = 1099511627776.0; // 2⁴⁰
const SMALL: f32 = 9.094947017729282e-13; // 2⁻⁴⁰
const UP: f32 = 1.2089258196146292e24; // 2⁸⁰
const DOWN: f32 = 8.271806125530277e-25; // 2⁻⁸⁰

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> partials: array<f32>;

// With penalties on the weights, the optimizer's body replaces this one.
fn gradient(i: u32) -> vec4f { return gradients[i]; }

fn total(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let lane = global_id.x;
  if (lane >= LANES) {
    return;
  }
  var large = vec4f(0.0);
  var medium = vec4f(0.0);
  var small = vec4f(0.0);
  for (var round = 0u; round < ROUNDS; round++) {
    let i = round * LANES + lane;
    if (i < LENGTH) {
      let g = gradient(i);
      let is_large = abs(g) >= vec4f(LARGE);
      let is_small = abs(g) <= vec4f(SMALL);
      let a = select(vec4f(0.0), g * DOWN, is_large);
      let b = select(g, vec4f(0.0), is_large | is_small);
      let c = select(vec4f(0.0), g * UP, is_small);
      large += a * a;
      medium += b * b;
      small += c * c;
    }
  }
  partials[OFFSET + lane] = total(large);
  partials[PLANE + OFFSET + lane] = total(medium);
  partials[2u * PLANE + OFFSET + lane] = total(small);
}
