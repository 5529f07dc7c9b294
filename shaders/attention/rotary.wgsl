// Rotary positions: turns each pair of numbers by an angle that grows with the position
//
//   (a, b) → (a cos φ − b sin φ, a sin φ + b cos φ),   φ = (position + offset) · BASE^(−2i / SIZE) for pair i
//
//   x       [BATCH, STEPS, HEADS, SIZE]: queries or keys. Pair i is the numbers i and i + SIZE / 2 of a head
//   angles  [POSITIONS, SIZE / 2] vec2f: (cos φ, sin φ), computed in float64
//   offsets i32 [BATCH], where SHIFTED: the position of the first step of each sequence
//   output  as x
//
// (RoPE, Su et al. 2021.) The product of a query and a key that were turned depends on the difference of their positions only:
// turning both by one angle more does not change it. So attention sees how far apart two steps are, and a model has no table of
// positions to learn. The first pairs turn fast and tell neighbours apart, the last ones hardly turn over a whole text.
//
// The inverse of a rotation is the one by −φ, and that is its gradient, too: SIGN = −1.
// One invocation turns one pair. FLOPs 6 per pair; bytes 24 per pair with its angles, which caches keep.
//
// Reference: test/reference/positions.ts.

const BATCH: u32 = 2u;
const STEPS: u32 = 8u;
const HEADS: u32 = 2u;
const SIZE: u32 = 4u;
const POSITIONS: u32 = 8u;
const SHIFTED: bool = false;
const SIGN: f32 = 1.0;
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> angles: array<vec2f>;
@group(0) @binding(2) var<storage, read> offsets: array<i32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let place = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (place >= BATCH * STEPS * HEADS * (SIZE / 2u)) {
    return;
  }
  let pair = place % (SIZE / 2u);
  let row = place / (SIZE / 2u); // batch, step and head
  var position = i32(row / HEADS % STEPS);
  if (SHIFTED) {
    position += offsets[row / (HEADS * STEPS)];
  }
  let angle = angles[u32(clamp(position, 0i, i32(POSITIONS) - 1i)) * (SIZE / 2u) + pair];
  let a = x[row * SIZE + pair];
  let b = x[row * SIZE + SIZE / 2u + pair];
  output[row * SIZE + pair] = a * angle.x - b * (SIGN * angle.y);
  output[row * SIZE + SIZE / 2u + pair] = a * (SIGN * angle.y) + b * angle.x;
}
