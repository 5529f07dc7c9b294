import { constant, fill } from '../core/leaves.ts';
import { apply } from '../core/node.ts';
import type { GradientRule, Op } from '../core/op.ts';
import { multiply, where } from '../elementwise/elementwise.ts';
import { reshape } from '../movement/movement.ts';
import { productGradientOp } from './reduce.ts';
import { reduceSum } from './sum.ts';

/**
 * Of dx_i = dy Π x_j over j ≠ i. For u = dL/d(dx), dL/d(dy) = Σ_i u_i Π x_j; and for dL/dx each of the n products is one of a
 * row of its own, with 1 in the place i: n² numbers for each row, right where factors are 0, too.
 */
const productGradient: GradientRule = ({ inputs: [x, dy] }, [u]) => {
  if (!u) return [];
  const [rows, count] = x.shape;
  const diagonal = Float32Array.from({ length: count ** 2 }, (_, i) => +(i % (count + 1) === 0));
  const own = constant(diagonal, [count, count]);
  const factors = where(own, 1, reshape(x, [rows, 1, count]));
  const slopes = multiply(u, reshape(dy, [rows, 1]));
  const each = apply(productGradientOp, [reshape(factors, [-1, count]), reshape(slopes, [-1])], {});
  const others = where(own, 0, reshape(each, [rows, count, count]));
  const products = apply(productGradientOp, [x, fill([rows], 1)], {});
  return [reduceSum(others, { axes: [1] }), reduceSum(multiply(u, products), { axes: [1] })];
};

export const ofReductions = (): [Op, GradientRule][] => [[productGradientOp, productGradient]];
