// Strided copy: the one kernel behind transpose, slice, reverse, pad and their gradients
//
//   output[c] = input[OFFSET + Σ_d ((c_d − LOW_d) / DILATION_d) · STRIDES_d]
//   output[c] = FILL   where a coordinate falls outside the input, or between dilated elements
//
//   input   any shape; only its strides matter
//   output  [SHAPE], row-major; dimensions that stay adjacent are merged beforehand
//
// Every rearrangement is a choice of these numbers, per dimension of the output:
//   transpose  STRIDES are the input's, permuted
//   slice      OFFSET is the place of `begin`; STRIDES are the input's times the step
//   reverse    OFFSET is the last element; the stride is negative (u32 wraps: −s is 2³² − s)
//   pad        LOW is the padding before; coordinates that leave EXTENT are filled
//   the gradient of a slice with steps is a pad with DILATION = step
//
// One invocation computes one Value: a vec4f (or vec4u) where groups of four are contiguous in input and output.
// No FLOPs; 8 bytes per element. Where the last dimension moves, neighbouring invocations read addresses that lie far
// apart, each in a memory transaction of its own.
//
// Reference: test/reference/movement.ts. Read next: transpose_tiled.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time
alias Words = u32; // as wide as Value

const SIZE: u32 = 64u; // output elements, in Values
const RANK: u32 = 2u;
const SHAPE: array<u32, 2> = array<u32, 2>(8u, 8u); // of the output, in Values
const STRIDES: array<u32, 2> = array<u32, 2>(1u, 8u); // of the input, in Values
const OFFSET: u32 = 0u;
const PADDED: bool = false; // without it, LOW, DILATION and EXTENT are not used
const LOW: array<u32, 2> = array<u32, 2>(0u, 0u);
const DILATION: array<u32, 2> = array<u32, 2>(1u, 1u);
const EXTENT: array<u32, 2> = array<u32, 2>(8u, 8u); // of the input
const FILL: u32 = 0u; // as bits
const CHANNELS: u32 = 8u; // innermost dimension of the output, in Values
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

// A function, because WGSL rejects a constant expression with an infinite value.
fn filling() -> u32 {
  return FILL;
}

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  var rest = index;
  var source = OFFSET;
  var inside = true;
  // @unroll
  for (var i = 0u; i < RANK; i++) {
    let coordinate = rest % SHAPE[RANK - 1u - i];
    rest = rest / SHAPE[RANK - 1u - i];
    if (PADDED) {
      let place = coordinate - LOW[RANK - 1u - i];
      let position = place / DILATION[RANK - 1u - i];
      inside = inside && coordinate >= LOW[RANK - 1u - i] && place % DILATION[RANK - 1u - i] == 0u && position < EXTENT[RANK - 1u - i];
      source += position * STRIDES[RANK - 1u - i];
    } else {
      source += coordinate * STRIDES[RANK - 1u - i];
    }
  }
  if (PADDED) {
    var value = bitcast<Value>(Words(filling()));
    if (inside) {
      value = input[source];
    }
    output[index] = epilogue(value, index, index % CHANNELS);
  } else {
    output[index] = epilogue(input[source], index, index % CHANNELS);
  }
}
