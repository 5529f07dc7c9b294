// Doubling: values[i] ← 2 · values[i], 64 of them, one per invocation.
// The smallest kernel whose result shows that a browser's WebGPU computes.

@group(0) @binding(0) var<storage, read_write> values: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  values[id.x] = 2.0 * values[id.x];
}
