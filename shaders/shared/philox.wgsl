// Philox4x32-10: random numbers without state
//
// A counter-based generator is a keyed hash: random bits = philox(counter, key). No invocation waits for another's
// state, any element of a random tensor can be computed alone, and a dropout mask need not be stored: the backward
// pass computes it again. It passes the BigCrush tests; its period is 2¹³⁰ words per key.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
// Reference: src/nn/philox.ts (integers bit for bit, floats up to the errors of log, sqrt, cos and sin).
//
// One of ten rounds, with hi and lo the words of a 64-bit product and ⊕ the exclusive or:
//   (c₀, c₁, c₂, c₃) ← (hi(M₁c₂) ⊕ c₁ ⊕ k₀, lo(M₁c₂), hi(M₀c₀) ⊕ c₃ ⊕ k₁, lo(M₀c₀)),  then k ← k + W
//
// Element i of a random tensor is word i % 4 of
//   philox4x32(vec4u(i / 4, step, stream, attempt), vec2u(seed_low, seed_high)),   attempt = 0
// so an invocation that writes a vec4f of elements calls it once.
//
// Library: no bindings, no entry point. Cost: about 200 integer operations for four words.

const PHILOX_M0: u32 = 0xD2511F53u;
const PHILOX_M1: u32 = 0xCD9E8D57u;
const PHILOX_W: vec2u = vec2u(0x9E3779B9u, 0xBB67AE85u); // golden ratio, √3 − 1

// High word of the 64-bit product a · b, from products of 16-bit halves: WGSL has no 64-bit integers.
// No sum overflows: (2¹⁶ − 1)² + 2¹⁶ − 1 < 2³².
fn multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xFFFFu;
  let a_high = a >> 16u;
  let b_low = b & 0xFFFFu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let cross_term = a_low * b_high + (middle & 0xFFFFu);
  return a_high * b_high + (middle >> 16u) + (cross_term >> 16u);
}

// Four random words.
fn philox4x32(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var i = 0u; i < 10u; i++) {
    c = vec4u(
      multiply_high(PHILOX_M1, c.z) ^ c.y ^ k.x,
      PHILOX_M1 * c.z,
      multiply_high(PHILOX_M0, c.x) ^ c.w ^ k.y,
      PHILOX_M0 * c.x,
    );
    k += PHILOX_W;
  }
  return c;
}

// Uniform in [0, 1): the top 24 bits as a multiple of 2⁻²⁴, which f32 holds exactly.
fn uniform01(bits: u32) -> f32 {
  return f32(bits >> 8u) * 5.9604644775390625e-8;
}

// Two standard normals from two words: √(−2 ln u₁) · (cos 2πu₂, sin 2πu₂), u₁ = 1 − uniform01 in (0, 1],
// so the logarithm is finite and no value exceeds 5.77. If log(1) comes out slightly above 0, max keeps the negative
// number from the square root. The angle is moved into [−π, π), where WGSL bounds the error of cos and sin.
fn box_muller(bits: vec2u) -> vec2f {
  let radius = sqrt(max(-2.0 * log(1.0 - uniform01(bits.x)), 0.0));
  let turn = uniform01(bits.y);
  let angle = 6.283185307179586 * select(turn, turn - 1.0, turn >= 0.5);
  return radius * vec2f(cos(angle), sin(angle));
}

// Four standard normals, for the four elements of one block: Box-Muller on words (0, 1) and (2, 3).
fn normal_block(counter: vec4u, key: vec2u) -> vec4f {
  let bits = philox4x32(counter, key);
  return vec4f(box_muller(bits.xy), box_muller(bits.zw));
}

// Four normals within two deviations. A number beyond is drawn again, with attempt = 1, 2, … in counter.w. A GPU
// should not run a loop without a bound, so the eighth draw is clamped (2 · 10⁻¹¹ of all elements).
fn truncated_normal_block(counter: vec4u, key: vec2u) -> vec4f {
  var z = normal_block(counter, key);
  for (var attempt = 1u; attempt < 8u; attempt++) {
    if (all(abs(z) <= vec4f(2.0))) { break; }
    let again = normal_block(vec4u(counter.xyz, attempt), key);
    z = select(z, again, abs(z) > vec4f(2.0));
  }
  return clamp(z, vec4f(-2.0), vec4f(2.0));
}
