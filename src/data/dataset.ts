import { ArgumentError, NumericError, ShapeError } from '../errors.ts';
import { randomStream } from './random.ts';

export type DataArray = Uint8Array | Float32Array | Int32Array;

/** One column of a data set: every sample's values, one sample after another. */
export interface DataField {
  readonly data: DataArray;
  /** Shape of one sample: [28, 28, 1] for an image, [] for a scalar label. */
  readonly shape: readonly number[];
}

/**
 * A data set in CPU memory, from which batches are uploaded or which is uploaded whole.
 *
 * A `Uint8Array` in `x` means pixel bytes 0…255, which the GPU normalises; in `y` it holds class indices.
 */
export interface Dataset {
  readonly name: string;
  /** Number of samples. */
  readonly size: number;
  /** True if the samples were generated, not measured: say so wherever results are shown. */
  readonly synthetic: boolean;
  readonly x: DataField;
  readonly y: DataField;
  readonly classNames?: readonly string[];
}

export interface DatasetOptions {
  /** Default 'data'. */
  name?: string;
  x: DataArray;
  y: DataArray;
  /** Shape of one input: [28, 28, 1], [30], … */
  inputShape: readonly number[];
  /** Shape of one target; default [], one value per sample. */
  targetShape?: readonly number[];
  /** Default false. */
  synthetic?: boolean;
  /** Names of the classes; scalar targets must then be class indices below their number. */
  classNames?: readonly string[];
}

/**
 * Checks arrays and binds them into a `Dataset`. The arrays are kept, not copied.
 *
 * @throws ArgumentError if an array has another type, is empty, or a label has no name in `classNames`
 * @throws ShapeError if the arrays' lengths do not fit the shapes or each other
 * @throws NumericError if a value is NaN or infinite, with its sample and position
 */
export function dataset(options: DatasetOptions): Dataset {
  const { name = 'data', x, y, inputShape, targetShape = [], synthetic = false, classNames } = options;
  checkArray(name, 'x', x);
  checkArray(name, 'y', y);
  const inputSize = sampleSize(name, 'inputShape', inputShape);
  const targetSize = sampleSize(name, 'targetShape', targetShape);
  if (x.length % inputSize !== 0) {
    throw new ShapeError(
      `data set '${name}': x has ${x.length} values, not a multiple of the ${inputSize} of one sample of shape ` +
        `${format(inputShape)}. Check inputShape, or cut x to whole samples.`,
    );
  }
  const size = x.length / inputSize;
  if (y.length !== size * targetSize) {
    const perSample = y.length / size;
    const fix = Number.isInteger(perSample)
      ? `If each sample has ${perSample} target values, pass targetShape: [${perSample}].`
      : 'Check that x and y come from the same samples.';
    throw new ShapeError(
      `data set '${name}': x holds ${size} samples of shape ${format(inputShape)}, so y needs ` +
        `${size * targetSize} values of targetShape ${format(targetShape)}, but has ${y.length}. ${fix}`,
    );
  }
  checkFinite(name, 'x', x, inputSize);
  checkFinite(name, 'y', y, targetSize);
  if (classNames && targetShape.length === 0) checkLabels(name, y, classNames.length);
  return {
    name,
    size,
    synthetic,
    x: { data: x, shape: [...inputShape] },
    y: { data: y, shape: [...targetShape] },
    ...(classNames && { classNames: [...classNames] }),
  };
}

/**
 * The samples `start` … `end - 1` as a data set of their own; the arrays are views, nothing is copied.
 *
 * @throws ArgumentError unless 0 ≤ start < end ≤ data.size, all whole numbers
 */
export function take(data: Dataset, start: number, end: number = data.size): Dataset {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end > data.size || start >= end) {
    throw new ArgumentError(
      `take: samples ${start} to ${end} are not a range within data set '${data.name}' of ${data.size} samples. ` +
        `Pass whole numbers with 0 <= start < end <= ${data.size}.`,
    );
  }
  const cut = ({ data: values, shape }: DataField): DataField => {
    const stride = product(shape);
    return { data: values.subarray(start * stride, end * stride), shape };
  };
  return { ...data, size: end - start, x: cut(data.x), y: cut(data.y) };
}

/**
 * Sets the last `fraction` of the samples aside for validation, as Keras's `validation_split` does: without
 * shuffling, so call `shuffle` first if the samples are sorted.
 *
 * @throws ArgumentError unless the fraction leaves at least one sample on each side
 */
export function splitValidation(data: Dataset, fraction: number): { train: Dataset; validation: Dataset } {
  const split = data.size - Math.round(data.size * fraction);
  if (!(fraction > 0 && fraction < 1) || split <= 0 || split >= data.size) {
    throw new ArgumentError(
      `splitValidation: a fraction of ${fraction} of the ${data.size} samples of '${data.name}' leaves one side ` +
        'empty. Pass a number between 0 and 1, such as 0.1, that leaves samples on both sides.',
    );
  }
  return { train: take(data, 0, split), validation: take(data, split) };
}

/** A copy of the data set with its samples in a random order that `seed` fixes (Fisher–Yates). */
export function shuffle(data: Dataset, seed = 1): Dataset {
  const random = randomStream(seed, data.size);
  const order = Uint32Array.from({ length: data.size }, (_, index) => index);
  for (let index = data.size - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [order[index], order[other]] = [order[other], order[index]];
  }
  const gather = ({ data: values, shape }: DataField): DataField => {
    const stride = product(shape);
    const result = values.slice();
    order.forEach((from, to) => result.set(values.subarray(from * stride, (from + 1) * stride), to * stride));
    return { data: result, shape };
  };
  return { ...data, x: gather(data.x), y: gather(data.y) };
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, dimension) => total * dimension, 1);
}

function format(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function checkArray(name: string, field: string, values: unknown): void {
  if (!(values instanceof Uint8Array || values instanceof Float32Array || values instanceof Int32Array)) {
    const found = (values as object | null | undefined)?.constructor?.name ?? String(values);
    throw new ArgumentError(
      `data set '${name}': ${field} is ${found}, expected a Uint8Array (pixels or class indices), Float32Array ` +
        `or Int32Array. Convert it, for example with Float32Array.from(values.flat(Infinity)).`,
    );
  }
  if (values.length === 0) {
    throw new ArgumentError(`data set '${name}': ${field} is empty. A data set needs at least one sample.`);
  }
}

function sampleSize(name: string, option: string, shape: readonly number[]): number {
  if (!Array.isArray(shape) || shape.some((dimension) => !Number.isInteger(dimension) || dimension < 1)) {
    throw new ArgumentError(
      `data set '${name}': ${option} is ${Array.isArray(shape) ? format(shape) : String(shape)}, expected the shape ` +
        'of one sample in whole numbers of 1 or more, such as [28, 28, 1], without the number of samples.',
    );
  }
  return product(shape);
}

function checkFinite(name: string, field: string, values: DataArray, stride: number): void {
  if (!(values instanceof Float32Array)) return;
  // NaN fails every comparison, so one test finds it and both infinities.
  const index = values.findIndex((value) => !(Math.abs(value) < Infinity));
  if (index >= 0) {
    throw new NumericError(
      `data set '${name}': ${field}[${index}] (sample ${Math.floor(index / stride)}, value ${index % stride}) is ` +
        `${values[index]}. Remove such samples or replace their missing values before training.`,
    );
  }
}

function checkLabels(name: string, labels: DataArray, classes: number): void {
  const index = labels.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classes);
  if (index >= 0) {
    throw new ArgumentError(
      `data set '${name}': y[${index}] is ${labels[index]}, but classNames names ${classes} classes, so labels are ` +
        `whole numbers from 0 to ${classes - 1}. Renumber the labels or name every class.`,
    );
  }
}
