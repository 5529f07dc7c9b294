import { FormatError } from '../errors.ts';

/** Deflate cannot pack better than this (a run of 258 equal bytes costs a quarter of a byte). */
const MAX_RATIO = 1032;
const TRAILER_BYTES = 8;

/** True if the bytes open with the gzip magic 1f 8b. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacked bytes that `checkStart` is called with, or all where there are fewer. */
const START_BYTES = 64;

/**
 * Unpacks one gzip member (RFC 1952) with the platform's own `DecompressionStream`.
 *
 * The last four bytes of a member hold its unpacked size, so the result is allocated once, at that size,
 * and a file that unpacks to anything else is refused: memory never exceeds `maxBytes`.
 *
 * @param name the file's name, for messages
 * @param maxBytes refuse files that unpack to more than this
 * @param checkStart called once with the first unpacked bytes (64 or more, if there are so many) and the size of all, as
 *   announced; what it throws ends the work before the rest is unpacked
 * @throws FormatError if the file is truncated, corrupted, has bytes after its end or is too large
 */
export async function gunzip(
  bytes: Uint8Array,
  name: string,
  maxBytes: number,
  checkStart?: (start: Uint8Array, size: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const broken = (reason: string, cause?: unknown) =>
    new FormatError(`${name}: ${reason}. Delete the file and fetch it again.`, { cause });
  if (!isGzip(bytes)) throw broken('not a gzip file (it does not open with the bytes 1f 8b)');
  if (bytes.length < 10 + TRAILER_BYTES) throw broken(`a gzip file of ${bytes.length} bytes is truncated`);
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - TRAILER_BYTES);
  const size = trailer.getUint32(4, true);
  if (size > maxBytes || size > bytes.length * MAX_RATIO) {
    const limit =
      size > maxBytes ? `expected at most ${maxBytes}` : `which ${bytes.length} bytes cannot hold`;
    throw broken(
      `truncated, corrupted or too large: its gzip trailer announces ${size} unpacked bytes, ${limit}`,
    );
  }

  let filled = 0;
  let start = new Uint8Array();
  /** All of it, once there is no word against its start. */
  let result = checkStart ? undefined : new Uint8Array(size);
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('gzip'))
    .getReader();
  for (;;) {
    const chunk = await reader.read().catch((cause: unknown) => {
      throw broken(
        `the gzip data is truncated or corrupted (${String((cause as Error)?.message ?? cause)})`,
        cause,
      );
    });
    if (chunk.done) break;
    if (filled + chunk.value.length > size) {
      await reader.cancel().catch(() => undefined);
      throw broken(`unpacks to more than the ${size} bytes its gzip trailer announces`);
    }
    if (result) {
      result.set(chunk.value, filled);
      filled += chunk.value.length;
      continue;
    }
    start = Uint8Array.from([...start, ...chunk.value]);
    filled = start.length;
    if (filled < Math.min(START_BYTES, size)) continue;
    try {
      checkStart!(start, size);
    } catch (error) {
      await reader.cancel().catch(() => undefined);
      throw error;
    }
    result = new Uint8Array(size);
    result.set(start);
  }
  if (filled !== size) throw broken(`unpacks to ${filled} bytes, but its gzip trailer announces ${size}`);
  return result ?? new Uint8Array();
}
