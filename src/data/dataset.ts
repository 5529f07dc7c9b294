import { ArgumentError, ShapeError } from '../errors.ts';
import { arrayOf, isValues, typedArrayName } from './arrays.ts';
import type { Values } from './arrays.ts';
import { checkDataset } from './checks.ts';
import { targetsOf } from './fields.ts';
import { product } from './types.ts';
import type { DataArray, DataField, Dataset } from './types.ts';
import { checkOptions, describe, required } from '../options.ts';
import type { OptionTable } from '../options.ts';

type Extents = readonly number[];

export interface DatasetOptions {
  /** Default 'data'. */
  name?: string;
  /** Inputs of all samples; a list for a model that takes several, if `inputShape` is one. */
  x: Values | readonly Values[];
  /** Targets of all samples; a list for a model with several outputs. */
  y: Values | readonly Values[];
  /** Shape of one input: [28, 28, 1], [30], …; a list of shapes where `x` is a list. */
  inputShape: Extents | readonly Extents[];
  /**
   * Shape of one target; default [], one value per sample, or that of the samples of nested arrays. A list of shapes where
   * `y` is a list.
   */
  targetShape?: Extents | readonly Extents[];
  /**
   * Weight of each sample in the loss, at least 0, or of each step of each sample, [steps] where targets are
   * [steps, ...]: the loss of a batch is the mean of weight times loss, also when evaluating, as in Keras. `metrics` are
   * not weighted, `weightedMetrics` are.
   */
  weights?: Values;
  /** Default false. */
  synthetic?: boolean;
  /** Names of the classes; targets of one value must then be class indices below their number. */
  classNames?: readonly string[];
}

const datasetOptions: OptionTable<DatasetOptions> = {
  name: true,
  x: required,
  y: required,
  inputShape: required,
  targetShape: true,
  weights: true,
  synthetic: true,
  classNames: true,
};

/**
 * Checks arrays and binds them into a `Dataset`.
 *
 * A Uint8Array (or Uint8ClampedArray) holds bytes, Int32Array and Float32Array numbers; these are kept, not copied. Other
 * integers are copied to i32, Float64Array and nested arrays of numbers to f32; rows that are typed arrays, one for each
 * sample, say, keep their kind. Arrays of other realms and on a SharedArrayBuffer are taken as well. Where a target is the very array of an input, it is uploaded and gathered once.
 *
 * The values count as they are when they are used: whenever `fit`, `evaluate` or `predict` begins, the arrays are read
 * and checked again, so one that was refilled in place brings its new values, and one that was transferred away is an
 * error. The same goes for `take` and `splitValidation`, which view them; `shuffle` copies.
 *
 * @throws ArgumentError if an array has another type or is empty, an integer does not fit 32 bits, a label has no name in
 *   `classNames`, or a weight is negative
 * @throws ShapeError if the arrays' lengths do not fit the shapes or each other, or nested arrays are ragged
 * @throws NumericError if a value is NaN, infinite or beyond the range of f32, with its sample and position
 */
export function dataset(options: DatasetOptions): Dataset {
  checkOptions('dataset', options, datasetOptions);
  const { name = 'data', synthetic = false, classNames, weights } = options;
  checkWords(name, synthetic, classNames);
  const known = new Map<unknown, DataArray>();
  const inputs = fields(name, ['x', 'inputShape'], options.x, options.inputShape, known);
  const [first] = inputs;
  if (first.data.length % first.stride !== 0) {
    throw new ShapeError(
      `data set '${name}': ${first.field} has ${first.data.length} values, not a multiple of the ${first.stride} of one sample of shape ` +
        `${format(first.shape)}. Check inputShape, or cut ${first.field} to whole samples.`,
    );
  }
  const size = first.data.length / first.stride;
  const shapes = options.targetShape ?? targetShapes(options.y);
  const targets = fields(name, ['y', 'targetShape'], options.y, shapes, known);
  for (const own of [...inputs, ...targets]) checkLength(name, own, first, size);
  const [x, ...moreInputs] = inputs.map(plain);
  const [y, ...moreTargets] = targets.map(plain);
  const result: Dataset = {
    name,
    size,
    synthetic,
    x,
    y,
    ...(moreInputs.length > 0 && { moreInputs }),
    ...(moreTargets.length > 0 && { moreTargets }),
    ...(weights && { weights: weightsOf(name, weights, size, y.shape) }),
    ...(classNames && { classNames: [...classNames] }),
  };
  checkDataset(result);
  return result;
}

function checkWords(name: unknown, synthetic: unknown, classNames: unknown): void {
  if (typeof name !== 'string' || typeof synthetic !== 'boolean') {
    throw new ArgumentError(
      `dataset: name is ${describe(name)} and synthetic ${describe(synthetic)}; a name is a text, and synthetic true or false`,
    );
  }
  if (classNames === undefined) return;
  const list: readonly unknown[] = Array.isArray(classNames) ? classNames : [];
  const wrong = list.findIndex((own) => typeof own !== 'string');
  if (Array.isArray(classNames) && wrong < 0) return;
  throw new ArgumentError(
    `data set '${name}': classNames is ${describe(classNames)}${wrong < 0 ? '' : `, with ${describe(list[wrong])}`}; give a list of texts, such as ['cat', 'dog']`,
  );
}

/**
 * A data set with other weights of the samples.
 *
 * @throws ArgumentError or ShapeError unless they are one finite number of at least 0 for each sample, or for each of its steps
 */
export function withWeights(data: Dataset, weights: Values): Dataset {
  const result: Dataset = {
    ...data,
    weights: weightsOf(data.name, weights, data.size, targetsOf(data)[0].shape),
  };
  checkDataset(result);
  return result;
}

interface CheckedField extends DataField {
  /** `x`, or `x[1]`: for messages. */
  readonly field: string;
  readonly option: string;
  /** Values of one sample. */
  readonly stride: number;
}

const plain = ({ data, shape }: CheckedField): DataField => ({ data, shape: [...shape] });

/** Shapes of targets that are given none: one value per sample, for each of a list; what nested arrays have. */
function targetShapes(y: unknown): Extents | readonly Extents[] {
  if (!Array.isArray(y)) return [];
  if (typedArrayName(y[0]) !== undefined) return y.map(() => []);
  const shape: number[] = [];
  for (let level: unknown = y[0]; isValues(level); level = level[0]) shape.push(level.length);
  return shape;
}

/** The arrays of an option, with their shapes: one of each, or a list of each. Equal arrays are converted once. */
function fields(
  name: string,
  [field, option]: [string, string],
  values: unknown,
  shapes: Extents | readonly Extents[],
  known: Map<unknown, DataArray>,
): CheckedField[] {
  const several = Array.isArray(shapes) && shapes.some(Array.isArray);
  const one = several ? undefined : [values];
  const list = one ?? (Array.isArray(values) ? (values as readonly unknown[]) : undefined);
  if (!list || (several && list.length !== shapes.length)) {
    const found = list ? `a list of ${list.length}` : 'a single array';
    throw new ShapeError(
      `data set '${name}': ${option} is a list of ${shapes.length} shapes, so ${field} must be a list of as many arrays, not ${found}`,
    );
  }
  return list.map((own, i) => {
    const place = several ? `[${i}]` : '';
    const shape = (several ? shapes[i] : shapes) as Extents;
    const stride = sampleSize(name, `${option}${place}`, shape);
    if (!several) requireOneField(name, field, option, own, shape);
    const data = known.get(own) ?? arrayOf(`data set '${name}': ${field}${place}`, own, shape);
    known.set(own, data);
    return { data, shape, stride, field: `${field}${place}`, option: `${option}${place}` };
  });
}

/** Long rows of typed arrays are several fields, not samples. */
function requireOneField(name: string, field: string, option: string, values: unknown, shape: Extents): void {
  if (!Array.isArray(values) || typedArrayName(values[0]) === undefined) return;
  if (values.every((row: ArrayLike<number>) => row.length === product(shape))) return;
  throw new ShapeError(
    `data set '${name}': ${field} is a list of ${values.length} arrays, so ${option} must be a list of as many shapes, or each array one sample of shape ${format(shape)}`,
  );
}

/** Weights are numbers, whatever type they come in: of samples, or of the steps that the targets have. */
function weightsOf(name: string, values: unknown, size: number, [steps]: Extents): DataField {
  const nested = Array.isArray(values) && typeof values[0] === 'object';
  const given = arrayOf(`data set '${name}': weights`, values, nested && steps ? [steps] : []);
  if (given.length === size) return { data: given, shape: [] };
  if (steps !== undefined && given.length === size * steps) return { data: given, shape: [steps] };
  const perStep = steps === undefined ? '' : `, or one for each of their ${steps} steps`;
  throw new ShapeError(
    `data set '${name}': weights must be one weight for each of the ${size} samples${perStep}, got ${given.length}`,
  );
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

function format(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
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

export { inputsOf, targetsOf } from './fields.ts';
export type { DataArray, DataField, Dataset } from './types.ts';
export { selfTargets, shuffle, splitValidation, take } from './views.ts';
