// Ends a step that records nothing: step <- step + 1
//
//   state   u32 [8]: step, …
//
// One invocation, 8 bytes. Steps with metrics end in record.wgsl, which does the same on the way.

@group(0) @binding(4) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(1)
fn main() {
  state[0] = state[0] + 1u;
}
