import { ShapeError } from '../errors.ts';
import { formatShape } from '../ops/core/shape.ts';
import type { Shape } from '../ops/core/shape.ts';
import { fillNormal } from './philox.ts';
import type { RandomKey } from './philox.ts';

/**
 * Fills a weight [..., out], seen as [rows, out], with `gain` times a random matrix whose columns (or rows, if there are
 * fewer) have length 1 and are orthogonal to each other: normal numbers, made so by Gram and Schmidt's method in float64, each
 * vector twice, which leaves rounding errors only (Giraud et al. 2005). All such matrices are equally likely (Mezzadri 2007).
 *
 * @throws ShapeError if the weight has a rank below 2
 */
export function fillOrthogonal(data: Float32Array, shape: Shape, key: RandomKey, gain: number): void {
  if (shape.length < 2) {
    throw new ShapeError(
      `orthogonalInitializer: fills matrices and more, got ${formatShape(shape)}; take another initializer for a bias`,
    );
  }
  const columns = shape.at(-1)!;
  const rows = data.length / columns;
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const normal = fillNormal(new Float32Array(data.length), key);
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const vector = Float64Array.from(normal.subarray(i * length, (i + 1) * length));
    for (const own of [...vectors, ...vectors]) {
      let product = 0;
      for (let j = 0; j < length; j++) product += own[j] * vector[j];
      for (let j = 0; j < length; j++) vector[j] -= product * own[j];
    }
    const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    vectors.push(vector.map((value) => value / norm));
  }
  vectors.forEach((vector, i) => {
    vector.forEach((value, j) => {
      data[rows >= columns ? j * columns + i : i * columns + j] = gain * value;
    });
  });
}

/**
 * Fills a matrix with `gain` on its diagonal, and 0 elsewhere.
 *
 * @throws ShapeError if the weight is not a matrix
 */
export function fillIdentity(data: Float32Array, shape: Shape, gain: number): void {
  if (shape.length !== 2) {
    throw new ShapeError(
      `identityInitializer: fills matrices, got ${formatShape(shape)}; take another initializer`,
    );
  }
  data.fill(0);
  const [rows, columns] = shape;
  for (let i = 0; i < Math.min(rows, columns); i++) data[i * columns + i] = gain;
}
