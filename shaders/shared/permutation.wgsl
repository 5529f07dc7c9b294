// Keyed permutation of [0, size): shuffling without a stored list
//
// An epoch visits every sample once, in an order that its key alone determines. The permutation is not stored; the
// sample at any position is computed. A bijection of the b-bit numbers, 2^b ≥ size, is applied repeatedly until the
// result is below size (Black & Rogaway, "Ciphers with arbitrary finite domains", 2002).
//
// The bijection is a Feistel network of eight rounds. Value = (left, right), of ⌊b/2⌋ and ⌈b/2⌉ bits:
//   left  <- left  xor (hash(right xor k_r) mod 2^⌊b/2⌋)
//   right <- right xor (hash(left  xor l_r) mod 2^⌈b/2⌉)
// Each line is its own inverse, whatever the hash is, so all of it is a bijection. As 2^b < 2 size, a number takes fewer
// than two rounds on average, about 150 integer operations. It always ends: repeated application follows a cycle, which
// began below size and must come back there.
//
// Library: no bindings, no entry point. Reference: src/data/permutation.ts, bit for bit.

// A bijection of u32 in which flipping any input bit flips each output bit with a probability near 1/2
// (constants by Chris Wellons's hash-prospector and "TheIronBorn": bias 0.107).
fn hash_bits(value: u32) -> u32 {
  var h = value;
  h = (h ^ (h >> 16u)) * 0x21F0AAADu;
  h = (h ^ (h >> 15u)) * 0xD35A2D97u;
  return h ^ (h >> 15u);
}

// The key of one epoch. `salt` gives data sets with the same seed different orders.
fn permutation_key(seed: vec2u, epoch: u32, salt: u32) -> vec2u {
  let first = hash_bits(seed.x ^ hash_bits(seed.y ^ hash_bits(epoch ^ hash_bits(salt ^ 0x9E3779B9u))));
  let second = hash_bits(seed.y ^ hash_bits(epoch ^ hash_bits(seed.x ^ hash_bits(first ^ 0xBB67AE85u))));
  return vec2u(first, second);
}

// The sample at `position` < size. `bits` = ⌈log2 size⌉.
fn permute(position: u32, size: u32, bits: u32, key: vec2u) -> u32 {
  let right_bits = (bits + 1u) / 2u;
  let right_mask = (1u << right_bits) - 1u;
  let left_mask = (1u << (bits - right_bits)) - 1u;
  var value = position;
  loop {
    var left = value >> right_bits;
    var right = value & right_mask;
    for (var i = 0u; i < 4u; i++) {
      left ^= hash_bits(right ^ (key.x + i * 0x9E3779B9u)) & left_mask;
      right ^= hash_bits(left ^ (key.y + i * 0x9E3779B9u)) & right_mask;
    }
    value = (left << right_bits) | right;
    if (value < size) {
      break;
    }
  }
  return value;
}

// The sample in row `row` of a step's batch. The stream of samples begins at origin = (step, epoch, place): the first
// row of that step is position `place` < size of that epoch. From there it runs through one epoch after another, so a
// batch may lie in two of them, and within an epoch each sample comes once.
//
// Row s = steps · batch + row since the origin is position (place + s) mod size of epoch
// origin.y + ⌊(place + s) / size⌋. With steps = q size + r that is s = q batch size + (r batch + row), where
// place + r batch + row stays below 2^32 as long as size · (batch + 1) does, however large the step is.
//
// `state` is the program's: step, seed_low, seed_high.
fn sample_at(
  row: u32, batch: u32, size: u32, bits: u32, shuffled: bool, state: vec3u, origin: vec3u, salt: u32,
) -> u32 {
  let steps = state.x - origin.x;
  let place = origin.z + (steps % size) * batch + row;
  if (!shuffled) {
    return place % size;
  }
  let epoch = origin.y + (steps / size) * batch + place / size;
  return permute(place % size, size, bits, permutation_key(state.yz, epoch, salt));
}
