import { ArgumentError, ShapeError } from '../errors.ts';
import { randomStream } from '../data/random.ts';
import {
  add,
  divide,
  greaterEqual,
  maximum,
  multiply,
  scale,
  shift,
  sqrt,
  square,
  subtract,
} from '../ops/elementwise/elementwise.ts';
import { constant } from '../ops/core/leaves.ts';
import { matmul } from '../ops/matmul/matmul.ts';
import { reshape } from '../ops/movement/movement.ts';
import { orthonormalize } from '../ops/linalg/orthonormalize.ts';
import { reduceMean } from '../ops/reduce/reduce.ts';
import { reduceSum } from '../ops/reduce/sum.ts';
import { formatShape } from '../ops/core/shape.ts';
import type { Tensor } from '../ops/core/op.ts';

/**
 * Steps of the orthogonal iteration. Each multiplies by the square of the covariance; higher powers would save steps, but
 * a direction whose variance is a hundredth of the largest would then be lost in the rounding errors of f32.
 */
const ITERATIONS = 12;
/** A variance below this counts as 0. */
const LEAST = 1e-12;

export interface PrincipalComponents {
  /** [d] */
  readonly mean: Tensor;
  /** Orthonormal columns, [d, components], those of the largest variance first. */
  readonly directions: Tensor;
  /** Standard deviation along each direction, [components]. */
  readonly deviations: Tensor;
  /** The coordinates of each row along the directions, in standard deviations, [N, components]. */
  readonly scores: Tensor;
}

/**
 * Principal components of the rows of x [N, d] as graph nodes (Hotelling 1933): directions of the largest variance, from
 * the covariance C = (x − mean)ᵀ (x − mean) / N by orthogonal iteration, Q ← orthonormalize(C² Q), a fixed number of times
 * from a fixed start: after 24 multiplications by C direction i is off by about (λᵢ₊₁ / λᵢ)²⁴.
 * Directions come without a sign: q and −q are the same direction.
 *
 * @throws ShapeError if x is not a matrix
 * @throws ArgumentError unless components is a whole number from 1 to d
 */
export function principalComponents(x: Tensor, components: number): PrincipalComponents {
  if (x.shape.length !== 2) {
    throw new ShapeError(`principalComponents: takes rows [N, d], got ${formatShape(x.shape)}`);
  }
  const [rows, d] = x.shape;
  if (!Number.isInteger(components) || components < 1 || components > d) {
    throw new ArgumentError(
      `principalComponents: components is ${components}; it must be a whole number from 1 to the ${d} columns`,
    );
  }
  const mean = reduceMean(x, { axes: [0] });
  const centred = subtract(x, mean);
  const covariance = scale(matmul(centred, centred, { transposeA: true }), 1 / rows);
  const unit = normalized(covariance);
  const squared = normalized(matmul(unit, unit));
  let directions = constant(start(d, components), [d, components]);
  for (let i = 0; i < ITERATIONS; i++) directions = orthonormalize(matmul(squared, directions));
  return { mean, directions, ...along(centred, directions) };
}

/** The axes as they are, in place of principal components, for rows that have few columns. */
export function ownAxes(x: Tensor): PrincipalComponents {
  const [, d] = x.shape;
  const identity = Float32Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
  const directions = constant(identity, [d, d]);
  const mean = reduceMean(x, { axes: [0] });
  return { mean, directions, ...along(subtract(x, mean), directions) };
}

function along(centred: Tensor, directions: Tensor): Pick<PrincipalComponents, 'deviations' | 'scores'> {
  const projected = matmul(centred, directions);
  const deviations = sqrt(add(reduceMean(square(projected), { axes: [0] }), LEAST));
  return { deviations, scores: divide(projected, deviations) };
}

/** Divided by its Frobenius norm, so that powers neither vanish nor overflow. */
function normalized(matrix: Tensor): Tensor {
  const norm = sqrt(reduceSum(square(reshape(matrix, [-1]))));
  return divide(matrix, maximum(norm, LEAST));
}

/** A start to which no data are perpendicular. */
function start(d: number, components: number): Float32Array {
  const random = randomStream(1, d);
  return Float32Array.from({ length: d * components }, () => random() - 0.5);
}

/**
 * Reverses directions so that a chosen class lies on the positive side of each. The sign of an axis has no meaning, but
 * pictures should not flip.
 *
 * @param centres [classes, components]: the mean scores of the classes
 * @param classes the class for each component
 * @returns [components], each 1 or −1
 */
export function signsBy(centres: Tensor, classes: readonly number[]): Tensor {
  const [count, components] = centres.shape;
  const chosen = new Float32Array(count * components);
  classes.forEach((own, component) => (chosen[own * components + component] = 1));
  const references = reduceSum(multiply(centres, constant(chosen, [count, components])), { axes: [0] });
  return shift(scale(greaterEqual(references, 0), 2), -1);
}
