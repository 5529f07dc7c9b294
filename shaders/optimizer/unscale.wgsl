// Divides the gradients by the scale of the loss, before the optimizer sees them
//
//   gradients[i] <- 0 if scaling[2] ≠ 0, else gradients[i] / scaling[0]
//
//   gradients   [4 LENGTH] f32, flat: all tensors of the model one after another, of the scaled loss
//   scaling     f32 [4], see overflow.wgsl: the scale in [0], not 0 in [2] if the update is skipped
//
// The optimizer then clips, collects and applies gradients of the loss itself. Those of a skipped update are 0, so that its
// trial finds no fault in them; the update itself is not made (verdict.wgsl).
//
// One invocation divides four values. 1 FLOP and 8 bytes per parameter: memory-bound. Where the scale is a power of two, as by
// default, nothing is rounded. It is at most 2¹²⁶, whose inverse f32 still holds as a normal number.
//
// Reference: test/reference/lossScale.ts. Read next: adam.wgsl.

const LENGTH: u32 = 16u; // of the gradients, in vec4f
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> scaling: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradients: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  if (scaling[2] != 0.0) {
    gradients[i] = vec4f(0.0);
  } else {
    gradients[i] = gradients[i] / scaling[0];
  }
}
