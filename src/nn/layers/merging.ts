import { ShapeError } from '../../errors.ts';
import { broadcastShapes } from '../../ops/elementwise/broadcast.ts';
import * as ew from '../../ops/elementwise/elementwise.ts';
import { concat } from '../../ops/movement/concat.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Defaults } from '../../options.ts';
import { checkLayerAxes, layerAxes } from './axes.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { eitherMask, extremeOf, joinedMask, productOf } from './mergingMasks.ts';
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
export class Merging extends Layer {
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

/** What is thrown where branches do not fit each other. */
export const cannotJoin = (owner: string, shapes: readonly Shape[], fix: string) =>
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

/** The product, element by element, of branches that broadcast as in `add`, without the factors that their masks leave out. */
export function multiply(options: LayerOptions = {}): Layer {
  return elementwise('multiply', options, productOf);
}

/** The mean, element by element, of branches that broadcast as in `add`. */
export function average(options: LayerOptions = {}): Layer {
  const mean = (branches: readonly Tensor[]) => ew.scale(folded(ew.add)(branches), 1 / branches.length);
  return elementwise('average', options, mean);
}

/** The largest, element by element, of branches that broadcast as in `add`, without what their masks leave out. */
export function maximum(options: LayerOptions = {}): Layer {
  return elementwise('maximum', options, extremeOf(ew.maximum));
}

/** The smallest, element by element, of branches that broadcast as in `add`, without what their masks leave out. */
export function minimum(options: LayerOptions = {}): Layer {
  return elementwise('minimum', options, extremeOf(ew.minimum));
}

export interface ConcatenateOptions extends LayerOptions {
  /** Counted as in Keras, where the batch is axis 0; default −1, the last: the channels. */
  axis?: number;
}

/**
 * Joins branches one after the other along an axis; all other extents must be equal.
 *
 * @throws ArgumentError if axis is not an axis; ShapeError when the model is made, if extents are unequal, or there is no such axis
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
