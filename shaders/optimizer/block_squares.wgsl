// Sums of the squares of blocks of 64 values: the first half of the norms of each variable
//
//   partials[PLANE · c + FIRST + block] = Σ over the block's values v of class c of |s_c v|²
//
//   c = 0   |v| ≥ 2⁴⁰             s = 2⁻⁸⁰     whose squares would overflow
//   c = 1   2⁻⁴⁰ < |v| < 2⁴⁰      s = 1
//   c = 2   |v| ≤ 2⁻⁴⁰            s = 2⁸⁰      whose squares would underflow
//
// so that nothing leaves the range of f32 (Blue 1978, as in norm_partials.wgsl). Each variable begins at a new block, and
// its last block is filled up with zeros, so that no block belongs to two variables.
//
//   gradients, parameters   [64 BLOCKS] f32, flat: all tensors of the model one after another
//   partials                f32 [3 PLANE], of which this dispatch writes BLOCKS of each plane from FIRST on
//
// One invocation sums one block, in a fixed order. 8 FLOPs and 4 bytes per value: memory-bound. segment_norms.wgsl adds
// the blocks of each variable.
//
// Reference: test/reference/layerwiseOptimizers.ts. Read next: segment_norms.wgsl.

const BLOCKS: u32 = 4u;
const FIRST: u32 = 0u;
const PLANE: u32 = 4u; // partial sums of one class
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

const LARGE: f32 = 1099511627776.0; // 2⁴⁰
const SMALL: f32 = 9.094947017729282e-13; // 2⁻⁴⁰
const UP: f32 = 1.2089258196146292e24; // 2⁸⁰
const DOWN: f32 = 8.271806125530277e-25; // 2⁻⁸⁰

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> partials: array<f32>;

// The vector whose norm is computed: gradients, parameters or a direction.
fn value(i: u32) -> vec4f { return gradients[i]; }

fn total(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let block = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (block >= BLOCKS) {
    return;
  }
  var large = vec4f(0.0);
  var medium = vec4f(0.0);
  var small = vec4f(0.0);
  for (var k = 0u; k < 16u; k++) {
    let v = value(16u * block + k);
    let is_large = abs(v) >= vec4f(LARGE);
    let is_small = abs(v) <= vec4f(SMALL);
    let a = select(vec4f(0.0), v * DOWN, is_large);
    let b = select(v, vec4f(0.0), is_large | is_small);
    let c = select(vec4f(0.0), v * UP, is_small);
    large += a * a;
    medium += b * b;
    small += c * c;
  }
  partials[FIRST + block] = total(large);
  partials[PLANE + FIRST + block] = total(medium);
  partials[2u * PLANE + FIRST + block] = total(small);
}
