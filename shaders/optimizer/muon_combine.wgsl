// One step of the Newton-Schulz iteration that makes a matrix orthogonal
//
//   out[START + e] = a x[e] + b y[e] + c z[e]
//
// with y = (x xᵀ) x and z = (x xᵀ) y by the kernels of shaders/matmul. Each singular value s becomes a s + b s³ + c s⁵,
// which is near 1 after some steps (Jordan et al. 2024, "Muon"; Kovarik 1970).
//
//   x, y, z   f32 [SIZE]
//   out       f32: x of the next step, or after the last step the flat buffer of all directions
//
// One invocation computes one value. 5 FLOPs and 16 bytes: memory-bound.
//
// Reference: test/reference/layerwiseOptimizers.ts.

const START: u32 = 0u;
const SIZE: u32 = 15u;
const A: f32 = 3.4445;
const B: f32 = -4.775;
const C: f32 = 2.0315;
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let e = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (e >= SIZE) {
    return;
  }
  out[START + e] = A * x[e] + B * y[e] + C * z[e];
}
