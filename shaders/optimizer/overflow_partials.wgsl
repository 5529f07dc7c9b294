// Looks for gradients that are NaN or infinite, because the loss was scaled too much: the first of two passes
//
//   partials[OFFSET + lane] = 1 if g[lane + k · LANES] is NaN or infinite for some k, else 0,   lane < LANES
//
//   gradients   [4 LENGTH] f32, flat: all tensors of the model one after another, of the scaled loss
//   partials    u32, of which this dispatch writes LANES words from OFFSET on
//
// A large scale keeps small gradients above the smallest f16 (6e-8), below which they would become 0. One that is too large
// lifts others above the largest (65,504), where they become infinite. Whatever is computed from an infinity is infinite or
// NaN, so that the gradients of the weights tell.
//
// One invocation looks at every LANES-th vec4f: neighbours read neighbouring addresses. 4 comparisons and 16 bytes per vec4f:
// memory-bound.
//
// Reference: test/reference/lossScale.ts. Read next: overflow.wgsl, which joins the words.

const LENGTH: u32 = 16u; // of the gradients, in vec4f
const LANES: u32 = 64u; // a multiple of 64
const OFFSET: u32 = 0u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 64 128 256
const ROUNDS: u32 = (LENGTH + LANES - 1u) / LANES;

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> partials: array<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let lane = global_id.x;
  if (lane >= LANES) {
    return;
  }
  var found = false;
  for (var round = 0u; round < ROUNDS; round++) {
    let i = round * LANES + lane;
    if (i < LENGTH) {
      found = found || not_finite(gradients[i]);
    }
  }
  partials[OFFSET + lane] = select(0u, 1u, found);
}
