import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { constant } from '../core/leaves.ts';
import { requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { greaterEqual, lessEqual, where } from '../elementwise/elementwise.ts';
import { reshape } from './movement.ts';

/** 0, 1, 2 … along a dimension. */
const places = (count: number, shape: number[], from = 0): Tensor =>
  constant(
    Float32Array.from({ length: count }, (_, i) => i + from),
    shape,
  );

/** Of the last two dimensions. */
function triangle(name: string, x: Tensor, k: number, compare: typeof lessEqual): Tensor {
  requireTensor(name, x);
  requireDtype(name, x, ['f32']);
  if (x.shape.length < 2) {
    throw new ShapeError(
      `${name}: works on the last two dimensions, and the tensor ${formatShape(x.shape)} has fewer; reshape it`,
    );
  }
  if (!Number.isInteger(k)) {
    throw new ArgumentError(
      `${name}: k is ${describe(k)}; it must be a whole number, the diagonal to end at`,
    );
  }
  const [rows, columns] = x.shape.slice(-2);
  // one matrix of 0 and 1, and x as rows as long as it: both are read in order
  const inside = compare(places(columns, [columns]), places(rows, [rows, 1], k));
  const stacked = reshape(x, [-1, rows * columns]);
  return reshape(where(reshape(inside, [rows * columns]), stacked, 0), x.shape);
}

/**
 * The lower triangle of each matrix, and 0 above the diagonal `k` (default 0: the main one; 1 is the one above it). What is above
 * does not matter, even if it is NaN. `tril(ones)` is a causal mask.
 */
export const tril = (x: Tensor, k = 0): Tensor => triangle('tril', x, k, lessEqual);
/** The upper triangle of each matrix, from the diagonal `k` on, and 0 below it. */
export const triu = (x: Tensor, k = 0): Tensor => triangle('triu', x, k, greaterEqual);
