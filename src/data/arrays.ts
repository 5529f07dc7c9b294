import { ArgumentError, NumericError, ShapeError } from '../errors.ts';
import { product } from './types.ts';
import type { DataArray } from './types.ts';

/** Numbers in nested arrays, [N][…][…], or one after the other; the innermost may be typed arrays of one kind. */
export type NestedNumbers = readonly (
  | number
  | NestedNumbers
  | ArrayLike<number>
  | BigInt64Array
  | BigUint64Array
)[];

/** What values may be given as: see `arrayOf`. */
export type Values =
  | DataArray
  | Uint8ClampedArray
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float64Array
  | NestedNumbers;

type Kept = 'Uint8Array' | 'Float32Array' | 'Int32Array';

/** What each type is kept as: bytes as bytes, other integers as i32, other numbers as f32. */
const KEPT: Readonly<Record<string, Kept>> = {
  Uint8Array: 'Uint8Array',
  Uint8ClampedArray: 'Uint8Array',
  Int32Array: 'Int32Array',
  Int8Array: 'Int32Array',
  Int16Array: 'Int32Array',
  Uint16Array: 'Int32Array',
  Uint32Array: 'Int32Array',
  BigInt64Array: 'Int32Array',
  BigUint64Array: 'Int32Array',
  Float32Array: 'Float32Array',
  Float64Array: 'Float32Array',
  Float16Array: 'Float32Array',
};

const CLASSES = { Uint8Array, Float32Array, Int32Array };

// The getter reads an internal slot: it also tells the type of an array from another realm (an iframe, a vm context), for
// which `instanceof` fails.
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);

/** 'Float32Array', …; undefined for what is not a typed array. */
export function typedArrayName(values: unknown): string | undefined {
  return tag!.get!.call(values);
}

/** Typed arrays and arrays, from any realm. */
export const isValues = (values: unknown): values is Values =>
  typedArrayName(values) !== undefined || Array.isArray(values);

/**
 * The values in a type that the GPU takes.
 *
 * Uint8Array, Float32Array and Int32Array are kept as they are; Uint8ClampedArray, Node's Buffer, arrays of other realms
 * and on resizable buffers become a view of the same memory. Other integers are copied to i32, other numbers to f32.
 * Nested arrays are copied, too: to what their rows would become where these are typed arrays, else to f32. See `reread`.
 *
 * @param label names the values in messages: "data set 'digits': x"
 * @param shape of one sample, which nested arrays must have
 * @throws ArgumentError if it is not an array of numbers, rows are of several kinds, or an integer does not fit 32 bits
 * @throws NumericError if a number is beyond the range of f32
 * @throws ShapeError if nested arrays are ragged, or not of the shape
 */
export function arrayOf(label: string, values: unknown, shape: readonly number[]): DataArray {
  const name = typedArrayName(values);
  if (name === undefined && !Array.isArray(values)) throw refusal(label, values);
  if ((values as ArrayLike<unknown>).length === 0) {
    throw new ArgumentError(
      `${label} is empty: it needs at least one sample. If it had values before, its memory was transferred away ` +
        '(postMessage, structuredClone); pass an array that still has its memory.',
    );
  }
  if (name === undefined) {
    return converted(label, values as NestedNumbers, (from) => flat(label, from, shape));
  }
  const kept = KEPT[name];
  if (!kept) throw refusal(label, values);
  if (name === kept || name === 'Uint8ClampedArray') return viewOf(values as DataArray, CLASSES[kept]);
  return converted(label, values as ArrayLike<number | bigint>, (from) =>
    kept === 'Int32Array' ? integers(label, from) : floats(label, from as ArrayLike<number>),
  );
}

function refusal(label: string, values: unknown): ArgumentError {
  const found = (values as object | null | undefined)?.constructor?.name ?? String(values);
  const isMemory = ArrayBuffer.isView(values) || /^(Shared)?ArrayBuffer$/.test(found);
  const fix = isMemory
    ? 'Say what the bytes are: new Uint8Array(buffer) or new Float32Array(buffer)'
    : 'Pass a typed array (Uint8Array for pixels or class indices, Float32Array for numbers) or nested arrays of numbers';
  return new ArgumentError(`${label} is ${found}, not an array of numbers. ${fix}.`);
}

/** The array itself, or a plain view of fixed length on its memory. */
function viewOf(values: DataArray, kept: (typeof CLASSES)[Kept]): DataArray {
  const { buffer, byteOffset, length } = values;
  // A Buffer's `slice` copies nothing, an array on a resizable buffer may change its length.
  if (values.constructor === kept && !(buffer as { resizable?: boolean }).resizable) return values;
  return new kept(buffer as ArrayBuffer, byteOffset, length);
}

/** What conversions were made from, by the memory of the result: views of it (`take`) have the same source. */
const sources = new WeakMap<ArrayBufferLike, () => void>();

function converted<T extends ArrayLike<unknown>>(
  label: string,
  from: T,
  convert: (from: T) => DataArray,
): DataArray {
  const result = convert(from);
  let known = hashOf(result);
  sources.set(result.buffer, () => {
    // Memory that was transferred away has no length.
    const fresh = from.length === 0 ? undefined : convert(from);
    if (fresh?.length !== result.length) throw changedLength(label, fresh?.length ?? 0, result.length);
    if (fresh.constructor !== result.constructor) {
      throw new ArgumentError(
        `${label} has become ${fresh.constructor.name} where it was ${result.constructor.name}: its rows were replaced by others. Make the data set again.`,
      );
    }
    const found = hashOf(fresh);
    if (found !== known) result.set(fresh);
    known = found;
  });
  return result;
}

/** For an array that had `expected` values when the data set was made. */
export function changedLength(label: string, found: number, expected: number): ArgumentError {
  const reason =
    found === 0
      ? 'its memory was transferred away (postMessage, structuredClone) or released. Make the data set from a copy, or after the transfer back'
      : 'it was changed since. Make the data set again';
  return new ArgumentError(`${label} has ${found} values where there were ${expected}: ${reason}.`);
}

/**
 * Updates a converted copy where the array that it was made from has been refilled in place.
 *
 * @throws as arrayOf
 */
export function reread(values: DataArray): void {
  sources.get(values.buffer)?.();
}

/** 64 bits that tell contents apart (two multiplicative hashes of the bytes or 32-bit words). */
function hashOf(values: DataArray): string {
  const isBytes = values instanceof Uint8Array;
  const words = isBytes ? values : new Uint32Array(values.buffer, values.byteOffset, values.length);
  let [a, b] = [0x9e3779b9, 0x85ebca6b];
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul(b + word, 0xcc9e2d51) ^ (b >>> 13);
  }
  return `${a} ${b}`;
}

const MOST = 2 ** 31;

function integers(label: string, from: ArrayLike<number | bigint>): Int32Array {
  return Int32Array.from(from, (value, i) => {
    if (value >= -MOST && value < MOST) return Number(value);
    throw new ArgumentError(
      `${label}[${i}] is ${value}, which does not fit a signed 32-bit integer. Renumber it, or pass numbers as a Float32Array.`,
    );
  });
}

function floats(label: string, from: ArrayLike<number>): Float32Array {
  const result = Float32Array.from(from);
  const index = result.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(from[i]));
  if (index < 0) return result;
  throw new NumericError(
    `${label}[${index}] is ${from[index]}, beyond the range of 32-bit floats (±3.4e38). Scale the values down.`,
  );
}

/** Nested arrays as one array: numbers one after the other, or [N][…] of the shape of a sample. */
function flat(label: string, from: NestedNumbers, shape: readonly number[]): DataArray {
  const extents: number[] = [];
  let first: unknown = from;
  for (let level: unknown = from; isValues(level); level = level[0]) {
    extents.push(level.length);
    first = level;
  }
  checkExtents(label, extents, shape);
  const kept = keptOf(first);
  const rows: DataArray[] = [];
  const fill = (level: ArrayLike<unknown>, depth: number, place: string) => {
    if (level.length !== extents[depth]) {
      throw new ShapeError(
        `${place} has ${level.length} entries, but the first of its kind has ${extents[depth]}. Samples must have one shape: pad or cut them.`,
      );
    }
    const inner = depth + 1 < extents.length;
    const unchecked = inner || typedArrayName(level) === undefined ? level.length : 0;
    for (let i = 0; i < unchecked; i++) {
      const value = level[i];
      if (inner && isValues(value)) fill(value, depth + 1, `${place}[${i}]`);
      else if (inner || typeof value !== 'number') {
        const found = isValues(value)
          ? 'an array'
          : `${typeof value === 'string' ? `'${value}'` : String(value)}`;
        throw new ArgumentError(
          `${place}[${i}] is ${found}, where ${inner ? `an array of ${extents[depth + 1]} entries` : 'a number'} belongs. All samples need the shape of the first.`,
        );
      }
    }
    if (inner) return;
    if (keptOf(level) !== kept) {
      throw new ArgumentError(
        `${place} is ${kindOf(level)}, but the first row is ${kindOf(first)}: bytes, other integers and floats mean different things. Give all rows as one kind, such as Uint8Array for pixels or Float32Array for numbers.`,
      );
    }
    rows.push(rowOf(place, level as ArrayLike<number>, kept));
  };
  fill(from, 0, label);
  if (rows.length === 1) return rows[0].slice();
  const result = new CLASSES[kept](product(extents));
  rows.forEach((row, i) => result.set(row, i * row.length));
  return result;
}

const kindOf = (row: unknown): string => typedArrayName(row) ?? 'an array of numbers';

/** What a row becomes: plain numbers are floats. */
const keptOf = (row: unknown): Kept => KEPT[typedArrayName(row) ?? 'Float32Array'];

const rowOf = (place: string, row: ArrayLike<number>, kept: Kept): DataArray => {
  if (typedArrayName(row) === kept) return row as DataArray;
  if (kept === 'Int32Array') return integers(place, row);
  return kept === 'Float32Array' ? floats(place, row) : Uint8Array.from(row);
};

/** Nested arrays may leave out, or add, extents of 1; the values of one sample may also lie in one row. */
function checkExtents(label: string, [, ...inner]: readonly number[], shape: readonly number[]): void {
  const own = (extents: readonly number[]) => extents.filter((extent) => extent !== 1).join(', ');
  if (inner.length === 0 || own(inner) === own(shape) || own(inner) === own([product(shape)])) return;
  throw new ShapeError(
    `${label} is nested as samples of shape [${inner.join(', ')}], not of [${shape.join(', ')}]. Pass the shape that the samples have.`,
  );
}
