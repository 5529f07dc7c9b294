import { inputsOf, targetsOf } from '../../data/fields.ts';
import { product } from '../../data/types.ts';
import type { DataArray, DataField, Dataset } from '../../data/types.ts';
import { ArgumentError } from '../../errors.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { describe } from '../../options.ts';
import { usesOf } from '../uses.ts';
import type { Use } from '../uses.ts';

/** How bytes become numbers: value · scale + offset. */
export interface ByteScaling {
  /** Default 1/255. */
  readonly inputScale?: number;
  readonly inputOffset: number;
}

/** @throws ArgumentError unless scale and offset are finite numbers, or left out */
export function checkScaling(name: string, scaling: object): void {
  const given = scaling as Readonly<Record<string, unknown>>;
  for (const option of ['inputScale', 'inputOffset']) {
    const value = given[option];
    if (value === undefined || (typeof value === 'number' && Number.isFinite(Math.fround(value)))) continue;
    throw new ArgumentError(`${name}: ${option} is ${describe(value)}; it must be a finite number`);
  }
}

/** Class indices as integers; bytes that become numbers; numbers, or what an input is. */
export type TargetKind = 'labels' | 'scaled' | 'numbers';

/** What a program does with the fields of a data set: which values can be right depends on it. */
export interface FieldUses {
  readonly inputs: readonly Use[];
  /** Empty where the program reads no targets. */
  readonly targets: readonly (Use & { readonly kind: TargetKind })[];
  readonly scaling: ByteScaling;
}

export function fieldUses(
  { inputs, targets, kinds }: Batched,
  results: readonly Tensor[],
  scaling: ByteScaling,
): FieldUses {
  const uses = usesOf([...inputs, ...targets], results);
  return {
    inputs: uses.slice(0, inputs.length),
    targets: uses.slice(inputs.length).map((use, i) => ({ ...use, kind: kinds[i] })),
    scaling,
  };
}

interface Batched {
  readonly inputs: readonly Tensor[];
  readonly targets: readonly Tensor[];
  readonly kinds: readonly TargetKind[];
}

/**
 * Compares the values of a data set with what a program does with them, before it runs: its kernels let an index that
 * does not exist pass silently.
 *
 * @param shares targets of which batches before have shown that their bytes are shares of 255: this one adds to them
 * @throws ArgumentError that names the first class or index that does not exist, the first target that is not a probability
 *   for a loss that takes one, or bytes that are not shares of 255
 */
export function checkFields(
  model: string,
  dataset: Dataset,
  { inputs, targets, scaling }: FieldUses,
  shares: Set<number> = new Set(),
): void {
  inputsOf(dataset).forEach(({ data, shape }, i) => {
    const { choices, numbers, mixed, picks } = inputs[i];
    if (picks !== undefined && data instanceof Uint8Array) {
      throw new ArgumentError(
        `${model}: input ${i} of data set '${dataset.name}' holds bytes, and ${picks} looks up an index that is calculated of them, after they were scaled. Pass an Int32Array or Float32Array, which are not scaled, or look the bytes up as they are`,
      );
    }
    if (choices === undefined) return;
    if (numbers && data instanceof Uint8Array) {
      throw new ArgumentError(
        `${model}: input ${i} of data set '${dataset.name}' holds bytes that are indices in one place and numbers in another; pass an Int32Array or Float32Array, or give the model an input for each`,
      );
    }
    if (mixed) return;
    checkChoices(data, choices, (index) => {
      const sample = Math.floor(index / product(shape));
      return `${model}: index ${data[index]} in sample ${sample} of data set '${dataset.name}' (input ${i}) is none of the ${choices} rows that the model looks it up in (0 to ${choices - 1}); make the embedding's inputDim larger, or number the indices again`;
    });
  });
  targetsOf(dataset).forEach(({ data, shape }, i) => {
    if (!targets[i]) return;
    const { choices, mixed, kind, within } = targets[i];
    if (within)
      checkWithin(model, dataset.name, { data, shape }, within, kind === 'labels' ? undefined : scaling);
    if (choices !== undefined && !mixed) {
      checkChoices(data, choices, (index) => {
        const sample = Math.floor(index / product(shape));
        return `${model}: label ${data[index]} of sample ${sample} of data set '${dataset.name}' is none of the ${choices} classes that the model distinguishes; labels are whole numbers from 0 to ${choices - 1}: give the last layer more units, or number the labels again`;
      });
    }
    if (kind !== 'scaled' || scaling.inputScale !== undefined) return; // a given scale is intended
    if (data.some((byte) => byte > 1)) shares.add(i);
    // If all are 0, both readings agree.
    if (!shares.has(i) && data.includes(1)) {
      throw new ArgumentError(
        `${model}: the targets of data set '${dataset.name}' are bytes of shape [${shape.join(', ')}], which count as shares of 255 for this loss, but none is above 1. Pass one-hot targets and masks as a Float32Array, or class indices to a loss that compares classes.`,
      );
    }
  });
}

function checkChoices(values: DataArray, choices: number, message: (index: number) => string): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value >= 0 && value < choices && Number.isInteger(value)) continue;
    throw new ArgumentError(message(index));
  }
}

/** Rounding errors of targets that were calculated in f32. */
const TOLERANCE = 1e-5;

/** @param scaling of bytes; undefined where they are labels */
function checkWithin(
  model: string,
  name: string,
  { data, shape }: DataField,
  { low, high }: NonNullable<Use['within']>,
  scaling: ByteScaling | undefined,
): void {
  const isScaled = scaling && data instanceof Uint8Array;
  const { inputScale = 1 / 255, inputOffset } = isScaled ? scaling : { inputScale: 1, inputOffset: 0 };
  const index = data.findIndex((value: number) => {
    const own = value * inputScale + inputOffset;
    return !(own >= low - TOLERANCE && own <= high + TOLERANCE);
  });
  if (index < 0) return;
  const value = isScaled
    ? `byte ${data[index]}, which becomes ${tell(data[index] * inputScale + inputOffset)},`
    : String(data[index]);
  const range = `${tell(low)} to ${tell(high)}`;
  const fix = isScaled
    ? 'Choose an inputScale and inputOffset that lead to that range, or another loss'
    : 'Number the labels 0 and 1, bring the targets to that range, or use a loss for several classes, for labels −1 and 1 (hinge) or for any numbers (meanSquaredError)';
  throw new ArgumentError(
    `${model}: target ${value} of sample ${Math.floor(index / product(shape))} of data set '${name}' is not a probability: a binary cross-entropy takes labels 0 and 1, or numbers from ${range}. ${fix}.`,
  );
}

/** What a model was trained on in an input: bytes or numbers, and their range. */
export interface InputRange {
  readonly bytes: boolean;
  /** As the model gets them. */
  readonly low: number;
  readonly high: number;
}

const bytesRange = ({ inputScale = 1 / 255, inputOffset }: ByteScaling): InputRange => {
  const ends = [inputOffset, inputOffset + 255 * inputScale];
  return { bytes: true, low: Math.min(...ends), high: Math.max(...ends) };
};

function rangeOf({ data }: DataField, scaling: ByteScaling): InputRange {
  if (data instanceof Uint8Array) return bytesRange(scaling);
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { bytes: false, low, high };
}

/** The ranges of a data set's inputs; undefined for indices, which mean the same in any type. */
export const inputRanges = (
  dataset: Dataset,
  { inputs }: FieldUses,
  scaling: ByteScaling,
): (InputRange | undefined)[] =>
  inputsOf(dataset).map((field, i) =>
    inputs[i].choices === undefined ? rangeOf(field, scaling) : undefined,
  );

/** The union of two ranges for each input. */
export const joinRanges = (
  before: readonly (InputRange | undefined)[] | undefined,
  own: readonly (InputRange | undefined)[],
): readonly (InputRange | undefined)[] =>
  own.map((range, i) => {
    const known = before?.[i];
    if (!range || !known) return range;
    return { ...range, low: Math.min(known.low, range.low), high: Math.max(known.high, range.high) };
  });

/**
 * Tells pixels from 0 to 255 and pixels as shares of 255 apart. A model that was trained on bytes takes bytes, or numbers
 * in the range that bytes become; numbers beyond it by more than its width ([−1, 2] for [0, 1]) are taken for a mistake.
 * Likewise the other way round.
 *
 * @throws ArgumentError if the ranges contradict each other
 */
export function checkRanges(
  model: string,
  dataset: Dataset,
  trained: readonly (InputRange | undefined)[],
  scaling: ByteScaling,
): void {
  inputsOf(dataset).forEach((field, i) => {
    const before = trained[i];
    if (!before || before.bytes === field.data instanceof Uint8Array) return;
    const own = rangeOf(field, scaling);
    const [bytes, numbers] = own.bytes ? [own, before] : [before, own];
    const width = bytes.high - bytes.low;
    if (numbers.low >= bytes.low - width && numbers.high <= bytes.high + width) return;
    const words = ({ bytes: packed, low, high }: InputRange) =>
      packed
        ? `bytes, which become ${tell(low)} to ${tell(high)}`
        : `numbers from ${tell(low)} to ${tell(high)}`;
    const fix = own.bytes
      ? 'Pass numbers, Float32Array.from(bytes), or train on bytes'
      : 'Pass bytes (Uint8Array), or bring the numbers to that range';
    throw new ArgumentError(
      `${model}: was trained on ${words(before)}, but input ${i} of data set '${dataset.name}' holds ${words(own)}. ${fix}.`,
    );
  });
}

const tell = (value: number) => String(Number(value.toPrecision(4)));
