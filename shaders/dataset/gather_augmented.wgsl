// Gathers a batch of augmented images: randomly moved, rotated, scaled, mirrored, with a square cut out and with noise
//
//   batch[row, p] = SCALE · image(c + M (p - c - t)) + OFFSET + NOISE · z       p = (y, x), c the centre of the image
//   M = F · R(-θ) / s        batch[row, p] = SCALE · FILL + OFFSET inside the square that is cut out
//
//   image   sample_at(row), read bilinearly between pixel centres; FILL beyond its edges
//   t       U(±SHIFT) pixels down and right;   θ ~ U(±ROTATE) radians, clockwise;   s ~ U(ZOOM)
//   F       mirrors left and right (FLIP_X), top and bottom (FLIP_Y), each for half of the images
//   square  CUTOUT × CUTOUT pixels around a pixel anywhere in the image (DeVries & Taylor 2017)
//   z       N(0, 1) for every value
//
//   source         [COUNT, EXTENT, CHANNELS]: bytes, four to a word (PACKED), or f32; a piece as in gather.wgsl
//   label_source   [SIZE] class indices as bytes (PACKED_LABELS) or i32, where LABELLED
//   state          u32 [8]: step, seed_low, seed_high, _, origin of the stream: step, epoch, place, _
//   batch, labels  [BATCH, EXTENT, CHANNELS] f32; [BATCH] i32, where LABELLED
//
// Random numbers come from Philox at (row, step, STREAM, 0 … 1): a repeated step draws the same. A workgroup makes part
// of an image, ITERATIONS blocks of four values per invocation. Per value about 60 FLOPs, 16 bytes. Reference: augment.ts.

const SIZE: u32 = 100u; // samples
const BITS: u32 = 7u; // ⌈log2 SIZE⌉
const BATCH: u32 = 8u;
const FIRST: u32 = 0u; // the sample that source begins with
const COUNT: u32 = 100u; // samples in source
const EXTENT: array<u32, 2> = array<u32, 2>(5u, 6u); // height, width
const CHANNELS: u32 = 1u;
const PACKED: bool = true;
const LABELLED: bool = true;
const PACKED_LABELS: bool = true;
const SHUFFLED: bool = true;
const SALT: u32 = 0u;
const SCALE: f32 = 1.0;
const OFFSET: f32 = 0.0;
const STREAM: u32 = 0u;
const NOISE_STREAM: u32 = 1u;
const MOVED: bool = true; // whether SHIFT, ROTATE or ZOOM do anything
const SHIFT: array<f32, 2> = array<f32, 2>(1.0, 1.0);
const ROTATE: f32 = 0.1;
const ZOOM: array<f32, 2> = array<f32, 2>(0.9, 1.1); // least and largest
const FLIP_X: bool = true;
const FLIP_Y: bool = true;
const NOISE: f32 = 0.1;
const CUTOUT: u32 = 2u;
const FILL: f32 = 0.0;
const GROUPS_PER_SAMPLE: u32 = 1u;
const ITERATIONS: u32 = 1u;
const WORKGROUP_SIZE: u32 = 64u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read> label_source: array<u32>;
@group(0) @binding(2) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> batch: array<f32>;
@group(0) @binding(5) var<storage, read_write> labels: array<i32>;

const SAMPLE: u32 = EXTENT[0] * EXTENT[1] * CHANNELS;
const CENTRE: vec2f = vec2f(0.5 * f32(EXTENT[0] - 1u), 0.5 * f32(EXTENT[1] - 1u));

// A pixel of the source image, FILL outside of it.
fn pixel(sample: u32, at: vec2i, channel: u32) -> f32 {
  let inside = at.x >= 0 && at.y >= 0 && at.x < i32(EXTENT[0]) && at.y < i32(EXTENT[1]);
  let place = select(vec2u(0u), vec2u(at), inside);
  let index = sample * SAMPLE + (place.x * EXTENT[1] + place.y) * CHANNELS + channel;
  let word = source[index / select(1u, 4u, PACKED)];
  let byte = f32((word >> (8u * (index % 4u))) & 0xFFu);
  return select(FILL, select(bitcast<f32>(word), byte, PACKED), inside);
}

// Bilinear: the four pixels around `at`, weighted by how near they are.
fn between(sample: u32, at: vec2f, channel: u32) -> f32 {
  // Far outside everything is FILL. The clamp makes the coordinates small enough for an integer.
  let near = clamp(at, vec2f(-2.0), vec2f(f32(EXTENT[0]), f32(EXTENT[1])) + 1.0);
  let low = vec2i(floor(near));
  let part = near - floor(near);
  let top = mix(pixel(sample, low, channel), pixel(sample, low + vec2i(0, 1), channel), part.y);
  let bottom = mix(pixel(sample, low + vec2i(1, 0), channel), pixel(sample, low + vec2i(1, 1), channel), part.y);
  return mix(top, bottom, part.x);
}

fn label_at(index: u32) -> i32 {
  if (PACKED_LABELS) {
    return i32((label_source[index / 4u] >> (8u * (index % 4u))) & 0xFFu);
  } else {
    return bitcast<i32>(label_source[index]);
  }
}

// Uniform in [low, high) from a random word.
fn uniform_between(bits: u32, low: f32, high: f32) -> f32 {
  return low + (high - low) * uniform01(bits);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let group = workgroup_id.y * GRID_X + workgroup_id.x;
  let row = group / GROUPS_PER_SAMPLE;
  let part = group % GROUPS_PER_SAMPLE;
  if (row >= BATCH) {
    return;
  }
  let now = vec3u(state[0], state[1], state[2]);
  let origin = vec3u(state[4], state[5], state[6]);
  let sample = sample_at(row, BATCH, SIZE, BITS, SHUFFLED, now, origin, SALT) - FIRST;
  if (sample >= COUNT) {
    return; // the sample lies in another piece (below FIRST the difference wraps around)
  }
  if (LABELLED) {
    if (part == 0u && local_id.x == 0u) {
      labels[row] = label_at(sample);
    }
  }

  let key = vec2u(state[1], state[2]);
  let first = philox4x32(vec4u(row, state[0], STREAM, 0u), key);
  let second = philox4x32(vec4u(row, state[0], STREAM, 1u), key);
  let shift = vec2f(uniform_between(first.x, -SHIFT[0], SHIFT[0]), uniform_between(first.y, -SHIFT[1], SHIFT[1]));
  let angle = uniform_between(first.z, -ROTATE, ROTATE);
  let zoom = uniform_between(first.w, ZOOM[0], ZOOM[1]);
  let mirror = vec2f(
    select(1.0, -1.0, FLIP_Y && second.x < 0x80000000u),
    select(1.0, -1.0, FLIP_X && second.y < 0x80000000u),
  );
  let turn = vec2f(cos(angle), sin(angle)) / zoom;
  let hole = vec2i(i32(uniform01(second.z) * f32(EXTENT[0])), i32(uniform01(second.w) * f32(EXTENT[1]))) - i32(CUTOUT / 2u);

  for (var i = 0u; i < ITERATIONS; i++) {
    let block = (part * ITERATIONS + i) * WORKGROUP_SIZE + local_id.x;
    var noise: vec4f;
    if (NOISE > 0.0) {
      noise = NOISE * normal_block(vec4u(row * ((SAMPLE + 3u) / 4u) + block, state[0], NOISE_STREAM, 0u), key);
    }
    // The bound is not a constant, so that the driver does not unroll the loop.
    for (var lane = 0u; lane < min(4u, SAMPLE - min(block * 4u, SAMPLE)); lane++) {
      let element = block * 4u + lane;
      let at = vec2u(element / (EXTENT[1] * CHANNELS), element / CHANNELS % EXTENT[1]);
      var value: f32;
      if (MOVED) {
        let d = vec2f(at) - CENTRE - shift;
        let turned = vec2f(turn.x * d.x - turn.y * d.y, turn.y * d.x + turn.x * d.y);
        value = between(sample, CENTRE + mirror * turned, element % CHANNELS);
      } else {
        value = pixel(sample, vec2i(CENTRE + mirror * (vec2f(at) - CENTRE)), element % CHANNELS);
      }
      value = SCALE * value + OFFSET + noise[lane];
      let into = vec2i(at) - hole;
      let cut = CUTOUT > 0u && all(into >= vec2i(0)) && all(into < vec2i(i32(CUTOUT)));
      batch[row * SAMPLE + element] = select(value, SCALE * FILL + OFFSET, cut);
    }
  }
}
