// Integers, two at a time: output[i] = combine(a at i, b at i)
//
//   a, b    i32 or u32, broadcast to the output's shape: a dimension that is repeated has stride 0
//   output  [SIZE], the same type; or f32 1 and 0, the truth of a comparison
//
// The fused map works on floats, whose 24 bits hold whole numbers up to 16,777,216. Indices, hashes and masks of bits
// need all 32, and an arithmetic that wraps around at 2³²: 4,294,967,295 + 1 is 0 as u32, and −1 + 1 is 0 as i32, which
// are the same bits.
//
// Division is that of Python: ⌊a / b⌋, and a remainder with the sign of b, so that −7 = −2 · 4 + 1. By 0 both are 0, as
// in NumPy. Shifts take their distance modulo 32.
//
// One invocation computes one element. 12 bytes and one operation per element.
//
// Reference: test/reference/integers.ts.

alias Word = i32; // or u32
alias Result = i32; // or u32, f32

const OPERATION: u32 = 0u; // the number of one below
const SIZE: u32 = 64u;
const RANK: u32 = 2u;
const SHAPE: array<u32, 2> = array<u32, 2>(8u, 8u);
const A_STRIDES: array<u32, 2> = array<u32, 2>(8u, 1u);
const B_STRIDES: array<u32, 2> = array<u32, 2>(0u, 1u);
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> a: array<Word>;
@group(0) @binding(1) var<storage, read> b: array<Word>;
@group(0) @binding(4) var<storage, read_write> output: array<Result>;

fn quotient(x: Word, y: Word) -> Word {
  let rounds_up = x % y != Word(0) && (x < Word(0)) != (y < Word(0));
  return select(x / y - select(Word(0), Word(1), rounds_up), Word(0), y == Word(0));
}

fn compare(x: Word, y: Word) -> bool {
  switch (OPERATION) {
    case 12u: { return x == y; }
    case 13u: { return x != y; }
    case 14u: { return x < y; }
    case 15u: { return x <= y; }
    case 16u: { return x > y; }
    default: { return x >= y; }
  }
}

fn combine(x: Word, y: Word) -> Word {
  switch (OPERATION) {
    case 0u: { return x + y; }
    case 1u: { return x - y; }
    case 2u: { return x * y; }
    case 3u: { return quotient(x, y); }
    case 4u: { return select(x - y * quotient(x, y), Word(0), y == Word(0)); }
    case 5u: { return max(x, y); }
    case 6u: { return min(x, y); }
    case 7u: { return x & y; }
    case 8u: { return x | y; }
    case 9u: { return x ^ y; }
    case 10u: { return x << (u32(y) % 32u); }
    default: { return x >> (u32(y) % 32u); }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  var rest = index;
  var from_a = 0u;
  var from_b = 0u;
  // @unroll
  for (var i = 0u; i < RANK; i++) {
    let coordinate = rest % SHAPE[RANK - 1u - i];
    rest = rest / SHAPE[RANK - 1u - i];
    from_a += coordinate * A_STRIDES[RANK - 1u - i];
    from_b += coordinate * B_STRIDES[RANK - 1u - i];
  }
  if (OPERATION < 12u) {
    output[index] = Result(combine(a[from_a], b[from_b]));
  } else {
    output[index] = Result(compare(a[from_a], b[from_b]));
  }
}
