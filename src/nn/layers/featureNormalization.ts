import { arrayOf } from '../../data/arrays.ts';
import type { NestedNumbers } from '../../data/arrays.ts';
import { inputsOf } from '../../data/fields.ts';
import { isDataset } from '../../data/requireDataset.ts';
import type { DataField, Dataset } from '../../data/types.ts';
import { ArgumentError, NumericError, ShapeError } from '../../errors.ts';
import { constant, read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { formatShape, sameShape, sizeOf } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { add, divide, maximum, multiply, sqrt, subtract } from '../../ops/elementwise/elementwise.ts';
import { cast } from '../../ops/movement/cast.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { checkOptions, describe } from '../../options.ts';
import type { Defaults, OptionTable, Settled } from '../../options.ts';
import { holdersOf } from '../../runtime/variables.ts';
import { checkLayerAxes, layerAxes } from './axes.ts';
import type { LayerAxes } from './axes.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';

/** A number, or numbers in nested arrays. */
type Numbers = number | readonly Numbers[];

export interface FeatureNormalizationOptions extends LayerOptions {
  /**
   * Axes along which each place has a mean and a variance of its own, counted as in Keras, where the batch is axis 0; null: one
   * for all values. Default −1, the last: the features.
   */
  axis?: LayerAxes | null;
  /** Known means, [extents of the axes] or what can be broadcast to that; together with `variance`, in place of `adapt`. */
  mean?: Numbers;
  variance?: Numbers;
  /** Bring normalized values back: x · √variance + mean; default false. */
  invert?: boolean;
}

const defaults = {
  axis: [-1],
  mean: undefined,
  variance: undefined,
  invert: false,
  ...layerDefaults,
} as const satisfies Defaults<FeatureNormalizationOptions>;

export interface AdaptOptions {
  /** Which of the data set's inputs; default 0. */
  input?: number;
  /** What bytes are multiplied by, as in `model.compile`; default 1 / 255. */
  inputScale?: number;
  /** What is added to bytes then; default 0. */
  inputOffset?: number;
}

const adaptOptions: OptionTable<AdaptOptions> = { input: true, inputScale: true, inputOffset: true };

/** Keras's `epsilon()`: the least deviation that is divided by. */
const LEAST = 1e-7;

/** What is known of the values: one entry for each place along the axes. */
interface Statistics {
  readonly shape: Shape;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** See `normalization`. */
export class FeatureNormalization extends Layer {
  override readonly type = 'normalization';
  protected override readonly passesMask = true;
  readonly #axes: readonly number[];
  readonly #invert: boolean;
  readonly #given: Statistics | undefined;
  #adapted: Statistics | undefined;
  #mean: Variable | undefined;
  #variance: Variable | undefined;

  constructor(options: Settled<FeatureNormalizationOptions, typeof defaults>) {
    super(options, options);
    const { axis, mean, variance } = options;
    const axes = axis === null ? [] : [axis].flat();
    checkLayerAxes('normalization', 'axis', axes, 0);
    this.#axes = axes;
    this.#invert = options.invert;
    if ((mean === undefined) !== (variance === undefined)) {
      throw new ArgumentError(
        `normalization: mean is ${describe(mean)} and variance ${describe(variance)}; give both, or none and call adapt(data)`,
      );
    }
    if (mean !== undefined && variance !== undefined)
      this.#given = givenStatistics(mean, variance, this.#axes);
  }

  /** The axes of a sample, counted from its first, in order; throws a ShapeError where there is none. */
  #axesOf(shape: Shape): number[] {
    return layerAxes(this.name || this.type, 'axis', this.#axes, shape).map((axis) => axis - 1);
  }

  protected override createWeights(inputShape: Shape): void {
    const axes = this.#axesOf(inputShape);
    const shape = axes.map((axis) => inputShape[axis]);
    if (this.#given) {
      this.#broadcast(this.#given.shape, inputShape);
      return;
    }
    if (this.#adapted && !sameShape(this.#adapted.shape, shape)) {
      throw new ShapeError(
        `${this.name || this.type}: was adapted to means of shape ${formatShape(this.#adapted.shape)}, but its input has ${formatShape(shape)} along the axes`,
      );
    }
    const filled = (key: 'mean' | 'variance', otherwise: number) => (values: Float32Array) => {
      if (this.#adapted) values.set(this.#adapted[key]);
      else values.fill(otherwise);
    };
    const own = { shape, trainable: false };
    this.#mean = this.addWeight('mean', { ...own, initializer: filled('mean', 0) });
    this.#variance = this.addWeight('variance', { ...own, initializer: filled('variance', 1) });
  }

  /** The shape of statistics beside samples: their extents at the last of the axes, 1 elsewhere. */
  #broadcast(statistics: Shape, inputShape: Shape): number[] {
    const axes = this.#axesOf(inputShape).slice(this.#axes.length - statistics.length);
    const wrong = statistics.some((extent, i) => extent !== 1 && extent !== inputShape[axes[i]]);
    if (wrong) {
      throw new ShapeError(
        `${this.name || this.type}: a mean of shape ${formatShape(statistics)} does not fit samples of shape ${formatShape(inputShape)} along the axes ${formatShape(axes)}`,
      );
    }
    const shape = inputShape.map(() => 1);
    statistics.forEach((extent, i) => (shape[axes[i]] = extent));
    return shape;
  }

  /** Mean and deviation, in a shape that is broadcast along x. */
  #statistics(inputShape: Shape): { mean: Tensor; deviation: Tensor } {
    const given = this.#given;
    if (given) {
      const shape = this.#broadcast(given.shape, inputShape);
      const deviation = given.variance.map((own) => Math.max(Math.sqrt(own), LEAST));
      return {
        mean: constant(Float32Array.from(given.mean), shape),
        deviation: constant(Float32Array.from(deviation), shape),
      };
    }
    const shape = this.#broadcast(this.#mean!.shape, inputShape);
    const deviation = maximum(sqrt(read(this.#variance!)), LEAST);
    return { mean: reshape(read(this.#mean!), shape), deviation: reshape(deviation, shape) };
  }

  protected override compute(input: Tensor): Tensor {
    const x = input.dtype === 'f32' ? input : cast(input, 'f32');
    const { mean, deviation } = this.#statistics(x.shape.slice(1));
    return this.#invert ? add(multiply(x, deviation), mean) : divide(subtract(x, mean), deviation);
  }

  override describe(): string {
    return this.#invert ? 'inverse' : '';
  }

  /**
   * Makes mean and variance those of all samples of a data set, computed in float64: Σ x / n and Σ (x − mean)² / n. Before
   * `fit`; what was compiled gets them, too. Saved as weights.
   *
   * @param data the data set whose input it is, of which bytes count as the model sees them, or samples in nested arrays
   * @throws ArgumentError if mean and variance were given, or it is not data; ShapeError if it has other features
   * @throws NumericError if a mean or variance is NaN, infinite or beyond the range of f32; the layer then stays as it was
   */
  adapt(data: Dataset | NestedNumbers, options: AdaptOptions = {}): this {
    const label = `${this.name || this.type}.adapt`;
    checkOptions(label, options, adaptOptions, 'data, ');
    if (this.#given) {
      throw new ArgumentError(`${label}: mean and variance were given as options; leave them out to adapt`);
    }
    const { shape, data: values } = fieldOf(label, data, options);
    const axes = this.#axesOf(shape);
    const kept = axes.map((axis) => shape[axis]);
    if (this.#mean && !sameShape(kept, this.#mean.shape)) {
      throw new ShapeError(
        `${label}: samples of shape ${formatShape(shape)} have ${formatShape(kept)} along the axes, but the layer was built for ${formatShape(this.#mean.shape)}`,
      );
    }
    const { inputScale = 1 / 255, inputOffset = 0 } =
      values instanceof Uint8Array ? options : { inputScale: 1 };
    const own = statisticsOf(values, shape, axes, (value) => value * inputScale + inputOffset);
    requireFinite(label, own);
    this.#adapted = own;
    for (const [variable, entries] of [
      [this.#mean, own.mean],
      [this.#variance, own.variance],
    ] as const) {
      if (!variable) continue;
      for (const store of holdersOf(variable)) store.write(variable, Float32Array.from(entries));
    }
    return this;
  }
}

/** Throws a NumericError unless all are numbers of f32. */
function requireFinite(label: string, { mean, variance }: Statistics): void {
  for (const [name, own] of Object.entries({ mean, variance })) {
    const place = own.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (place < 0) continue;
    throw new NumericError(
      `${label}: the ${name} at place ${place} along the axes is ${own[place]}, which is not a finite f32. Remove samples with NaN or infinite values, or bring the values into a smaller range`,
    );
  }
}

/** Mean and variance of samples one after the other, for each place along the axes. */
function statisticsOf(
  data: ArrayLike<number>,
  sample: Shape,
  axes: readonly number[],
  scaled: (value: number) => number,
): Statistics {
  const shape = axes.map((axis) => sample[axis]);
  const stride = sizeOf(sample);
  /** For each value of a sample, its place along the axes. */
  const places = Int32Array.from({ length: stride }, (_, index) => {
    const at = sample.map((extent, axis) => Math.floor(index / sizeOf(sample.slice(axis + 1))) % extent);
    return axes.reduce((place, axis) => place * sample[axis] + at[axis], 0);
  });
  const count = data.length / sizeOf(shape);
  const sumOf = (term: (value: number, place: number) => number) => {
    const sums = new Float64Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      const place = places[i % stride];
      sums[place] += term(scaled(data[i]), place);
    }
    return sums.map((sum) => sum / count);
  };
  const mean = sumOf((value) => value);
  return { shape, mean, variance: sumOf((value, place) => (value - mean[place]) ** 2) };
}

/** The values of an input of a data set, or of nested arrays. */
function fieldOf(label: string, data: Dataset | NestedNumbers, { input = 0 }: AdaptOptions): DataField {
  if (Array.isArray(data)) {
    const shape = shapeOf(data).slice(1);
    return { shape, data: arrayOf(label, data, shape) };
  }
  if (!isDataset(data)) {
    throw new ArgumentError(
      `${label}: takes a data set, or samples in nested arrays such as [[1, 2], [3, 4]], but was given ${describe(data)}`,
    );
  }
  const inputs = inputsOf(data);
  if (Number.isInteger(input) && input >= 0 && input < inputs.length) return inputs[input];
  throw new ArgumentError(
    `${label}: input is ${describe(input)}, but data set '${data.name}' has ${inputs.length}, counted from 0`,
  );
}

/** Of nested arrays that are not ragged. */
const shapeOf = (values: unknown): number[] =>
  typeof values === 'object' && values !== null && 'length' in values
    ? [values.length as number, ...shapeOf((values as ArrayLike<unknown>)[0])]
    : [];

/** Statistics as options give them. */
function givenStatistics(mean: Numbers, variance: Numbers, axes: readonly number[]): Statistics {
  const shape = shapeOf(mean);
  const flat = (values: Numbers): Float64Array =>
    Float64Array.from((Array.isArray(values) ? values.flat(Infinity) : [values]) as number[]);
  const [means, variances] = [flat(mean), flat(variance)];
  const finite = (values: Float64Array) => values.every((own) => Number.isFinite(Math.fround(own)));
  const fits =
    sameShape(shape, shapeOf(variance)) && [means, variances].every((own) => own.length === sizeOf(shape));
  if (!fits || shape.length > axes.length) {
    throw new ArgumentError(
      `normalization: mean has shape ${formatShape(shape)} and variance ${formatShape(shapeOf(variance))}; give both one shape, of at most as many dimensions as there are axes (${axes.length})`,
    );
  }
  if (!finite(means) || !finite(variances) || !variances.every((own) => own >= 0)) {
    throw new ArgumentError(
      'normalization: mean and variance must be finite numbers, the variance at least 0',
    );
  }
  return { shape, mean: means, variance: variances };
}

/**
 * Brings features to mean 0 and variance 1, as Keras's Normalization: (x − mean) / max(√variance, 1e-7), with the mean and
 * variance of a data set that `adapt(data)` computes, or of the options. Nothing of it is trained.
 *
 * ```ts
 * const scaled = normalization().adapt(train);
 * const model = sequential([scaled, dense({ units: 1 })], { inputShape: [13] });
 * ```
 *
 * Weights, unless the options give them: `mean` and `variance`, with the extents of the axes; 0 and 1 before `adapt`.
 *
 * @throws ArgumentError if only one of mean and variance is given, or they are not numbers of one shape
 * @throws ShapeError, when the model is made, if samples have no such axes
 */
export function normalization(options: FeatureNormalizationOptions = {}): FeatureNormalization {
  return new FeatureNormalization(settleLayer('normalization', options, defaults));
}
