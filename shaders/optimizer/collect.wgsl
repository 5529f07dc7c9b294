// Keeps the sum of the gradients of several steps until their mean makes an update
//
//   accumulated[i] <- 0 after the last of STEPS steps, which has made the update, else gradients[i]
//
// In the other steps it also updates the moving averages of the parameters, which do not change: as Keras does, at each
// step.
//
//   gradients, parameters   [4 LENGTH] f32, flat; the gradients are already sums (accumulate.wgsl)
//   accumulated             the sum of the gradients since the last update, from 0
//   averages                moving averages of the parameters, if asked for
//   state                   u32: state[0] = steps done, this one included; state[7] = 0 if this step is made
//
// One invocation keeps four values. No FLOPs; 8 bytes per parameter: memory-bound.
//
// Reference: test/reference/optimizers.ts.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const STEPS: u32 = 2u; // steps whose gradients are summed for one update
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> accumulated: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> averages: array<vec4f>;

fn updates_done() -> u32 { return (state[0] - 1u) / STEPS; }

// If averages are asked for, the body of the optimizer's `store` replaces this one.
fn store(i: u32, w: vec4f) { parameters[i] = w; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH || state[7] != 0u) {
    return;
  }
  if (state[0] % STEPS == 0u) {
    accumulated[i] = vec4f(0.0);
  } else {
    accumulated[i] = gradients[i];
    store(i, parameters[i]);
  }
}
