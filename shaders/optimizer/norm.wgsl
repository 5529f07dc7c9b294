// The global norm of all gradients of an optimizer, from partial sums of their squares
//
//   norm = √(2¹⁶⁰ Σ large + Σ medium + 2⁻¹⁶⁰ Σ small)
//   hyper[1] = norm · s,  hyper[2] = s
//
// with the scale s = 2⁻⁸⁰ if there are large components, 2⁸⁰ if there are only small ones, else 1. The norm may be above
// the largest f32, but norm · s never is.
//
//   partials   f32 [3][4 LENGTH], from norm_partials.wgsl: of the large, the medium and the small components
//   hyper      f32: hyper[1] and hyper[2] receive scaled norm and scale, which the optimizer's dispatch needs for clipping
//
// One workgroup (a single invocation, without barriers, on a software adapter). Each lane sums every WORKGROUP_SIZE-th
// vec4f, then a tree adds the lanes: a fixed order, the same result in every run. 12 LENGTH FLOPs and 48 LENGTH bytes, so
// the run time is launch latency.
//
// Reference: test/reference/optimizers.ts.

const LENGTH: u32 = 16u; // of the partial sums of one class, in vec4f
const WORKGROUP_SIZE: u32 = 256u; // a power of two
const LEVELS: u32 = 8u; // log2(WORKGROUP_SIZE)

const UP: f32 = 1.2089258196146292e24; // 2⁸⁰
const DOWN: f32 = 8.271806125530277e-25; // 2⁻⁸⁰

@group(0) @binding(0) var<storage, read> partials: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> hyper: array<f32>;

var<workgroup> sums: array<vec4f, WORKGROUP_SIZE>;

fn total(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local_id: vec3u) {
  let lane = local_id.x;
  var large = vec4f(0.0);
  var medium = vec4f(0.0);
  var small = vec4f(0.0);
  for (var i = lane; i < LENGTH; i += WORKGROUP_SIZE) {
    large += partials[i];
    medium += partials[LENGTH + i];
    small += partials[2u * LENGTH + i];
  }
  var all = vec4f(total(large), total(medium), total(small), 0.0);
  if (WORKGROUP_SIZE > 1u) {
    sums[lane] = all;
    for (var level = 1u; level <= LEVELS; level++) {
      workgroupBarrier();
      let width = WORKGROUP_SIZE >> level;
      if (lane < width) {
        sums[lane] += sums[lane + width];
      }
    }
    if (lane == 0u) {
      all = sums[0];
    }
  }
  if (lane == 0u) {
    var scale = UP;
    var square = all.z;
    if (all.x > 0.0) {
      scale = DOWN;
      square = all.x + all.y * DOWN * DOWN;
    } else if (all.y > 0.0) {
      scale = 1.0;
      square = all.y + all.z * DOWN * DOWN;
    }
    hyper[1] = sqrt(square);
    hyper[2] = scale;
  }
}
