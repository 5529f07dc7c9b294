// Places in a batch of images, for kernels that number the positions of all images consecutively. Library: no bindings.

/// Image, row and column of a position, where an image has `height` rows of `width` positions.
fn place_of(position: u32, height: u32, width: u32) -> vec3u {
  return vec3u(position / width / height, position / width % height, position % width);
}
