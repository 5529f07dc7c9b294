import { inflateSync, crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { encodePng, imageGrid } from '../../src/io/png.ts';

/** Reads back the PNGs of encodePng (8 bits, no filter), checking every CRC. */
function decode(bytes: Uint8Array): { width: number; height: number; channels: number; data: number[] } {
  expect([...bytes.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const chunks = new Map<string, Uint8Array>();
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.set(type, bytes.subarray(at + 8, at + 8 + length));
    expect(view.getUint32(at + 8 + length), `CRC of ${type}`).toBe(
      crc32(bytes.subarray(at + 4, at + 8 + length)),
    );
    at += length + 12;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = Buffer.from(chunks.get('IHDR')!);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  expect([...header.subarray(8)]).toEqual([8, header[9], 0, 0, 0]);
  const channels = { 0: 1, 2: 3 }[header[9]]!;
  const rows = inflateSync(chunks.get('IDAT')!);
  const stride = width * channels + 1;
  expect(rows.length).toBe(stride * height);
  return { width, height, channels, data: [...rows].filter((_, i) => i % stride > 0) };
}

describe('encodePng', () => {
  it('stores grey and RGB images', async () => {
    for (const channels of [1, 3] as const) {
      const data = Uint8Array.from({ length: 7 * 5 * channels }, (_, i) => (i * 91) & 255);
      const image = { width: 7, height: 5, channels, data };
      expect(decode(await encodePng(image))).toEqual({ ...image, data: [...data] });
    }
  });

  it('takes a canvas’s clamped bytes and a large image', async () => {
    const data = new Uint8ClampedArray(1000 * 700).fill(300);
    const bytes = await encodePng({ width: 1000, height: 700, channels: 1, data });
    expect(decode(bytes).data.every((value) => value === 255)).toBe(true);
    expect(bytes.length).toBeLessThan(5000);
  });

  it('refuses sizes that do not fit', async () => {
    const data = new Uint8Array(12);
    await expect(encodePng({ width: 3, height: 3, channels: 1, data })).rejects.toThrow(ShapeError);
    await expect(encodePng({ width: 3, height: 3, channels: 1, data })).rejects.toThrow(
      /needs 9 bytes, got 12/,
    );
    for (const [width, channels] of [
      [0, 1],
      [1.5, 1],
      [3, 4],
      [2 ** 25, 1],
      [NaN, 3],
    ]) {
      await expect(encodePng({ width, height: 4, channels: channels as 1, data })).rejects.toThrow(
        ArgumentError,
      );
    }
  });
});

describe('imageGrid', () => {
  it('lays images out row by row with black gaps', () => {
    const data = Uint8Array.from([1, 2, 3, 4, 5, 6]);
    expect(imageGrid({ width: 2, height: 1, channels: 1, data, columns: 2 })).toEqual({
      width: 5,
      height: 3,
      channels: 1,
      data: Uint8Array.from([1, 2, 0, 3, 4, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0]),
    });
    const colour = imageGrid({ width: 1, height: 1, channels: 3, data, gap: 0 });
    expect([colour.width, colour.height, [...colour.data]]).toEqual([2, 1, [1, 2, 3, 4, 5, 6]]);
  });

  it('refuses parts of images and no images', () => {
    const data = new Uint8Array(5);
    expect(() => imageGrid({ width: 2, height: 2, channels: 1, data })).toThrow(ShapeError);
    expect(() => imageGrid({ width: 2, height: 2, channels: 1, data: new Uint8Array(0) })).toThrow(
      ArgumentError,
    );
    expect(() => imageGrid({ width: 1, height: 1, channels: 1, data, columns: 0 })).toThrow(ArgumentError);
  });
});
