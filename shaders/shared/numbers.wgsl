// NaN and the infinities, recognised by their bits. Library: no bindings, no entry point.
//
// An f32 whose exponent bits are all ones is infinite if its fraction is 0, else NaN: without the sign bit, the bits of
// Infinity are 0x7f800000, those of a NaN are larger. WGSL lets a compiler assume that neither occurs. Then x != x is
// false for all x, and max, min, clamp, sign and select may return anything for a NaN. About integers nothing may be
// assumed, so the tests here look at the bits. An op whose formula would lose a NaN passes it on with `keep_nan`, which
// costs three more operations.

alias Bits = u32; // as wide as Value: vec4u where that is vec4f

// y, except where x is NaN: then x.
fn keep_nan(x: Value, y: Value) -> Value {
  let bits = bitcast<Bits>(x);
  return bitcast<Value>(select(bitcast<Bits>(y), bits, (bits & Bits(0x7fffffffu)) > Bits(0x7f800000u)));
}

// y, except where a or b is NaN: then that NaN.
fn keep_nans(a: Value, b: Value, y: Value) -> Value { return keep_nan(a, keep_nan(b, y)); }

// y, except where a or b is NaN: then `otherwise`.
fn unless_nan(a: Value, b: Value, y: Value, otherwise: f32) -> Value {
  let largest = max(bitcast<Bits>(a) & Bits(0x7fffffffu), bitcast<Bits>(b) & Bits(0x7fffffffu));
  return select(y, Value(otherwise), largest > Bits(0x7f800000u));
}

// For single numbers. `exceeds` finds a maximum: NaN exceeds every number, and the first NaN found is kept.
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn exceeds(a: f32, b: f32) -> bool { return !is_nan(b) && (is_nan(a) || a > b); }

// The float with these bits. WGSL has no literals for Infinity and NaN, but a function's result may be either.
fn float_of(bits: u32) -> f32 { return bitcast<f32>(bits); }
const INFINITY_BITS: u32 = 0x7f800000u;
const NAN_BITS: u32 = 0x7fc00000u;

// x · 0: 0 where x is finite, else NaN. Compilers replace x * 0.0 by 0.
fn times_zero(x: Value) -> Value {
  let finite = (bitcast<Bits>(x) & Bits(0x7f800000u)) < Bits(0x7f800000u);
  return select(Value(float_of(NAN_BITS)), Value(0.0), finite);
}
