// Draw a tensor as a grid of small images
//
//   colour(pixel) = palette( values[tile·TILE + row·ROW + column·COLUMN] / largest )
//
// One tensor holds many images: the filters of a convolution, [KH, KW, IC, OC], are OC images of KH × KW for each input
// channel; the feature maps of one sample, [H, W, C], are C images of H × W. Either way an image is the same buffer
// read with other strides. So this shader reads the buffers that the kernels wrote: no copy, no transposition, nothing
// read back to the CPU.
//
//   values   the tensor, f32, in place
//   largest  [1]: the largest magnitude, computed by a reduction kernel in the same submit
//   grid     how to cut the tensor into images, and how to lay these out on the canvas
//
// One vertex invocation places a corner of a triangle that covers the canvas. One fragment invocation colours a pixel:
// it finds the tile, the row and column in it, the value, and the colour. The palette runs from `negative` over `zero`
// to `positive`; images without negative values use only its upper half.
//
// Texels are drawn as sharp squares with edges one pixel wide. A nearest lookup would make some texels wider than
// others, because a tile's size is rarely a multiple of its texels. Per pixel: four values read, about 40 FLOPs.

struct Grid {
  canvas: vec2f, // pixels
  tile: vec2f, // pixels of one image
  texels: vec2f, // width and height of one image
  gap: f32, // pixels between two images
  gamma: f32, // below 1 lifts small values
  columns: u32, // images side by side
  count: u32, // images
  tile_stride: u32, // elements from one image to the next
  row_stride: u32,
  column_stride: u32,
  first: u32, // the image that stands in the first place
  foot: f32, // pixels below each image that stay free
  negative: vec4f, // colours of -1, 0 and 1
  zero: vec4f,
  positive: vec4f,
}

@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> largest: array<f32>;
@group(0) @binding(2) var<uniform> grid: Grid;

@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  return vec4f(f32(index / 2u) * 4.0 - 1.0, f32(index % 2u) * 4.0 - 1.0, 0.0, 1.0);
}

fn value_at(tile: u32, at: vec2f) -> f32 {
  let texel = vec2u(clamp(at, vec2f(0.0), grid.texels - 1.0));
  return values[(grid.first + tile) * grid.tile_stride + texel.y * grid.row_stride + texel.x * grid.column_stride];
}

fn colour(value: f32) -> vec4f {
  let share = clamp(value / max(largest[0], 1e-12), -1.0, 1.0);
  let strength = pow(abs(share), grid.gamma);
  let end = select(grid.negative, grid.positive, share >= 0.0);
  return mix(grid.zero, end, strength);
}

@fragment
fn paint(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let pitch = grid.tile + grid.gap + vec2f(0.0, grid.foot);
  let cell = floor(position.xy / pitch);
  let inside = position.xy - cell * pitch;
  let tile = u32(cell.y) * grid.columns + u32(cell.x);
  if (inside.x >= grid.tile.x || inside.y >= grid.tile.y || u32(cell.x) >= grid.columns || tile >= grid.count) {
    return vec4f(0.0);
  }
  // The four texels around this pixel, blended only across the pixel in which two of them meet.
  let per_pixel = grid.texels / grid.tile;
  let at = inside * per_pixel - 0.5;
  let first = floor(at);
  let blend = clamp((at - first - 0.5) / min(per_pixel, vec2f(1.0)) + 0.5, vec2f(0.0), vec2f(1.0));
  let top = mix(value_at(tile, first), value_at(tile, first + vec2f(1.0, 0.0)), blend.x);
  let bottom = mix(value_at(tile, first + vec2f(0.0, 1.0)), value_at(tile, first + 1.0), blend.x);
  return colour(mix(top, bottom, blend.y));
}
