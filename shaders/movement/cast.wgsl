// Cast between element types: output[i] = Value(input[i])
//
//   input   [SIZE] Sources: f32, i32 or u32 (or vectors of four)
//   output  [SIZE] Values
//
// From f32 to an integer the fraction is cut off (−1.5 → −1), a number beyond the integer's range becomes its nearest
// end, and NaN, for which WGSL leaves the result open, becomes 0. Between i32 and u32 the bits stay the same. Integers
// beyond 2²⁴ are rounded in f32.
// One invocation converts one Value. No FLOPs; 8 bytes per element.

alias Source = i32;
alias SourceBits = u32; // as wide as Source
alias Value = f32; // or vec4f: four neighbouring elements at a time

const FROM_FLOAT: bool = false; // to an integer
const BEYOND: f32 = 1.0; // the first number too large for it: 2³¹ or 2³²
const LARGEST: u32 = 1u; // bits of its largest number, 0x7fffffff or 0xffffffff
const SIZE: u32 = 64u; // in Values
const CHANNELS: u32 = 8u; // innermost dimension, in Values
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Source>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

fn converted(x: Source) -> Value {
  if (FROM_FLOAT) {
    let is_nan = (bitcast<SourceBits>(x) & SourceBits(0x7fffffffu)) > SourceBits(0x7f800000u);
    // In some implementations the conversion saturates at the largest f32 below 2³¹ or 2³², not at the largest integer.
    let limited = select(Value(x), bitcast<Value>(SourceBits(LARGEST)), x >= Source(BEYOND));
    return select(limited, Value(0), is_nan);
  }
  return Value(x);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index < SIZE) {
    output[index] = epilogue(converted(input[index]), index, index % CHANNELS);
  }
}
