// The Euclidean norm of each variable's values, from the sums of its blocks' squares
//
//   with L, M, S the sums over the blocks of a variable of the classes of block_squares.wgsl:
//
//   L > 0:   scale = 2⁻⁸⁰    norm = √(L + M 2⁻¹⁶⁰)
//   M > 0:   scale = 1       norm = √(M + S 2⁻¹⁶⁰)
//   else:    scale = 2⁸⁰     norm = √S
//
// The norm is that of the values times the scale, so that it is finite even where that of the values is not.
//
//   partials   f32 [3 PLANE], of block_squares.wgsl
//   hyper      f32: from RECORDS on, WIDTH numbers for each variable: norms, each with its scale, and at the end its first
//              block and the one after its last; this dispatch writes the norm and scale at PLACE
//
// One workgroup (a single invocation, without barriers, on a software adapter) for each variable. Each lane adds every
// WORKGROUP_SIZE-th block, then a tree adds the lanes. 3 FLOPs and 12 bytes per 64 values: the run time is launch latency.
//
// Reference: test/reference/layerwiseOptimizers.ts.

const SEGMENTS: u32 = 3u; // variables
const PLANE: u32 = 4u; // partial sums of one class
const RECORDS: u32 = 3u;
const WIDTH: u32 = 4u;
const PLACE: u32 = 0u;
const WORKGROUP_SIZE: u32 = 64u; // a power of two
const LEVELS: u32 = 6u; // log2(WORKGROUP_SIZE)
const GRID_X: u32 = 65535u; // workgroups along x

const UP: f32 = 1.2089258196146292e24; // 2⁸⁰
const DOWN: f32 = 8.271806125530277e-25; // 2⁻⁸⁰

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(4) var<storage, read_write> hyper: array<f32>;

var<workgroup> sums: array<vec3f, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let segment = workgroup_id.y * GRID_X + workgroup_id.x;
  if (segment >= SEGMENTS) {
    return;
  }
  let lane = local_id.x;
  let record = RECORDS + segment * WIDTH;
  let end = u32(hyper[record + WIDTH - 1u]);
  var all = vec3f(0.0);
  for (var i = u32(hyper[record + WIDTH - 2u]) + lane; i < end; i += WORKGROUP_SIZE) {
    all += vec3f(partials[i], partials[PLANE + i], partials[2u * PLANE + i]);
  }
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
    hyper[record + PLACE] = sqrt(square);
    hyper[record + PLACE + 1u] = scale;
  }
}
