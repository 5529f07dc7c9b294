/** A place between four samples: their numbers, from 0, at the corners of the map, and x and y from 0 to 1. */
export interface CornerPlace {
  readonly corners: readonly number[];
  readonly x: number;
  readonly y: number;
}

/**
 * The latent vector at (x, y) between the four in the corners. Bilinear interpolation alone ends at vectors that are too
 * short: those of N(0, I) lie close to a sphere of radius √n, and their mean far inside it. So the result is stretched
 * to the interpolated length, which keeps to the sphere nearly as spherical interpolation does (White 2016).
 */
export function between(corners: readonly Float32Array[], x: number, y: number): Float32Array {
  const shares = [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  const mean = corners[0].map((_, i) =>
    corners.reduce((sum, corner, which) => sum + shares[which] * corner[i], 0),
  );
  const length = corners.reduce((sum, corner, which) => sum + shares[which] * norm(corner), 0);
  const stretch = length / Math.max(norm(mean), 1e-6);
  return mean.map((value) => value * stretch);
}

const norm = (vector: Float32Array): number => Math.hypot(...vector);

/** The latent vectors of a square map between four corners, row by row, in one array. */
export function mapBetween(corners: readonly Float32Array[], side: number): Float32Array {
  const size = corners[0].length;
  const all = new Float32Array(side * side * size);
  for (let i = 0; i < side * side; i++) {
    const [column, row] = [i % side, Math.floor(i / side)];
    all.set(between(corners, column / (side - 1), row / (side - 1)), i * size);
  }
  return all;
}
