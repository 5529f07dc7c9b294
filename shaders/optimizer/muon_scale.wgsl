// Divides a matrix by its Frobenius norm: no singular value is then above 1, as Muon's iteration needs
//
//   x[e] = m[START + e] / (|m| + 1e-7)
//
//   direction   f32, flat: the momentum of all variables; that of the matrix begins at START
//   hyper       f32: hyper[RECORD] = |m| times a scale, hyper[RECORD + 1] = the scale (segment_norms.wgsl)
//   x           f32 [SIZE]
//
// One invocation divides one value. 4 FLOPs and 8 bytes: memory-bound.
//
// Reference: test/reference/layerwiseOptimizers.ts. Read next: muon_combine.wgsl.

const START: u32 = 0u;
const SIZE: u32 = 15u;
const RECORD: u32 = 3u;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> direction: array<f32>;
@group(0) @binding(1) var<storage, read> hyper: array<f32>;
@group(0) @binding(4) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let e = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (e >= SIZE) {
    return;
  }
  let scale = hyper[RECORD + 1u];
  x[e] = direction[START + e] * scale / (hyper[RECORD] + 1e-7 * scale);
}
