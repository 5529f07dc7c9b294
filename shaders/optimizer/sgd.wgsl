// Stochastic gradient descent: every parameter of a model in one dispatch
//
//   w <- w - η g
//
//   gradients, parameters   [4 LENGTH] f32, flat: all tensors of the model one after another
//   averages                moving averages of the parameters, where they are wanted
//   state                   u32: state[0] = steps done
//   hyper                   f32: hyper[0] = learning rate η, on the GPU so that it can change between steps
//
// Between the tensors the buffers are padded with zeros, which every optimizer leaves zero.
// One invocation updates four parameters. 2 FLOPs and 12 bytes per parameter: bound by memory.

const LENGTH: u32 = 16u; // of the flat buffers, in vec4f
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> averages: array<vec4f>;

// Where schedules, penalties, clipping, weight decay and averages come in: these bodies are then replaced by
// others over the functions of shared/optimizer.wgsl and shared/schedules.wgsl.
fn learning_rate() -> f32 { return hyper[0]; }
fn gradient(i: u32) -> vec4f { return gradients[i]; }
fn update(i: u32, change: vec4f, rate: f32) { parameters[i] += change; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let i = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (i >= LENGTH) {
    return;
  }
  let rate = learning_rate();
  update(i, -rate * gradient(i), rate);
}
