// The ceiling of arithmetic: multiply-adds that touch no memory.
//
//   s <- s · a + b, STEPS times, for SUMS sums s in each invocation; the output is their total.
//
// Shapes: factors [2] (a and b); output [WORKGROUPS · WORKGROUP_SIZE]. f32.
// One invocation: all its sums, side by side in registers.
// FLOPs: 2 · SUMS · STEPS · WORKGROUPS · WORKGROUP_SIZE. Bytes: 4 for each invocation, negligible.
//
// Idea: the sums do not depend on each other, so that the next multiply-add need not wait for the last one: 32 of them
// cover the latency of any known unit, and still fit its registers. The loop is unrolled by 4, because a step of the loop
// itself (count, compare, jump; in lavapipe a blend for every sum that it carries) costs about as much as a few
// multiply-adds. a and b are read from memory, or the compiler would compute the result itself.
//
// s converges to b / (1 - a): no overflow, no denormal numbers, and a result that float64 can check.

const STEPS = 1024u; // a multiple of UNROLLED
const UNROLLED = 4u;
const SUMS = 32u;
const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<storage, read> factors: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = factors[0];
  let b = factors[1];
  var sums: array<f32, SUMS>;
  // @unroll
  for (var s = 0u; s < SUMS; s++) {
    sums[s] = f32(s) + f32(id.x % 8u);
  }
  for (var step = 0u; step < STEPS / UNROLLED; step++) {
    // @unroll
    for (var u = 0u; u < UNROLLED; u++) {
      // @unroll
      for (var s = 0u; s < SUMS; s++) {
        sums[s] = sums[s] * a + b;
      }
    }
  }
  var total = 0.0;
  // @unroll
  for (var s = 0u; s < SUMS; s++) {
    total += sums[s];
  }
  output[id.x] = total;
}
