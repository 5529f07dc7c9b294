import { ArgumentError, FormatError, ShapeError } from '../errors.ts';
import { describe } from '../options.ts';
import { crc32 } from './crc32.ts';
import { parseStrictJson } from './json.ts';

/** A named array of a safetensors file; the array's class goes with the dtype. */
export type SafeTensor =
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'I32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'U32'; readonly shape: readonly number[]; readonly data: Uint32Array }
  | { readonly dtype: 'U8'; readonly shape: readonly number[]; readonly data: Uint8Array };

const TYPES = { F32: Float32Array, I32: Int32Array, U32: Uint32Array, U8: Uint8Array } as const;
type Dtype = keyof typeof TYPES;
const isDtype = (value: unknown): value is Dtype => typeof value === 'string' && Object.hasOwn(TYPES, value);

const METADATA = '__metadata__';
/** Key of the metadata entry that holds the CRC-32 of the whole file, its own eight hexadecimal digits taken as zeros. */
const CHECKSUM = 'wgrad.crc32';
const NO_CHECKSUM = '00000000';
const LENGTH_BYTES = 8;
/** The format allows 100 MB; a model of ten thousand tensors needs a hundredth of that. */
const MAX_HEADER_BYTES = 2_000_000;
const ALIGNMENT = 8;

/**
 * Writes tensors as a safetensors file (https://github.com/huggingface/safetensors): the header's length as a
 * little-endian u64, a JSON header padded with spaces to 8 bytes, then the tensors' bytes without gaps, 4-byte
 * types first and by name within, as the reference implementation lays them out. Equal input gives equal bytes. A
 * metadata entry of its own, `wgrad.crc32`, holds a checksum of header and tensors, which reading verifies.
 *
 * @param metadata free text kept in the header
 * @throws ShapeError if an array's length is not the product of its shape
 * @throws ArgumentError if a name, dtype, shape or metadata value cannot be stored
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor> | Readonly<Record<string, SafeTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  for (const [what, value] of Object.entries({ tensors, metadata })) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) continue;
    throw new ArgumentError(`encodeSafetensors: ${what} is ${describe(value)}; give a record by name`);
  }
  const entries = [
    ...(tensors instanceof Map ? tensors : Object.entries(tensors as Record<string, SafeTensor>)),
  ];
  for (const [name, tensor] of entries) checkTensor(name, tensor ?? {});
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      throw new ArgumentError(
        `encodeSafetensors: metadata '${key}' is ${typeof value}, expected text. Use String(…).`,
      );
    }
  }
  const width = (tensor: SafeTensor) => TYPES[tensor.dtype].BYTES_PER_ELEMENT;
  entries.sort(([nameA, a], [nameB, b]) => width(b) - width(a) || (nameA < nameB ? -1 : 1));

  if (Object.hasOwn(metadata, CHECKSUM)) {
    throw new ArgumentError(
      `encodeSafetensors: the metadata key '${CHECKSUM}' is reserved. Use another one.`,
    );
  }
  const header: [string, unknown][] = [[METADATA, { [CHECKSUM]: NO_CHECKSUM, ...metadata }]];
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    const begin = end;
    end += data.byteLength;
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  // Object.fromEntries would move integer-like names to the front and lose '__proto__'.
  const json = `{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new ArgumentError(
      `encodeSafetensors: a header of ${headerBytes} bytes exceeds ${MAX_HEADER_BYTES}. Store less metadata or fewer tensors.`,
    );
  }

  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  bytes.set(text, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  const digits = checksumPlace(bytes, LENGTH_BYTES + headerBytes);
  bytes.set(new TextEncoder().encode(checksum(bytes, digits)), digits);
  return bytes;
}

/** Where the digits of the checksum stand in a file; -1 if its header is written in another way. */
function checksumPlace(bytes: Uint8Array, dataStart: number): number {
  // One character for each byte: places in the text are places in the file.
  const header = new TextDecoder('latin1').decode(bytes.subarray(0, dataStart));
  const key = `"${CHECKSUM}":"`;
  const at = header.indexOf(key);
  return at < 0 ? -1 : at + key.length;
}

/** Of a file whose checksum stands at byte `place`. */
function checksum(bytes: Uint8Array, place: number): string {
  const before = crc32(bytes.subarray(0, place));
  const own = crc32(new TextEncoder().encode(NO_CHECKSUM), before);
  return crc32(bytes.subarray(place + NO_CHECKSUM.length), own)
    .toString(16)
    .padStart(NO_CHECKSUM.length, '0');
}

function checkTensor(name: string, { dtype, shape, data }: SafeTensor): void {
  if (name === METADATA) {
    throw new ArgumentError(`encodeSafetensors: '${METADATA}' is reserved. Give the tensor another name.`);
  }
  if (!isDtype(dtype) || !(data instanceof TYPES[dtype])) {
    const found = (data as object | undefined)?.constructor?.name ?? String(data);
    throw new ArgumentError(
      `encodeSafetensors: tensor '${name}' has dtype ${String(dtype)} and data of ${found}. ` +
        'Use F32 with Float32Array, I32 with Int32Array, U32 with Uint32Array or U8 with Uint8Array.',
    );
  }
  const size = Array.isArray(shape) ? elementCount(shape) : undefined;
  if (size === undefined) {
    const found = Array.isArray(shape) ? `[${shape.join(', ')}]` : describe(shape);
    throw new ArgumentError(
      `encodeSafetensors: tensor '${name}' has shape ${found}; use whole numbers >= 0.`,
    );
  }
  if (size !== data.length) {
    throw new ShapeError(
      `encodeSafetensors: tensor '${name}' of shape [${shape.join(', ')}] needs ${size} values, data has ${data.length}.`,
    );
  }
}

/**
 * Reads a safetensors file whose tensors are F32, I32, U32 or U8. The tensors are copies of the bytes, in the
 * order of their data; NaN and infinities are passed on as they are.
 *
 * Everything in the file is checked: the header may have at most 2 MB, and every tensor must have the bytes of its shape,
 * without gaps, overlaps, duplicate names or bytes left over. A checksum, as `encodeSafetensors` writes it, must be that
 * of the file; `checked` says whether there is one.
 *
 * @param name the file's name, for messages
 * @throws FormatError saying what is wrong with the file
 * @throws ArgumentError if it is not a Uint8Array
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  name = 'safetensors file',
): { tensors: Map<string, SafeTensor>; metadata: Record<string, string>; checked: boolean } {
  const fail = (
    reason: string,
    fix = 'The file is damaged or of another format: save or fetch it again.',
  ): never => {
    // A hostile name can be megabytes long.
    throw new FormatError(`${name}: ${reason.slice(0, 300)}. ${fix}`);
  };
  if (!ArrayBuffer.isView(bytes) || bytes[Symbol.toStringTag] !== 'Uint8Array') {
    throw new ArgumentError(
      `${name}: its bytes are ${describe(bytes)}; pass a Uint8Array: new Uint8Array(buffer)`,
    );
  }
  const header = readHeader(bytes, fail);
  let metadata: Record<string, string> = {};
  const places: { name: string; dtype: Dtype; shape: number[]; begin: number; end: number }[] = [];
  for (const [key, value] of Object.entries(header.json)) {
    if (key === METADATA) metadata = checkMetadata(value, fail);
    else places.push({ name: key, ...checkPlace(key, value, fail) });
  }

  const tensors = new Map<string, SafeTensor>();
  let at = 0;
  for (const { name: key, dtype, shape, begin, end } of places.sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin < at) fail(`tensor '${key}' at bytes ${begin} to ${end} overlaps the one that ends at ${at}`);
    if (begin > at) fail(`bytes ${at} to ${begin}, before tensor '${key}', belong to no tensor`);
    if (header.dataStart + end > bytes.length) {
      fail(
        `tensor '${key}' ends at byte ${end} of the data, but the file has ${bytes.length - header.dataStart}`,
      );
    }
    // Not bytes.slice: that of a Node Buffer, which files are read into, copies nothing.
    const copy = new Uint8Array(bytes.subarray(header.dataStart + begin, header.dataStart + end));
    tensors.set(key, { dtype, shape, data: new TYPES[dtype](copy.buffer) } as SafeTensor);
    at = end;
  }
  if (header.dataStart + at !== bytes.length) {
    fail(`the tensors end at byte ${at} of the data, but the file has ${bytes.length - header.dataStart}`);
  }
  const { [CHECKSUM]: expected, ...rest } = metadata;
  if (expected !== undefined) checkChecksum(bytes, header.dataStart, expected, fail);
  return { tensors, metadata: rest, checked: expected !== undefined };
}

/** A number of the metadata; NaN where there is none or no number, an empty text included. */
export function metadataNumber(metadata: Readonly<Record<string, string>>, key: string): number {
  const text = Object.hasOwn(metadata, key) ? metadata[key].trim() : '';
  return text === '' ? NaN : Number(text);
}

type Fail = (reason: string, fix?: string) => never;

function readHeader(bytes: Uint8Array, fail: Fail): { json: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES + 2) fail(`${bytes.length} bytes are too few for a safetensors file`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES))
    fail(`announces a header of ${length} bytes, more than ${MAX_HEADER_BYTES}`);
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > bytes.length)
    fail(`announces a header of ${length} bytes, but has only ${bytes.length} bytes in all`);
  if (bytes[LENGTH_BYTES] !== 0x7b) fail("the header does not begin with '{'");
  let json: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart));
    // The header, a tensor's entry, its shape.
    json = parseStrictJson(text, 3);
  } catch (error) {
    fail(`the header is not the JSON of a safetensors file (${(error as Error).message})`);
  }
  return { json: json as Record<string, unknown>, dataStart };
}

function checkChecksum(bytes: Uint8Array, dataStart: number, expected: string, fail: Fail): void {
  const place = checksumPlace(bytes, dataStart);
  const found = place >= 0 && expected.length === NO_CHECKSUM.length ? checksum(bytes, place) : 'none';
  if (found === expected) return;
  fail(
    `its checksum is ${found}, but the header says ${expected.slice(0, 40)}: bytes were changed`,
    `The file is damaged: save or fetch it again. If another program changed it on purpose, it has to drop the metadata entry '${CHECKSUM}'.`,
  );
}

function checkMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== 'string')) {
    fail(`${METADATA} must be an object of texts`);
  }
  return value as Record<string, string>;
}

function checkPlace(
  key: string,
  value: unknown,
  fail: Fail,
): { dtype: Dtype; shape: number[]; begin: number; end: number } {
  if (!isObject(value)) return fail(`the entry of tensor '${key}' is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  const extra = Object.keys(value).find((field) => !['dtype', 'shape', 'data_offsets'].includes(field));
  if (extra !== undefined) fail(`tensor '${key}' has an unknown field '${extra}'`);
  if (!isDtype(dtype)) {
    const found = typeof dtype === 'string' ? dtype.slice(0, 40) : typeof dtype;
    return fail(
      `tensor '${key}' has dtype ${found}`,
      `Only ${Object.keys(TYPES).join(', ')} are read: convert it.`,
    );
  }
  const size = Array.isArray(shape) ? elementCount(shape) : undefined;
  if (size === undefined) return fail(`tensor '${key}' has no shape of whole numbers >= 0`);
  if (
    !Array.isArray(offsets) ||
    offsets.length !== 2 ||
    !offsets.every((o) => Number.isSafeInteger(o) && o >= 0)
  ) {
    return fail(`tensor '${key}' has no pair of data_offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const needed = size * TYPES[dtype].BYTES_PER_ELEMENT;
  if (end - begin !== needed) {
    const text = (shape as number[]).join(', ').slice(0, 80);
    fail(
      `tensor '${key}' of ${dtype} [${text}] needs ${needed} bytes, its data_offsets ${begin} to ${end} hold ${end - begin}`,
    );
  }
  return { dtype, shape: shape as number[], begin, end };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Product of a shape, or undefined if it is not a shape or the product is not exact in a double. */
function elementCount(shape: readonly unknown[]): number | undefined {
  let count = 1;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || (dimension as number) < 0) return undefined;
    count *= dimension as number;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}
