// Concatenation of up to six tensors along one axis
//
//   output[o, BEGIN + START_k + p] = input_k[o, p]      0 ≤ p < START_{k+1} − START_k
//
// The dimensions before the axis are merged into `o`. The axis and those after it are merged into a row, in which the
// inputs follow each other, each with its own stretch.
//
//   input_k  [outer, stretch k]
//   output   [outer, OUT_ROW]; this dispatch writes the columns BEGIN … BEGIN + ROW
//            (all of them, unless there are more than six inputs)
//
// One invocation copies one Value, a vec4f where all stretches are multiples of four.
// No FLOPs; 8 bytes per element. Neighbouring invocations mostly take the same branch.
//
// Reference: test/reference/movement.ts.

alias Value = f32; // or vec4f: four neighbouring elements at a time

const SIZE: u32 = 64u; // elements written, in Values: outer · ROW
const COUNT: u32 = 6u; // inputs
const ROW: u32 = 12u; // length of the stretches together
const BEGIN: u32 = 0u;
const OUT_ROW: u32 = 12u;
const START: array<u32, 7> = array<u32, 7>(0u, 2u, 4u, 6u, 8u, 10u, 12u);
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input_0: array<Value>;
@group(0) @binding(1) var<storage, read> input_1: array<Value>;
@group(0) @binding(2) var<storage, read> input_2: array<Value>;
@group(0) @binding(3) var<storage, read> input_3: array<Value>;
@group(0) @binding(4) var<storage, read> input_4: array<Value>;
@group(0) @binding(5) var<storage, read> input_5: array<Value>;
@group(0) @binding(6) var<storage, read_write> output: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let row = index / ROW;
  let column = index % ROW;
  let place = row * OUT_ROW + BEGIN + column;
  if (COUNT == 1u || column < START[1]) {
    output[place] = input_0[row * START[1] + column];
  } else if (COUNT == 2u || column < START[2]) {
    output[place] = input_1[row * (START[2] - START[1]) + column - START[1]];
  } else if (COUNT == 3u || column < START[3]) {
    output[place] = input_2[row * (START[3] - START[2]) + column - START[2]];
  } else if (COUNT == 4u || column < START[4]) {
    output[place] = input_3[row * (START[4] - START[3]) + column - START[3]];
  } else if (COUNT == 5u || column < START[5]) {
    output[place] = input_4[row * (START[5] - START[4]) + column - START[4]];
  } else {
    output[place] = input_5[row * (START[6] - START[5]) + column - START[5]];
  }
}
