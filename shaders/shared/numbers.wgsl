// Not-a-number and the infinities, by their bits. Library: no bindings, no entry point.
//
// An f32 whose exponent is all ones is infinite where its fraction is 0, and NaN elsewhere: without the sign, the bits
// of Infinity are 0x7f800000, those of a NaN are above. WGSL lets a compiler assume that there is neither. Then x != x
// is false for all x, and max, min, clamp, sign and select give what is cheapest. Bits are whole numbers, about which
// nothing may be assumed. So an op whose formula would lose a NaN passes it on with `keep_nan`: three operations more.

alias Bits = u32; // as wide as Value: vec4u where that is vec4f

// y, but x where x is NaN.
fn keep_nan(x: Value, y: Value) -> Value {
  let bits = bitcast<Bits>(x);
  return bitcast<Value>(select(bitcast<Bits>(y), bits, (bits & Bits(0x7fffffffu)) > Bits(0x7f800000u)));
}

// y, but a or b where one of them is NaN.
fn keep_nans(a: Value, b: Value, y: Value) -> Value { return keep_nan(a, keep_nan(b, y)); }

// y, but `otherwise` where a or b is NaN.
fn unless_nan(a: Value, b: Value, y: Value, otherwise: f32) -> Value {
  let largest = max(bitcast<Bits>(a) & Bits(0x7fffffffu), bitcast<Bits>(b) & Bits(0x7fffffffu));
  return select(y, Value(otherwise), largest > Bits(0x7f800000u));
}

// For a single number, and for the largest of many: NaN exceeds all numbers, so that the first one stays.
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn exceeds(a: f32, b: f32) -> bool { return !is_nan(b) && (is_nan(a) || a > b); }

// The float with these bits. A WGSL literal is neither infinite nor NaN; a function's argument may be.
fn float_of(bits: u32) -> f32 { return bitcast<f32>(bits); }
const INFINITY_BITS: u32 = 0x7f800000u;
const NAN_BITS: u32 = 0x7fc00000u;

// x · 0: 0 where x is a finite number, else NaN. Compilers take x * 0.0 for 0.
fn times_zero(x: Value) -> Value {
  let finite = (bitcast<Bits>(x) & Bits(0x7f800000u)) < Bits(0x7f800000u);
  return select(Value(float_of(NAN_BITS)), Value(0.0), finite);
}
