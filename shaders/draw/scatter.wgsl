// Draw points as a scatter plot, coloured by class
//
//   centre(i) = ( points[i·STRIDE], points[i·STRIDE + 1] ) / reach
//   colour(i) = classes[ labels[i] ]
//
// The encoder wrote a row of numbers for each image; the first two are a place in the plane. One instance of two
// triangles is drawn for each point, and the vertex invocations read the place from the tensor itself: no vertex
// buffer, no copy, nothing read back to the CPU. One byte per image is its class, which has a colour.
//
//   points  [N, stride], f32, in place
//   labels  [N] of u8, packed into words, lowest byte first
//   plot    the scale, the size of a point, the colours
//
// One vertex invocation places a corner of one point's square. One fragment invocation colours a pixel of the disc in
// it, with an edge one pixel wide. Points are blended over each other, so that places with many points are darker.
// Six vertices per point, each with 12 bytes read and about 15 FLOPs; about 8 FLOPs per pixel of a square.

struct Plot {
  canvas: vec2f, // pixels
  reach: f32, // the coordinate at the edge of the canvas
  radius: f32, // of a point, in pixels
  opacity: f32,
  stride: u32, // elements from one point to the next
  classes: array<vec4f, 10>, // colours
}

@group(0) @binding(0) var<storage, read> points: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<uniform> plot: Plot;

struct Corner {
  @builtin(position) position: vec4f,
  @location(0) from_centre: vec2f, // pixels
  @location(1) @interpolate(flat) colour: vec3f,
}

@vertex
fn corner(@builtin(vertex_index) index: u32, @builtin(instance_index) point: u32) -> Corner {
  // 0 1 2 and 2 1 3 are the two triangles of a square.
  let vertex = select(index, array<u32, 3>(2u, 1u, 3u)[index % 3u], index >= 3u);
  let side = vec2f(f32(vertex % 2u), f32(vertex / 2u)) * 2.0 - 1.0;
  let place = vec2f(points[point * plot.stride], points[point * plot.stride + 1u]) / plot.reach;
  let from_centre = side * (plot.radius + 1.0);
  let label = (labels[point / 4u] >> (point % 4u * 8u)) & 255u;
  return Corner(
    vec4f(place + from_centre / plot.canvas * 2.0, 0.0, 1.0),
    from_centre,
    plot.classes[min(label, 9u)].rgb,
  );
}

@fragment
fn paint(pixel: Corner) -> @location(0) vec4f {
  let covered = clamp(plot.radius + 0.5 - length(pixel.from_centre), 0.0, 1.0);
  let alpha = covered * plot.opacity;
  return vec4f(pixel.colour * alpha, alpha); // the canvas expects premultiplied colours
}
