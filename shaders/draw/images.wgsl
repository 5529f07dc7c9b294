// Draw chosen images of a data set as a grid
//
//   colour(pixel) = mix( paper, ink, bytes[chosen[tile]·HEIGHT·WIDTH + row·WIDTH + column] / 255 )
//
// The data set is on the GPU in the format of its file: one byte per pixel, four to a word. The page sends only
// the numbers of the images to show, four bytes each; the pixels stay on the GPU.
//
//   bytes   [N, HEIGHT, WIDTH] of u8, packed into words, lowest byte first
//   chosen  [count]: which images, in reading order
//   grid    the layout, in pixels
//
// One vertex invocation places a corner of a triangle that covers the canvas. One fragment invocation colours a
// pixel: it finds its tile, looks up which image that is, and blends the four bytes around its place (bilinear
// interpolation: photographs and handwriting are smooth, unlike the weights in tiles.wgsl).
// Per pixel: about 40 FLOPs; 4 bytes of `chosen` and four words of `bytes` read, mostly from cache.

struct Grid {
  tile: vec2f, // pixels of one image
  gap: f32, // pixels between two images
  columns: u32, // images side by side
  count: u32, // images
  width: u32, // pixels of an image in the data set
  height: u32,
  paper: vec4f, // colours of 0 and 255
  ink: vec4f,
}

@group(0) @binding(0) var<storage, read> bytes: array<u32>;
@group(0) @binding(1) var<storage, read> chosen: array<u32>;
@group(0) @binding(2) var<uniform> grid: Grid;

@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  return vec4f(f32(index / 2u) * 4.0 - 1.0, f32(index % 2u) * 4.0 - 1.0, 0.0, 1.0);
}

fn byte_at(image: u32, at: vec2f) -> f32 {
  let texel = vec2u(clamp(at, vec2f(0.0), vec2f(vec2u(grid.width, grid.height) - 1u)));
  let index = (image * grid.height + texel.y) * grid.width + texel.x;
  return f32((bytes[index / 4u] >> (index % 4u * 8u)) & 255u) / 255.0;
}

@fragment
fn paint(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let cell = floor(position.xy / (grid.tile + grid.gap));
  let inside = position.xy - cell * (grid.tile + grid.gap);
  let tile = u32(cell.y) * grid.columns + u32(cell.x);
  if (inside.x >= grid.tile.x || inside.y >= grid.tile.y || u32(cell.x) >= grid.columns || tile >= grid.count) {
    return vec4f(0.0);
  }
  let image = chosen[tile];
  let at = inside / grid.tile * vec2f(f32(grid.width), f32(grid.height)) - 0.5;
  let first = floor(at);
  let blend = at - first;
  let top = mix(byte_at(image, first), byte_at(image, first + vec2f(1.0, 0.0)), blend.x);
  let bottom = mix(byte_at(image, first + vec2f(0.0, 1.0)), byte_at(image, first + 1.0), blend.x);
  return mix(grid.paper, grid.ink, mix(top, bottom, blend.y));
}
