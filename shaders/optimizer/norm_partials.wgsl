// Partial sums of the squares of all gradients: the first half of their global norm
//
//   partials[OFFSET + lane] = Σ over k of |g[lane + k · LANES]|²,   lane < LANES
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   partials                f32 [PARTIALS], of which this dispatch writes LANES from OFFSET on
//
// One invocation sums every LANES-th vec4f: neighbours read neighbouring memory, and the order of the
// additions is fixed, so that equal gradients give equal bits. 2 FLOPs and 4 bytes per parameter: bound by
// memory. norm.wgsl adds the partial sums up.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const LANES: u32 = 64u; // a multiple of 64
const OFFSET: u32 = 0u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 64 128 256
const ROUNDS: u32 = (LENGTH + LANES - 1u) / LANES;

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> partials: array<f32>;

// With penalties on the weights, as in the optimizer.
fn gradient(i: u32) -> vec4f { return gradients[i]; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let lane = global_id.x;
  if (lane >= LANES) {
    return;
  }
  var sum = vec4f(0.0);
  for (var round = 0u; round < ROUNDS; round++) {
    let i = round * LANES + lane;
    if (i < LENGTH) {
      let g = gradient(i);
      sum += g * g;
    }
  }
  partials[OFFSET + lane] = (sum.x + sum.y) + (sum.z + sum.w);
}
