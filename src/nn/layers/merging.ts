import { ShapeError } from '../../errors.ts';
import * as ew from '../../ops/elementwise/elementwise.ts';
import { concat } from '../../ops/movement/concat.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Defaults } from '../../options.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { eitherMask, extremeOf, joinedMask, productOf } from './mergingMasks.ts';
import { settleLayer } from './settleLayer.ts';

/** A layer without weights that makes one value of those of several branches. */
class Merging extends Layer {
  override readonly type: string;
  protected override readonly inputs = 'several';
  readonly #merge: (branches: readonly Tensor[]) => Tensor;
  readonly #fit: (first: Shape, other: Shape) => boolean;
  readonly #fix: (first: Shape) => string;
  readonly #mask: (branches: readonly Tensor[]) => Tensor | undefined;

  /** @param options settled: they are its config */
  constructor(
    type: string,
    options: LayerOptions,
    merge: (branches: readonly Tensor[]) => Tensor,
    fit: (first: Shape, other: Shape) => boolean = sameShape,
    fix: (first: Shape) => string = () =>
      'bring the branches to one shape first, with a convolution or a reshape say',
    mask: (branches: readonly Tensor[]) => Tensor | undefined = eitherMask,
  ) {
    super(options, options);
    this.type = type;
    this.#merge = merge;
    this.#fit = fit;
    this.#fix = fix;
    this.#mask = mask;
  }

  protected override createWeights(first: Shape, others: readonly Shape[]): void {
    const stray = others.find((other) => !this.#fit(first, other));
    if (!stray) return;
    throw new ShapeError(
      `${this.name}: cannot join branches of shapes ${[first, ...others].map(formatShape).join(' and ')}; ${this.#fix(first)}`,
    );
  }

  protected override compute(x: Tensor, _context: unknown, others: readonly Tensor[]): Tensor {
    return this.#merge([x, ...others]);
  }

  protected override outputMask(branches: readonly Tensor[]): Tensor | undefined {
    return this.#mask(branches);
  }
}

const folded =
  (op: (a: Tensor, b: Tensor) => Tensor) =>
  (branches: readonly Tensor[]): Tensor =>
    branches.reduce(op);

const merging = (type: string, options: LayerOptions, merge: (branches: readonly Tensor[]) => Tensor) =>
  new Merging(type, settleLayer(type, options, layerDefaults), merge);

/** The sum of branches of one shape. */
export function add(options: LayerOptions = {}): Layer {
  return merging('add', options, folded(ew.add));
}

/** The first branch less the others. */
export function subtract(options: LayerOptions = {}): Layer {
  return merging('subtract', options, folded(ew.subtract));
}

/** The product, element by element, of branches of one shape, without the factors that their masks leave out. */
export function multiply(options: LayerOptions = {}): Layer {
  return merging('multiply', options, productOf);
}

/** The mean, element by element, of branches of one shape. */
export function average(options: LayerOptions = {}): Layer {
  const mean = (branches: readonly Tensor[]) => ew.scale(folded(ew.add)(branches), 1 / branches.length);
  return merging('average', options, mean);
}

/** The largest, element by element, of branches of one shape, without what their masks leave out. */
export function maximum(options: LayerOptions = {}): Layer {
  return merging('maximum', options, extremeOf(ew.maximum));
}

/** The smallest, element by element, of branches of one shape, without what their masks leave out. */
export function minimum(options: LayerOptions = {}): Layer {
  return merging('minimum', options, extremeOf(ew.minimum));
}

export interface ConcatenateOptions extends LayerOptions {
  /** Of a sample; default −1, the last: the channels. */
  axis?: number;
}

/**
 * Joins branches one after the other along an axis; all other extents must be equal.
 *
 * @throws ShapeError when the model is made, if they are not, or there is no such axis
 */
export function concatenate(options: ConcatenateOptions = {}): Layer {
  const defaults = { axis: -1, ...layerDefaults } as const satisfies Defaults<ConcatenateOptions>;
  const settled = settleLayer('concatenate', options, defaults);
  const { axis } = settled;
  const place = (rank: number) => (axis < 0 ? axis + rank : axis);
  const fits = (a: Shape, b: Shape) => {
    const along = place(a.length);
    return a.length === b.length && along in a && a.every((extent, i) => i === along || extent === b[i]);
  };
  const along = ([{ shape }]: readonly Tensor[]) => place(shape.length - 1) + 1;
  const merge = (branches: readonly Tensor[]) => concat(branches, along(branches));
  const mask = (branches: readonly Tensor[]) => joinedMask(branches, along(branches));
  const fix = (first: Shape) =>
    place(first.length) in first
      ? `all extents but that of axis ${axis} must be equal`
      : `there is no axis ${axis}; choose one from ${-first.length} to ${first.length - 1}`;
  return new Merging('concatenate', settled, merge, fits, fix, mask);
}
