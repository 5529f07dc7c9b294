// The global norm of all gradients of an optimizer, out of partial sums of their squares
//
//   hyper[1] = √(Σ partials)
//
//   partials   f32 [4 LENGTH], from norm_partials.wgsl
//   hyper      f32: hyper[1] receives the norm, by which the optimizer's dispatch then clips
//
// One workgroup (of a single lane and without barriers on a software adapter): each lane sums every
// WORKGROUP_SIZE-th vec4f, then a tree adds the lanes: a fixed order, the same result in every run.
// 4 LENGTH FLOPs and 16 LENGTH bytes, so latency is all that counts.

const LENGTH: u32 = 16u; // of the partial sums, in vec4f
const WORKGROUP_SIZE: u32 = 256u; // a power of two
const LEVELS: u32 = 8u; // log2(WORKGROUP_SIZE)

@group(0) @binding(0) var<storage, read> partials: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> hyper: array<f32>;

var<workgroup> sums: array<f32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local_id: vec3u) {
  let lane = local_id.x;
  var sum = vec4f(0.0);
  for (var i = lane; i < LENGTH; i += WORKGROUP_SIZE) {
    sum += partials[i];
  }
  var total = (sum.x + sum.y) + (sum.z + sum.w);
  if (WORKGROUP_SIZE > 1u) {
    sums[lane] = total;
    for (var level = 1u; level <= LEVELS; level++) {
      workgroupBarrier();
      let width = WORKGROUP_SIZE >> level;
      if (lane < width) {
        sums[lane] += sums[lane + width];
      }
    }
    if (lane == 0u) {
      total = sums[0];
    }
  }
  if (lane == 0u) {
    hyper[1] = sqrt(total);
  }
}
