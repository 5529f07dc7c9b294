// Decides whether the update of a scaled loss is skipped: if a gradient is NaN or infinite, and a smaller scale may help
//
//   scaling[2] = 1 if some partials[i] ≠ 0 and scaling[0] > 1, else 0
//
//   partials   u32 [4 LENGTH], from overflow_partials.wgsl
//   scaling    f32 [4]: the scale, finite steps since it was changed, whether this update is skipped, 0
//
// Where the scale is 1 or less, it is not the reason: the gradients stay as they are, and the trial of the update finds the
// fault. verdict.wgsl halves the scale after a skipped update.
//
// One workgroup (a single invocation, without barriers, on a software adapter). Each lane joins every WORKGROUP_SIZE-th vec4u,
// then a tree joins the lanes. 4 LENGTH operations and 16 LENGTH bytes, so the run time is launch latency.
//
// Reference: test/reference/lossScale.ts. Read next: unscale.wgsl.

const LENGTH: u32 = 16u; // of the words, in vec4u
const WORKGROUP_SIZE: u32 = 256u; // a power of two
const LEVELS: u32 = 8u; // log2(WORKGROUP_SIZE)

@group(0) @binding(0) var<storage, read> partials: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> scaling: array<f32>;

var<workgroup> words: array<u32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local_id: vec3u) {
  let lane = local_id.x;
  var some = vec4u(0u);
  for (var i = lane; i < LENGTH; i += WORKGROUP_SIZE) {
    some |= partials[i];
  }
  var found = some.x | some.y | some.z | some.w;
  if (WORKGROUP_SIZE > 1u) {
    words[lane] = found;
    for (var level = 1u; level <= LEVELS; level++) {
      workgroupBarrier();
      let width = WORKGROUP_SIZE >> level;
      if (lane < width) {
        words[lane] |= words[lane + width];
      }
    }
    if (lane == 0u) {
      found = words[0];
    }
  }
  if (lane == 0u) {
    scaling[2] = select(0.0, 1.0, found != 0u && scaling[0] > 1.0);
  }
}
