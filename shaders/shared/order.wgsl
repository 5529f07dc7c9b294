// The order of numbers, as whole numbers. Library: no bindings, no entry point. Reference: test/reference/sort.ts.

// A key for the bits of a number, so that keys compare as the numbers do, with NaN after all others.
//   KIND 0, f32   the bits of positive numbers rise with the number, if the sign bit is set for them; those of negative
//                 ones fall, so all of them are turned. −0 is 0, and any NaN becomes the largest key.
//   KIND 1, i32   a turned sign bit puts negative numbers before the others
//   KIND 2, u32   as they are
fn sort_key(bits: u32, kind: u32) -> u32 {
  if (kind == 2u) {
    return bits;
  }
  if (kind == 1u) {
    return bits ^ 0x80000000u;
  }
  let magnitude = bits & 0x7fffffffu;
  if (magnitude == 0u) {
    return 0x80000000u;
  }
  if (magnitude > 0x7f800000u) {
    return 0xffffffffu;
  }
  return select(bits | 0x80000000u, ~bits, bits != magnitude);
}
