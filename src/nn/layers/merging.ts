import { ArgumentError, ShapeError } from '../../errors.ts';
import { broadcastShapes } from '../../ops/elementwise/broadcast.ts';
import * as ew from '../../ops/elementwise/elementwise.ts';
import { fill } from '../../ops/core/leaves.ts';
import { concat } from '../../ops/movement/concat.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { reshape, transpose } from '../../ops/movement/movement.ts';
import { broadcastTo, reduceSum } from '../../ops/reduce/sum.ts';
import { maskOf } from '../masks.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { describe, required } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import { checkLayerAxes, layerAxes } from './axes.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';

/** What a merging layer does with its branches. */
interface Merge {
  /** Throws a ShapeError, whose message says what to do, unless samples of these shapes fit each other. */
  readonly check: (shapes: readonly Shape[], owner: string) => void;
  readonly merge: (branches: readonly Tensor[]) => Tensor;
  /** Which steps of the output count; by default those that do in one of the branches. */
  readonly mask?: (branches: readonly Tensor[]) => Tensor | undefined;
}

/** A layer without weights that makes one value of those of several branches. */
class Merging extends Layer {
  override readonly type: string;
  protected override readonly inputs = 'several';
  readonly #own: Merge;

  /** @param options settled: they are its config */
  constructor(type: string, options: LayerOptions, own: Merge) {
    super(options, options);
    this.type = type;
    this.#own = own;
  }

  protected override createWeights(first: Shape, others: readonly Shape[]): void {
    this.#own.check([first, ...others], this.name || this.type);
  }

  protected override compute(x: Tensor, _context: unknown, others: readonly Tensor[]): Tensor {
    return this.#own.merge([x, ...others]);
  }

  protected override outputMask(branches: readonly Tensor[]): Tensor | undefined {
    return (this.#own.mask ?? eitherMask)(branches);
  }
}

/** A step counts where it does in one of the branches; all do where a branch has no mask. As in Keras. */
function eitherMask(branches: readonly Tensor[]): Tensor | undefined {
  const masks = branches.map(maskOf).filter((mask) => mask !== undefined);
  return masks.length === branches.length ? masks.reduce(ew.maximum) : undefined;
}

/**
 * The masks one after the other as the branches are; where these are joined along their channels, a step counts if it
 * does in one of them. Without a mask, all steps of a branch count. As in Keras, at the rank of a mask and one more.
 */
function joinedMask(branches: readonly Tensor[], axis: number): Tensor | undefined {
  if (branches.every((branch) => maskOf(branch) === undefined)) return undefined;
  const masks = branches.map((branch) => {
    const shape = branch.shape.slice(0, -1);
    const mask = maskOf(branch);
    if (!mask) return fill(shape, 1);
    const rank = mask.shape.length;
    return broadcastTo(reshape(mask, [...mask.shape, ...shape.slice(rank).map(() => 1)]), shape);
  });
  return axis < masks[0].shape.length ? concat(masks, axis) : masks.reduce(ew.maximum);
}

const cannotJoin = (owner: string, shapes: readonly Shape[], fix: string) =>
  new ShapeError(`${owner}: cannot join branches of shapes ${shapes.map(formatShape).join(' and ')}; ${fix}`);

/** Branches of unequal ranks get axes of extent 1 behind the batch, as in Keras. */
function ofOneRank(branches: readonly Tensor[]): Tensor[] {
  const rank = Math.max(...branches.map(({ shape }) => shape.length));
  return branches.map((x) => {
    const ones = new Array<number>(rank - x.shape.length).fill(1);
    return ones.length === 0 ? x : reshape(x, [x.shape[0], ...ones, ...x.shape.slice(1)]);
  });
}

/** Element by element; samples broadcast as in NumPy: aligned at the right, equal extents or 1. */
function elementwise(
  type: string,
  options: LayerOptions,
  merge: (branches: readonly Tensor[]) => Tensor,
): Layer {
  const check = (shapes: readonly Shape[], owner: string) => {
    try {
      broadcastShapes(type, shapes);
    } catch {
      const fix = 'bring the branches to one shape first, with a convolution or a reshape say';
      throw cannotJoin(owner, shapes, fix);
    }
  };
  return new Merging(type, settleLayer(type, options, layerDefaults), {
    check,
    merge: (branches) => merge(ofOneRank(branches)),
  });
}

const folded =
  (op: (a: Tensor, b: Tensor) => Tensor) =>
  (branches: readonly Tensor[]): Tensor =>
    branches.reduce((a, b) => op(a, b));

/** The sum of branches. Extents of 1 are repeated, and samples of unequal ranks aligned at the right, as in Keras. */
export function add(options: LayerOptions = {}): Layer {
  return elementwise('add', options, folded(ew.add));
}

/** The first branch less the others, which broadcast as in `add`. */
export function subtract(options: LayerOptions = {}): Layer {
  return elementwise('subtract', options, folded(ew.subtract));
}

/** The product, element by element, of branches that broadcast as in `add`. */
export function multiply(options: LayerOptions = {}): Layer {
  return elementwise('multiply', options, folded(ew.multiply));
}

/** The mean, element by element, of branches that broadcast as in `add`. */
export function average(options: LayerOptions = {}): Layer {
  const mean = (branches: readonly Tensor[]) => ew.scale(folded(ew.add)(branches), 1 / branches.length);
  return elementwise('average', options, mean);
}

/** The largest, element by element, of branches that broadcast as in `add`. */
export function maximum(options: LayerOptions = {}): Layer {
  return elementwise('maximum', options, folded(ew.maximum));
}

/** The smallest, element by element, of branches that broadcast as in `add`. */
export function minimum(options: LayerOptions = {}): Layer {
  return elementwise('minimum', options, folded(ew.minimum));
}

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
 * @throws ArgumentError if axes are no axes; ShapeError if there are not two branches, or their extents differ
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
  });
}

/** x / max(√(Σ x²), 1e-12) along an axis: Keras's normalize. */
const unit = (x: Tensor, axis: number): Tensor => {
  const squares = reduceSum(ew.square(x), { axes: [axis], keepDims: true });
  return ew.multiply(x, ew.rsqrt(ew.maximum(squares, 1e-24)));
};

/** x as [batch, all other axes, `axis`]. */
function rowsAlong(x: Tensor, axis: number): Tensor {
  const all = [...x.shape.keys()];
  const order = [...all.filter((own) => own !== axis), axis];
  const moved = axis === x.shape.length - 1 ? x : transpose(x, order);
  return reshape(moved, [x.shape[0], -1, x.shape[axis]]);
}

export interface ConcatenateOptions extends LayerOptions {
  /** Counted as in Keras, where the batch is axis 0; default −1, the last: the channels. */
  axis?: number;
}

/**
 * Joins branches one after the other along an axis; all other extents must be equal.
 *
 * @throws ArgumentError if axis is no axis; ShapeError when the model is made, if extents are unequal, or there is no such axis
 */
export function concatenate(options: ConcatenateOptions = {}): Layer {
  const defaults = { axis: -1, ...layerDefaults } as const satisfies Defaults<ConcatenateOptions>;
  const settled = settleLayer('concatenate', options, defaults);
  const { axis } = settled;
  checkLayerAxes('concatenate', 'axis', axis);
  const place = ([{ shape }]: readonly Tensor[]) => (axis < 0 ? axis + shape.length : axis);
  return new Merging('concatenate', settled, {
    check(shapes, owner) {
      const [first] = shapes;
      const [along] = layerAxes(owner, 'axis', axis, first);
      const fits = (other: Shape) =>
        other.length === first.length && other.every((extent, i) => i === along - 1 || extent === first[i]);
      if (shapes.every(fits)) return;
      throw cannotJoin(owner, shapes, `all extents but that of axis ${axis} must be equal`);
    },
    merge: (branches) => concat(branches, place(branches)),
    mask: (branches) => joinedMask(branches, place(branches)),
  });
}
