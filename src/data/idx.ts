import { ArgumentError, FormatError, ShapeError } from '../errors.ts';
import { gunzip, isGzip } from '../io/gzip.ts';

/** An array of unsigned bytes with its shape, outermost dimension first: [60000, 28, 28] for images. */
export interface IdxArray {
  readonly shape: number[];
  /** Row-major. From `parseIdx` it is a view of the given bytes, not a copy. */
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
const TYPE_NAMES: Record<number, string> = {
  0x08: 'unsigned byte',
  0x09: 'signed byte',
  0x0b: '16-bit integer',
  0x0c: '32-bit integer',
  0x0d: '32-bit float',
  0x0e: '64-bit float',
};
const MAX_DIMENSIONS = 8;
const DEFAULT_MAX_BYTES = 2 ** 30;

/**
 * Reads the IDX format of MNIST: two zero bytes, a type byte, the number of dimensions, each dimension as a
 * big-endian u32, then the values (http://yann.lecun.com/exdb/mnist/, "the IDX file format").
 *
 * @param name the file's name, for messages
 * @throws FormatError if the magic, the type or the number of bytes is wrong
 */
export function parseIdx(bytes: Uint8Array, name = 'IDX file'): IdxArray {
  const { shape, headerBytes } = readIdxHeader(bytes, bytes.length, name);
  const length = bytes.length - headerBytes;
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, length) };
}

/**
 * What the header of an IDX file says, checked against the file's size.
 *
 * @param start the first bytes of the file, 64 or more if it has so many
 * @param size bytes of the whole file
 * @throws FormatError as `parseIdx`
 */
export function readIdxHeader(
  start: Uint8Array,
  size: number,
  name: string,
): { readonly shape: number[]; readonly headerBytes: number } {
  const broken = (reason: string, fix = 'Delete the file and fetch it again.') =>
    new FormatError(`${name}: ${reason}. ${fix}`);
  if (isGzip(start)) throw broken('the bytes are gzip-compressed', 'Read it with readIdx, which unpacks it.');
  if (size < 4) throw broken(`${size} bytes are too few for an IDX file, whose header has 4 or more`);
  if (start[0] !== 0 || start[1] !== 0) {
    const first = Array.from(start.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const page = start[0] === 0x3c /* < */ ? ' (an HTML page in its place?)' : '';
    throw broken(`not an IDX file: it opens with ${first} instead of 00 00${page}`);
  }
  const type = start[2];
  if (type !== UNSIGNED_BYTE) {
    const found = TYPE_NAMES[type] ?? `unknown type 0x${type.toString(16).padStart(2, '0')}`;
    throw broken(`holds values of ${found}`, 'Only unsigned bytes (type 0x08) are read: convert the file.');
  }
  const rank = start[3];
  if (rank < 1 || rank > MAX_DIMENSIONS)
    throw broken(`has ${rank} dimensions, expected 1 to ${MAX_DIMENSIONS}`);
  const headerBytes = 4 + 4 * rank;
  if (size < headerBytes) {
    throw broken(`truncated: ${size} bytes, but its header alone has ${headerBytes}`);
  }
  const view = new DataView(start.buffer, start.byteOffset, headerBytes);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // Eight 32-bit dimensions multiply to far more than a double holds exactly.
  const expected = shape.reduce((product, dimension) => product * BigInt(dimension), 1n);
  const actual = size - headerBytes;
  if (BigInt(actual) !== expected) {
    const kind = BigInt(actual) < expected ? 'truncated' : 'has trailing bytes';
    throw broken(`${kind}: shape [${shape.join(', ')}] needs ${expected} bytes of data, found ${actual}`);
  }
  return { shape, headerBytes };
}

/**
 * Reads an IDX file, plain or gzip-compressed (told by its first bytes, not by its name).
 *
 * @param options.maxBytes refuse a file that unpacks to more bytes than this; default 1 GiB
 * @throws FormatError as `parseIdx`, and for a truncated or corrupted gzip stream
 */
export async function readIdx(
  bytes: Uint8Array,
  name = 'IDX file',
  options: { maxBytes?: number } = {},
): Promise<IdxArray> {
  return parseIdx(await unpackIdx(bytes, name, options.maxBytes ?? DEFAULT_MAX_BYTES), name);
}

/**
 * The bytes of an IDX file that may be gzip-compressed. A file whose header is not IDX is refused before it is unpacked.
 *
 * @throws FormatError as `parseIdx`, and for a truncated or corrupted gzip stream
 */
export async function unpackIdx(bytes: Uint8Array, name: string, maxBytes: number): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  return gunzip(bytes, name, maxBytes, (start, size) => void readIdxHeader(start, size, name));
}

/**
 * Writes an array of unsigned bytes as an (uncompressed) IDX file.
 *
 * @throws ShapeError if `data.length` is not the product of `shape`
 * @throws ArgumentError if the shape has no or too many dimensions, or one that is not a u32
 */
export function encodeIdx(array: {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}): Uint8Array<ArrayBuffer> {
  const { shape, data } = array;
  if (shape.length < 1 || shape.length > MAX_DIMENSIONS) {
    throw new ArgumentError(
      `encodeIdx: shape [${shape.join(', ')}] must have 1 to ${MAX_DIMENSIONS} dimensions.`,
    );
  }
  for (const dimension of shape) {
    if (!Number.isInteger(dimension) || dimension < 0 || dimension > 0xffffffff) {
      throw new ArgumentError(
        `encodeIdx: shape [${shape.join(', ')}] must hold whole numbers from 0 to 2^32 - 1.`,
      );
    }
  }
  const expected = shape.reduce((product, dimension) => product * dimension, 1);
  if (expected !== data.length) {
    throw new ShapeError(
      `encodeIdx: shape [${shape.join(', ')}] needs ${expected} bytes, data has ${data.length}.`,
    );
  }
  const headerBytes = 4 + 4 * shape.length;
  const bytes = new Uint8Array(headerBytes + data.length);
  bytes[2] = UNSIGNED_BYTE;
  bytes[3] = shape.length;
  const view = new DataView(bytes.buffer);
  shape.forEach((dimension, axis) => view.setUint32(4 + 4 * axis, dimension));
  bytes.set(data, headerBytes);
  return bytes;
}
