import { ArgumentError } from '../../errors.ts';
import { maximum, multiply, rsqrt, square } from '../../ops/elementwise/elementwise.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { reshape, transpose } from '../../ops/movement/movement.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { describe, required } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import { layerAxes } from './axes.ts';
import { layerDefaults } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { cannotJoin, Merging } from './merging.ts';
import { settleLayer } from './settleLayer.ts';

export interface DotOptions extends LayerOptions {
  /**
   * The axis of the first and of the second branch along which products are summed, or one number for both; counted as in
   * Keras, where the batch is axis 0.
   */
  axes: number | readonly [number, number];
  /** Whether both are first divided by their Euclidean norms along these axes: the sum is the cosine then. Default false. */
  normalize?: boolean;
}

/**
 * Σ a b along an axis of each of two branches, for each sample (Keras's Dot): the other axes of the first, then those of the
 * second. Two rows of features give one number, [1].
 *
 * @throws ArgumentError if axes are not axes; ShapeError if there are not two branches, or their extents differ
 */
export function dot(options: DotOptions): Layer {
  const defaults = {
    axes: required,
    normalize: false,
    ...layerDefaults,
  } as const satisfies Defaults<DotOptions>;
  const settled = settleLayer('dot', options, defaults);
  const pair: readonly number[] =
    typeof settled.axes === 'number' ? [settled.axes, settled.axes] : settled.axes;
  if (!Array.isArray(pair) || pair.length !== 2 || !pair.every(Number.isInteger)) {
    throw new ArgumentError(
      `dot: axes is ${describe(settled.axes)}; give the axis of both branches, or two: [of the first, of the second]`,
    );
  }
  const places = (samples: readonly Shape[], owner: string) =>
    samples.map((sample, i) => layerAxes(owner, 'axes', pair[i], sample)[0]);
  return new Merging('dot', settled, {
    check(shapes, owner) {
      if (shapes.length !== 2) throw cannotJoin(owner, shapes, 'give exactly two');
      const [a, b] = places(shapes, owner);
      if (shapes[0][a - 1] !== shapes[1][b - 1]) {
        throw cannotJoin(owner, shapes, `axes ${a} and ${b} have different extents`);
      }
    },
    merge(branches) {
      const axes = places(branches.map(({ shape }) => shape.slice(1)), 'dot'); // prettier-ignore
      const [a, b] = branches.map((x, i) => (settled.normalize ? unit(x, axes[i]) : x));
      const rest = [a, b].map(({ shape }, i) => shape.filter((_, axis) => axis > 0 && axis !== axes[i]));
      const [left, right] = [a, b].map((x, i) => rowsAlong(x, axes[i]));
      const product = matmul(left, right, { transposeB: true });
      const shape = rest.flat();
      return reshape(product, [a.shape[0], ...(shape.length > 0 ? shape : [1])]);
    },
    mask: () => undefined, // none, as in Keras
  });
}

/** x / max(√(Σ x²), 1e-12) along an axis: Keras's normalize. */
const unit = (x: Tensor, axis: number): Tensor => {
  const squares = reduceSum(square(x), { axes: [axis], keepDims: true });
  return multiply(x, rsqrt(maximum(squares, 1e-24)));
};

/** x as [batch, all other axes, `axis`]. */
function rowsAlong(x: Tensor, axis: number): Tensor {
  const all = [...x.shape.keys()];
  const order = [...all.filter((own) => own !== axis), axis];
  const moved = axis === x.shape.length - 1 ? x : transpose(x, order);
  return reshape(moved, [x.shape[0], -1, x.shape[axis]]);
}
