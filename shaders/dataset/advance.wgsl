// Ends a step that records nothing: step <- step + 1
//
//   state   u32 [8]: step, …
//   guard   u32 [4]: if GUARDED, a training step that was not made (optimizer/verdict.wgsl) does not count
//
// One invocation, 8 bytes. Evaluations end in record.wgsl and trainings in optimizer/verdict.wgsl, which also increment
// the step.

const GUARDED: bool = false;

@group(0) @binding(0) var<storage, read> guard: array<u32>;

@group(0) @binding(4) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(1)
fn main() {
  if (GUARDED) {
    state[0] += 1u - guard[0];
  } else {
    state[0] += 1u;
  }
}
