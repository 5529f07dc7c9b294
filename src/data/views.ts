import { ArgumentError } from '../errors.ts';
import { requireSeed } from '../options.ts';
import { checkMemory } from './checks.ts';
import { randomStream } from './random.ts';
import { requireDataset } from './requireDataset.ts';
import { product, sameArray } from './types.ts';
import type { DataArray, DataField, Dataset } from './types.ts';

/** A data set with other arrays in all its fields; fields that share an array still share one. */
function mapFields(data: Dataset, change: (values: DataArray, stride: number) => DataArray): Dataset {
  checkMemory(data);
  const known = new Map<DataArray, DataArray>();
  const map = ({ data: values, shape }: DataField): DataField => {
    // Fields of one array have one number of values per sample.
    const changed = known.get(values) ?? change(values, product(shape));
    known.set(values, changed);
    return { data: changed, shape };
  };
  const { moreInputs, moreTargets, weights, labels } = data;
  return {
    ...data,
    x: map(data.x),
    y: map(data.y),
    ...(moreInputs && { moreInputs: moreInputs.map(map) }),
    ...(moreTargets && { moreTargets: moreTargets.map(map) }),
    ...(weights && { weights: map(weights) }),
    ...(labels && { labels: map(labels) }),
  };
}

/** A data set with copies of the arrays; views of the same elements become one. */
export function copyOf(data: Dataset): Dataset {
  const copies: (readonly [DataArray, DataArray])[] = [];
  return mapFields(data, (values) => {
    const known = copies.find(([own]) => sameArray(own, values))?.[1];
    const copy = known ?? values.slice();
    if (!known) copies.push([values, copy]);
    return copy;
  });
}

/**
 * The samples with themselves as targets: what an autoencoder learns from. Nothing is copied, and on the GPU inputs and
 * targets are the same batch. Targets that were class indices stay available as `labels`.
 */
export function selfTargets(data: Dataset): Dataset {
  requireDataset('selfTargets', data);
  const { y, ...rest } = data;
  const isLabel = y.shape.length === 0 && y.data !== data.x.data;
  return { ...rest, y: data.x, ...(isLabel && { labels: y }) };
}

/**
 * The samples `start` … `end - 1` as a data set of their own; the arrays are views, nothing is copied.
 *
 * @throws ArgumentError unless 0 ≤ start < end ≤ data.size, all whole numbers, or if an array was transferred away
 */
export function take(data: Dataset, start: number, end: number = data?.size): Dataset {
  requireDataset('take', data);
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end > data.size || start >= end) {
    throw new ArgumentError(
      `take: samples ${start} to ${end} are not a range within data set '${data.name}' of ${data.size} samples. ` +
        `Pass whole numbers with 0 <= start < end <= ${data.size}.`,
    );
  }
  const parts = mapFields(data, (values, stride) => values.subarray(start * stride, end * stride));
  return { ...parts, size: end - start };
}

/**
 * Sets the last `fraction` of the samples aside for validation, as Keras's `validation_split` does: all from sample
 * ⌊size · (1 − fraction)⌋ on, without shuffling, so call `shuffle` first if the samples are sorted.
 *
 * @throws ArgumentError unless the fraction leaves at least one sample on each side
 */
export function splitValidation(data: Dataset, fraction: number): { train: Dataset; validation: Dataset } {
  requireDataset('splitValidation', data);
  const split = Math.floor(data.size * (1 - fraction));
  if (typeof fraction !== 'number' || !(fraction > 0 && fraction < 1) || split <= 0 || split >= data.size) {
    throw new ArgumentError(
      `splitValidation: a fraction of ${fraction} of the ${data.size} samples of '${data.name}' leaves one side ` +
        'empty. Pass a number between 0 and 1, such as 0.1, that leaves samples on both sides.',
    );
  }
  return { train: take(data, 0, split), validation: take(data, split) };
}

/**
 * A copy of the data set with its samples in a random order that `seed` fixes (Fisher–Yates): of the values as they are
 * now, whatever becomes of the original.
 *
 * @throws ArgumentError if the seed is not a whole number of at least 0, or an array was transferred away
 */
export function shuffle(data: Dataset, seed = 1): Dataset {
  requireDataset('shuffle', data);
  requireSeed('shuffle', seed);
  const random = randomStream(seed, data.size);
  const order = Uint32Array.from({ length: data.size }, (_, index) => index);
  for (let index = data.size - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [order[index], order[other]] = [order[other], order[index]];
  }
  return selectSamples(data, order);
}

/** Copies of the samples at these places, in this order. */
export function selectSamples(data: Dataset, places: ArrayLike<number>): Dataset {
  const parts = mapFields(data, (values, stride) => {
    const result = new (values.constructor as new (length: number) => DataArray)(places.length * stride);
    for (let to = 0; to < places.length; to++) {
      const from = places[to] * stride;
      result.set(values.subarray(from, from + stride), to * stride);
    }
    return result;
  });
  return { ...parts, size: places.length };
}
