// Draw lines through points that lie in a tensor
//
//   segment i of line l:  from places[l·POINTS + i] to places[l·POINTS + i + 1], each divided by reach
//
// A kernel has moved the points of each line; the vertex invocations read them from the tensor itself, so that nothing is
// copied and nothing read back to the CPU. One instance of two triangles is drawn for each segment: a rectangle along it, as
// wide as the line and longer by a pixel at both ends, where it meets the next one. Segments further apart than the canvas is
// wide would be drawn across it; the triangles are cut off at its edge by the hardware.
//
//   places  [lines, points, 2], f32
//   plot    the scale, the width of a line, its colour
//
// One vertex invocation places a corner of one segment's rectangle. One fragment invocation colours a pixel of it, with an
// edge one pixel wide. Six vertices per segment, each with 16 bytes read and about 30 FLOPs; about 5 FLOPs per pixel.

struct Plot {
  canvas: vec2f, // pixels
  reach: f32, // the coordinate at the edge of the canvas
  width: f32, // of a line, in pixels
  opacity: f32,
  points: u32, // of each line
  colour: vec4f,
}

@group(0) @binding(0) var<storage, read> places: array<vec2f>;
@group(0) @binding(1) var<uniform> plot: Plot;

struct Corner {
  @builtin(position) position: vec4f,
  @location(0) across: f32, // pixels from the middle of the line
}

@vertex
fn corner(@builtin(vertex_index) index: u32, @builtin(instance_index) segment: u32) -> Corner {
  // 0 1 2 and 2 1 3 are the two triangles of a rectangle.
  let vertex = select(index, array<u32, 3>(2u, 1u, 3u)[index % 3u], index >= 3u);
  let side = vec2f(f32(vertex % 2u), f32(vertex / 2u)) * 2.0 - 1.0;
  let first = segment / (plot.points - 1u) * plot.points + segment % (plot.points - 1u);
  let to_pixels = plot.canvas / (2.0 * plot.reach);
  let start = places[first] * to_pixels;
  let end = places[first + 1u] * to_pixels;
  let length = max(distance(start, end), 1e-6);
  let along = (end - start) / length;
  let half = plot.width / 2.0 + 1.0;
  let place = mix(start, end, side.x * 0.5 + 0.5) + side.x * 0.5 * along + side.y * half * vec2f(-along.y, along.x);
  return Corner(vec4f(place / plot.canvas * 2.0, 0.0, 1.0), side.y * half);
}

@fragment
fn paint(pixel: Corner) -> @location(0) vec4f {
  let alpha = clamp(plot.width / 2.0 + 0.5 - abs(pixel.across), 0.0, 1.0) * plot.opacity;
  return vec4f(plot.colour.rgb * alpha, alpha); // the canvas expects premultiplied colours
}
