// Draw images as a grid, with a bar below each that shows how real a discriminator thinks it is
//
//   colour(pixel) = mix( paper, ink, values[image·TILE + row·ROW + column·COLUMN] )
//   bar(image)    = as long as opinions[image] times the tile's width, in the colour `real` from 1/2 on, else `fake`
//
// A discriminator gives each image a probability of being real. This shader reads images and probabilities from the
// buffers that the last kernels wrote: a page that shows the opinion on 64 images reads nothing back to the CPU.
//
//   values    the images, f32, 0 paper to 1 ink, in place
//   opinions  [images]: a probability for each
//   grid      how to cut the tensor into images, and how to lay these out on the canvas
//
// One vertex invocation places a corner of a triangle that covers the canvas. One fragment invocation colours a pixel:
// it finds its tile, and whether the pixel lies in the image, in the bar, or between them. Per pixel: about 40 FLOPs and
// up to four values or one opinion read, mostly from cache.
//
// The length of a bar says as much as its colour, for readers who cannot tell the colours apart. A mark in the middle
// shows the probability 1/2, where the discriminator is undecided.

struct Grid {
  tile: vec2f, // pixels of one image
  texels: vec2f, // width and height of one image
  gap: f32, // pixels between two tiles
  foot: f32, // pixels under an image: two fifths are space, the rest is the bar
  columns: u32, // images side by side
  count: u32, // images shown
  tile_stride: u32, // elements from one image to the next
  row_stride: u32,
  column_stride: u32,
  first: u32, // the image that stands in the first place
  paper: vec4f, // colours of 0 and 1
  ink: vec4f,
  fake: vec4f, // of the bar
  real: vec4f,
}

@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> opinions: array<f32>;
@group(0) @binding(2) var<uniform> grid: Grid;

@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  return vec4f(f32(index / 2u) * 4.0 - 1.0, f32(index % 2u) * 4.0 - 1.0, 0.0, 1.0);
}

fn value_at(image: u32, at: vec2f) -> f32 {
  let texel = vec2u(clamp(at, vec2f(0.0), grid.texels - 1.0));
  return values[image * grid.tile_stride + texel.y * grid.row_stride + texel.x * grid.column_stride];
}

// Sharp texels whose edges are one pixel wide, as in tiles.wgsl.
fn picture(image: u32, inside: vec2f) -> vec4f {
  let per_pixel = grid.texels / grid.tile;
  let at = inside * per_pixel - 0.5;
  let first = floor(at);
  let blend = clamp((at - first - 0.5) / min(per_pixel, vec2f(1.0)) + 0.5, vec2f(0.0), vec2f(1.0));
  let top = mix(value_at(image, first), value_at(image, first + vec2f(1.0, 0.0)), blend.x);
  let bottom = mix(value_at(image, first + vec2f(0.0, 1.0)), value_at(image, first + 1.0), blend.x);
  return mix(grid.paper, grid.ink, clamp(mix(top, bottom, blend.y), 0.0, 1.0));
}

fn bar(image: u32, along: f32) -> vec4f {
  let opinion = clamp(opinions[image], 0.0, 1.0);
  let colour = select(grid.fake, grid.real, opinion >= 0.5);
  let covered = clamp(opinion * grid.tile.x - along + 0.5, 0.0, 1.0);
  // The mark in the middle: one pixel on each side stays free.
  let middle = clamp(abs(along - grid.tile.x * 0.5), 0.0, 1.0);
  return mix(grid.paper, colour, covered) * middle;
}

@fragment
fn paint(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let pitch = grid.tile + vec2f(grid.gap, grid.gap + grid.foot);
  let cell = floor(position.xy / pitch);
  let inside = position.xy - cell * pitch;
  let tile = u32(cell.y) * grid.columns + u32(cell.x);
  if (inside.x >= grid.tile.x || u32(cell.x) >= grid.columns || tile >= grid.count) {
    return vec4f(0.0);
  }
  let image = grid.first + tile;
  if (inside.y < grid.tile.y) {
    return picture(image, inside);
  }
  let under = inside.y - grid.tile.y;
  if (under < grid.foot * 0.4 || under >= grid.foot) {
    return vec4f(0.0);
  }
  return bar(image, inside.x);
}
