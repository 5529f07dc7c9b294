// The direction of Adafactor's step, whose norm must be known before the update
//
//   u = g / √v,   v[o, r, c] = rows'[o, r] / mean over r of rows'[o, r] · columns'[o, c]
//
//   (Shazeer & Stern 2018, algorithm 4); for a vector v = rows'. Between the variables u is 0.
//
//   gradients, parameters      [4 LENGTH] f32, flat: all tensors of the model one after another
//   next_rows, next_columns    f32, flat (adafactor_factors.wgsl)
//   row_means                  f32, flat (adafactor_row_means.wgsl)
//   direction                  [4 LENGTH] f32, receives u
//   hyper                      f32: the shapes of the variables
//
// The roots of the three factors are taken separately: where a row and a column of g are 0, v is ε1² / mean, which is too
// small for an f32, but its root is not.
//
// One invocation computes four values. About 8 FLOPs and 16 bytes per parameter: memory-bound.
//
// Reference: test/reference/layerwiseOptimizers.ts.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> hyper: array<f32>;
@group(0) @binding(2) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(3) var<storage, read> next_rows: array<f32>;
@group(0) @binding(4) var<storage, read> next_columns: array<f32>;
@group(0) @binding(5) var<storage, read> row_means: array<f32>;
@group(0) @binding(6) var<storage, read_write> direction: array<vec4f>;

// The gradient as the update sees it: penalties and clipping replace this body.
fn gradient(i: u32) -> vec4f { return gradients[i]; }

// Of the variable that vec4f i belongs to: first block of 64 elements, size, rows, columns; 0 columns for a vector.
fn shape(i: u32) -> vec4u { return vec4u(0u, 15u, 3u, 5u); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  let of_variable = shape(i);
  let start = 64u * of_variable.x;
  let g = gradient(i);
  var u = vec4f(0.0);
  for (var k = 0u; k < 4u; k++) {
    let element = 4u * i + k - start;
    if (element < of_variable.y) {
      let columns = max(of_variable.w, 1u);
      let row = element / columns;
      var root = sqrt(next_rows[start + row]);
      if (of_variable.w > 0u) {
        let outer = row / of_variable.z;
        let column = next_columns[start + outer * columns + element % columns];
        root = root / sqrt(row_means[start + outer]) * sqrt(column);
      }
      u[k] = g[k] / root;
    }
  }
  direction[i] = u;
}
