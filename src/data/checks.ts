import { crc32 } from '../io/crc32.ts';
import { ArgumentError, NumericError } from '../errors.ts';
import { changedLength, reread } from './arrays.ts';
import { inputsOf, targetsOf } from './fields.ts';
import { product } from './types.ts';
import type { DataArray, DataField, Dataset } from './types.ts';

/**
 * Checks a data set's arrays as they are now: when it is made, and again whenever it is used, since arrays can be
 * refilled or transferred away in between. Converted copies of other arrays are updated.
 *
 * @throws ArgumentError if an array has lost its memory or its length, a label has no name, or a weight is negative
 * @throws NumericError if a value is NaN or infinite, with its sample and position
 */
export function checkDataset(dataset: Dataset): void {
  checkMemory(dataset);
  const { name, x, y, weights, classNames } = dataset;
  if (weights) checkWeights(name, weights.data);
  for (const [where, { data, shape }] of distinctFields(dataset)) checkFinite(where, data, product(shape));
  if (classNames && product(y.shape) === 1 && y.data !== x.data) checkNames(name, y.data, classNames.length);
}

/**
 * Checks that the arrays still have all their values, and updates converted copies of other arrays.
 *
 * @throws ArgumentError if an array has lost its memory or its length
 */
export function checkMemory(dataset: Dataset): void {
  for (const [where, { data, shape }] of distinctFields(dataset)) {
    reread(data);
    const expected = dataset.size * product(shape);
    if (data.length !== expected) throw changedLength(where, data.length, expected);
  }
}

/**
 * A checksum of all values that the arrays have now.
 *
 * @throws ArgumentError if an array has lost its memory or its length
 */
export function digestOf(dataset: Dataset): number {
  checkMemory(dataset);
  const bytes = ({ buffer, byteOffset, byteLength }: DataArray) =>
    new Uint8Array(buffer, byteOffset, byteLength);
  return distinctFields(dataset).reduce((digest, [, { data }]) => crc32(bytes(data), digest), 0);
}

/** Each array once, with its place in words for messages. */
function distinctFields(dataset: Dataset): [where: string, field: DataField][] {
  const { name, weights, labels } = dataset;
  const all = [
    ...labelled('x', inputsOf(dataset)),
    ...labelled('y', targetsOf(dataset)),
    ...labelled('weights', weights ? [weights] : []),
    ...labelled('labels', labels ? [labels] : []),
  ];
  const known = new Set<DataArray>();
  return all.flatMap(([label, field]) => {
    if (known.has(field.data)) return [];
    known.add(field.data);
    return [[`data set '${name}': ${label}`, field]];
  });
}

/** `x`, or `x[0]`, `x[1]`, …: for messages. */
function labelled(label: string, fields: readonly DataField[]): [string, DataField][] {
  return fields.map((field, i) => [fields.length > 1 ? `${label}[${i}]` : label, field]);
}

function checkFinite(where: string, values: DataArray, stride: number): void {
  if (!(values instanceof Float32Array)) return;
  for (let index = 0; index < values.length; index++) {
    // NaN fails every comparison, so one test finds it and both infinities.
    if (Math.abs(values[index]) < Infinity) continue;
    // V8 has been seen to give memory that was transferred away its old length, in optimised code.
    if (values[index] === undefined) throw changedLength(where, 0, values.length);
    throw new NumericError(
      `${where}[${index}] (sample ${Math.floor(index / stride)}, value ${index % stride}) is ` +
        `${values[index]}. Remove such samples or replace their missing values before training.`,
    );
  }
}

function checkWeights(name: string, weights: DataArray): void {
  const index = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (index < 0) return;
  throw new ArgumentError(
    `data set '${name}': weights[${index}] is ${weights[index]}; weights must be finite and at least 0. Give samples that should not count a weight of 0.`,
  );
}

function checkNames(name: string, labels: DataArray, classes: number): void {
  const index = labels.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classes);
  if (index < 0) return;
  throw new ArgumentError(
    `data set '${name}': y[${index}] is ${labels[index]}, but classNames names ${classes} classes, so labels are ` +
      `whole numbers from 0 to ${classes - 1}. Renumber the labels or name every class.`,
  );
}
