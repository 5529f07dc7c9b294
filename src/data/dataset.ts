import { ArgumentError, NumericError, ShapeError } from '../errors.ts';
import { product } from './types.ts';
import type { DataArray, DataField, Dataset } from './types.ts';

type Extents = readonly number[];

export interface DatasetOptions {
  /** Default 'data'. */
  name?: string;
  /** Inputs of all samples; a list for a model that takes several. */
  x: DataArray | readonly DataArray[];
  /** Targets of all samples; a list for a model with several outputs. */
  y: DataArray | readonly DataArray[];
  /** Shape of one input: [28, 28, 1], [30], …; a list of shapes where `x` is a list. */
  inputShape: Extents | readonly Extents[];
  /** Shape of one target; default [], one value per sample. A list of shapes where `y` is a list. */
  targetShape?: Extents | readonly Extents[];
  /**
   * Weight of each sample in the loss, at least 0: the loss of a batch is the mean of weight times loss, also when
   * evaluating, as in Keras; metrics are not weighted.
   */
  weights?: Float32Array;
  /** Default false. */
  synthetic?: boolean;
  /** Names of the classes; scalar targets must then be class indices below their number. */
  classNames?: readonly string[];
}

/**
 * Checks arrays and binds them into a `Dataset`. The arrays are kept, not copied. Where a target is the very array of an
 * input, it is uploaded and gathered once.
 *
 * @throws ArgumentError if an array has another type, is empty, a label has no name in `classNames`, or a weight is negative
 * @throws ShapeError if the arrays' lengths do not fit the shapes or each other
 * @throws NumericError if a value is NaN or infinite, with its sample and position
 */
export function dataset(options: DatasetOptions): Dataset {
  const { name = 'data', synthetic = false, classNames, weights } = options;
  const inputs = fields(name, ['x', 'inputShape'], options.x, options.inputShape);
  const targets = fields(name, ['y', 'targetShape'], options.y, options.targetShape ?? listLike(options.y));
  const [first] = inputs;
  if (first.data.length % first.stride !== 0) {
    throw new ShapeError(
      `data set '${name}': ${first.field} has ${first.data.length} values, not a multiple of the ${first.stride} of one sample of shape ` +
        `${format(first.shape)}. Check inputShape, or cut ${first.field} to whole samples.`,
    );
  }
  const size = first.data.length / first.stride;
  for (const own of [...inputs, ...targets]) checkLength(name, own, first, size);
  for (const { field, data, stride } of [...inputs, ...targets]) checkFinite(name, field, data, stride);
  for (const target of targets)
    if (!inputs.some(({ data }) => data === target.data)) checkBytes(name, target);
  if (classNames && targets[0].shape.length === 0) checkLabels(name, targets[0].data, classNames.length);
  if (weights) checkWeights(name, weights, size);
  const [x, ...moreInputs] = inputs.map(plain);
  const [y, ...moreTargets] = targets.map(plain);
  return {
    name,
    size,
    synthetic,
    x,
    y,
    ...(moreInputs.length > 0 && { moreInputs }),
    ...(moreTargets.length > 0 && { moreTargets }),
    ...(weights && { weights: { data: weights, shape: [] } }),
    ...(classNames && { classNames: [...classNames] }),
  };
}

interface CheckedField extends DataField {
  /** `x`, or `x[1]`: for messages. */
  readonly field: string;
  readonly option: string;
  /** Values of one sample. */
  readonly stride: number;
}

const plain = ({ data, shape }: CheckedField): DataField => ({ data, shape: [...shape] });

/** The default shapes of targets: one value per sample, for each of a list. */
const listLike = (y: unknown): Extents | readonly Extents[] => (Array.isArray(y) ? y.map(() => []) : []);

/** The arrays of an option, with their shapes: one of each, or a list of each. */
function fields(
  name: string,
  [field, option]: [string, string],
  arrays: DataArray | readonly DataArray[],
  shapes: Extents | readonly Extents[],
): CheckedField[] {
  const list = Array.isArray(arrays) ? (arrays as readonly DataArray[]) : undefined;
  const nested = Array.isArray(shapes) && shapes.some(Array.isArray);
  list?.forEach((data, i) => checkArray(name, `${field}[${i}]`, data));
  if (!list) checkArray(name, field, arrays);
  if (list && (list.length === 0 || !Array.isArray(shapes) || shapes.length !== list.length)) {
    throw new ShapeError(
      `data set '${name}': ${field} is a list of ${list.length} arrays, so ${option} must be a list of as many shapes, at least one`,
    );
  }
  if (!list && nested) {
    throw new ShapeError(
      `data set '${name}': ${option} is a list of shapes, so ${field} must be a list of as many arrays`,
    );
  }
  return (list ?? [arrays as DataArray]).map((data, i) => {
    const shape = (list ? shapes[i] : shapes) as Extents;
    const place = list ? `[${i}]` : '';
    const stride = sampleSize(name, `${option}${place}`, shape);
    return { data, shape, stride, field: `${field}${place}`, option: `${option}${place}` };
  });
}

function checkLength(name: string, own: CheckedField, first: CheckedField, size: number): void {
  const { data, stride, field, option, shape } = own;
  if (data.length === size * stride) return;
  const perSample = data.length / size;
  const fix = Number.isInteger(perSample)
    ? `If each sample has ${perSample} ${field.startsWith('y') ? 'target ' : ''}values, pass ${option}: [${perSample}].`
    : `Check that ${first.field} and ${field} come from the same samples.`;
  throw new ShapeError(
    `data set '${name}': ${first.field} holds ${size} samples of shape ${format(first.shape)}, so ${field} needs ` +
      `${size * stride} values of ${option} ${format(shape)}, but has ${data.length}. ${fix}`,
  );
}

/** Bytes with dimensions are shares of 255; one-hot targets would become nothing. */
function checkBytes(name: string, { data, shape, field }: CheckedField): void {
  if (!(data instanceof Uint8Array) || shape.length === 0 || data.some((byte) => byte > 1)) return;
  throw new ArgumentError(
    `data set '${name}': ${field} are bytes of targetShape ${format(shape)}, which count as shares of 255, but none is above 1. ` +
      'Pass one-hot targets and masks as a Float32Array, or class indices with targetShape [].',
  );
}

function checkWeights(name: string, weights: Float32Array, size: number): void {
  if (!(weights instanceof Float32Array) || weights.length !== size) {
    const found = (weights as object).constructor.name;
    throw new ShapeError(
      `data set '${name}': weights must be a Float32Array with one weight for each of the ${size} samples, got ${found} of ${(weights as { length: number }).length}`,
    );
  }
  const index = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (index < 0) return;
  throw new ArgumentError(
    `data set '${name}': weights[${index}] is ${weights[index]}; weights must be finite and at least 0. Give samples that should not count a weight of 0.`,
  );
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

export { inputsOf, targetsOf } from './types.ts';
export type { DataArray, DataField, Dataset } from './types.ts';
export { selfTargets, shuffle, splitValidation, take } from './views.ts';
