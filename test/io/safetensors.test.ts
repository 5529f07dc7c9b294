import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/data/random.ts';
import { ArgumentError, FormatError, ShapeError } from '../../src/errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import type { SafeTensor } from '../../src/io/safetensors.ts';
import { withoutChecksum } from '../fuzz/files.ts';
import { cpuMilliseconds } from '../helpers/cpuTime.ts';

const tensors: Record<string, SafeTensor> = {
  'conv1.weight': {
    dtype: 'F32',
    shape: [2, 1, 3],
    data: Float32Array.from([1, -2, 0.5, NaN, Infinity, -0]),
  },
  step: { dtype: 'U32', shape: [], data: Uint32Array.from([4294967295]) },
  labels: { dtype: 'I32', shape: [2], data: Int32Array.from([-1, 7]) },
  pixels: { dtype: 'U8', shape: [5], data: Uint8Array.from([0, 1, 2, 254, 255]) },
  none: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
};
const good = encodeSafetensors(tensors, { model: 'cnn', note: 'ü "quoted" 日本' });

/** A file with that header text and that many bytes of data. */
function file(header: string, dataBytes: number, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
const refusal = (header: string, dataBytes: number, length?: bigint) => () =>
  decodeSafetensors(file(header, dataBytes, length), 'model.safetensors');

describe('a round trip', () => {
  it('keeps names, types, shapes, bits and metadata', () => {
    const { tensors: read, metadata } = decodeSafetensors(good);
    expect(Object.fromEntries(read)).toEqual(tensors);
    expect(metadata).toEqual({ model: 'cnn', note: 'ü "quoted" 日本' });
    expect(Object.is((read.get('conv1.weight')!.data as Float32Array)[5], -0)).toBe(true);
  });

  it('works from a Buffer, as files are read, wherever it lies in memory', () => {
    const { tensors: read } = decodeSafetensors(Buffer.concat([Buffer.alloc(3), good]).subarray(3));
    expect(Object.fromEntries(read)).toEqual(tensors);
  });

  it('copies, so that later changes of the file do not reach the tensors, at any byte offset', () => {
    const shifted = new Uint8Array(good.length + 1);
    shifted.set(good, 1);
    const { tensors: read } = decodeSafetensors(shifted.subarray(1));
    shifted.fill(0);
    expect(read.get('labels')!.data).toEqual(Int32Array.from([-1, 7]));
  });

  it('takes a Map, names like numbers and like Object’s own', () => {
    const one = (value: number): SafeTensor => ({ dtype: 'U8', shape: [], data: Uint8Array.from([value]) });
    const names = ['10', '2', '__proto__', 'constructor', '', 'a\u0000"\\'];
    const map = new Map(names.map((name, i) => [name, one(i)]));
    const { tensors: read } = decodeSafetensors(encodeSafetensors(map));
    expect([...read].sort()).toEqual([...map].sort());
  });

  it('keeps an empty file and a long text', () => {
    expect(decodeSafetensors(encodeSafetensors({}))).toEqual({
      tensors: new Map(),
      metadata: {},
      checked: true,
    });
    const text = 'x\\"'.repeat(300_000);
    expect(decodeSafetensors(encodeSafetensors({}, { text })).metadata.text === text).toBe(true);
  });

  it('gives equal bytes for equal tensors in another order, wide types first, aligned to 8 bytes', () => {
    const reversed = new Map(Object.entries(tensors).toReversed());
    expect(encodeSafetensors(reversed, { model: 'cnn', note: 'ü "quoted" 日本' })).toEqual(good);
    const length = Number(new DataView(good.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(good.subarray(8, 8 + length)));
    expect(Object.keys(header)).toEqual(['__metadata__', 'conv1.weight', 'labels', 'none', 'step', 'pixels']);
    expect(header['conv1.weight']).toEqual({ dtype: 'F32', shape: [2, 1, 3], data_offsets: [0, 24] });
  });

  it('refuses what cannot be stored', () => {
    const f32 = (shape: number[], size: number): SafeTensor => ({
      dtype: 'F32',
      shape,
      data: new Float32Array(size),
    });
    expect(() => encodeSafetensors({ w: f32([2, 2], 3) })).toThrow(ShapeError);
    expect(() => encodeSafetensors({ w: f32([2, 2], 3) })).toThrow(
      "tensor 'w' of shape [2, 2] needs 4 values, data has 3",
    );
    expect(() => encodeSafetensors({ w: f32([-1, -4], 4) })).toThrow(ArgumentError);
    expect(() => encodeSafetensors({ __metadata__: f32([1], 1) })).toThrow(/reserved/);
    expect(() => encodeSafetensors({ w: { ...f32([1], 1), dtype: 'F64' } as never })).toThrow(
      /'w' has dtype F64/,
    );
    expect(() => encodeSafetensors({ w: { ...f32([1], 1), dtype: 'I32' } as never })).toThrow(
      /I32 and data of Float32Array/,
    );
    expect(() => encodeSafetensors({}, { epochs: 5 as never })).toThrow(/'epochs' is number/);
    expect(() => encodeSafetensors({}, { text: 'x'.repeat(11_000_000) })).toThrow(ArgumentError);
  });
});

describe('decodeSafetensors', () => {
  it('refuses every truncation and every addition', () => {
    for (let length = 0; length < good.length; length++) {
      expect(() => decodeSafetensors(good.subarray(0, length)), `${length} bytes`).toThrow(FormatError);
    }
    const longer = new Uint8Array(good.length + 1);
    longer.set(good);
    expect(() => decodeSafetensors(longer)).toThrow(
      /the tensors end at byte 41 of the data, but the file has 42/,
    );
  });

  it('refuses header bombs', () => {
    expect(refusal('{}', 0, 2n ** 64n - 1n)).toThrow(/announces a header of 18446744073709551615 bytes/);
    expect(refusal('{}', 0, 2_000_001n)).toThrow(/more than 2000000/);
    expect(refusal('{}', 0, 9n)).toThrow(/only 10 bytes in all/);
    for (const [open, close] of ['[]', '{}']) {
      expect(refusal(`{"a":${open.repeat(900_000)}`, 0)).toThrow(/nested more than 3 deep/);
      expect(refusal(`{"a":${open.repeat(900_000)}${close.repeat(900_000)}}`, 0)).toThrow(FormatError);
    }
  });

  it('refuses the most costly headers within a second', () => {
    const bombs = ['[],', '{},', '"",', '"\\"', '"":0,', '"a":[],', '1,', ' ', '\\', '"\\\\" ', '"'].flatMap(
      (piece) =>
        ['{"a":{"b":[', '{"a":[', '{', '{"a":"'].map(
          (start) => start + piece.repeat(1_900_000 / piece.length),
        ),
    );
    const times = bombs.map((header) => {
      const bytes = file(header, 0);
      const started = cpuMilliseconds();
      expect(() => decodeSafetensors(bytes)).toThrow(FormatError);
      return cpuMilliseconds() - started;
    });
    expect(Math.max(...times)).toBeLessThan(1000);
  });

  it('refuses headers that are not an object of JSON in UTF-8', () => {
    for (const header of ['', '[]', 'null', '{', '{"a"}', "{'a':1}", '{"a":1,}', '{}{}', '{}x', ' {}']) {
      expect(refusal(header, 4), `${header}`).toThrow(FormatError);
    }
    const bytes = file('{"aa":1}', 0);
    bytes[10] = 0xff;
    expect(() => decodeSafetensors(bytes)).toThrow(/not the JSON of a safetensors file \(.*utf-8/i);
  });

  it('refuses duplicate names, however they are written', () => {
    expect(refusal(`{"w":${entry(0, 4)},"w":${entry(4, 8)}}`, 8)).toThrow(/names "w" twice/);
    expect(refusal(`{"w":${entry(0, 4)},"\\u0077" :${entry(4, 8)}}`, 8)).toThrow(/names "w" twice/);
    expect(refusal('{"w":{"dtype":"U8","shape":[1],"shape":[4],"data_offsets":[0,4]}}', 4)).toThrow(
      /"shape" twice/,
    );
    expect(refusal('{"__metadata__":{"a":"1","a":"2"}}', 0)).toThrow(/"a" twice/);
    // The same word as a value, or in another object, is no duplicate.
    const fine = `{"__metadata__":{"w":"w\\":","u":"{[\\"w\\":"},"w":${entry(0, 4)}}`;
    expect(decodeSafetensors(file(fine, 4)).tensors.size).toBe(1);
  });

  it('refuses overlaps, holes and offsets outside', () => {
    expect(refusal(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12)).toThrow(
      /'b' at bytes 4 to 12 overlaps.*ends at 8/,
    );
    expect(refusal(`{"a":${entry(0, 4)},"b":${entry(0, 4)}}`, 4)).toThrow(/overlaps/);
    expect(refusal(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12)).toThrow(
      /bytes 4 to 8, before tensor 'b'/,
    );
    expect(refusal(`{"a":${entry(4, 8)}}`, 8)).toThrow(/bytes 0 to 4/);
    expect(refusal(`{"a":${entry(0, 8)}}`, 4)).toThrow(/'a' ends at byte 8 of the data, but the file has 4/);
    expect(refusal(`{"a":${entry(0, 4)}}`, 8)).toThrow(/end at byte 4 of the data, but the file has 8/);
    for (const offsets of [
      '[-4,0]',
      '[0.5,4.5]',
      '[4,0]',
      '[0]',
      '[0,4,8]',
      '"0,4"',
      'null',
      '[0,1e300]',
      '["0","4"]',
    ]) {
      expect(refusal(`{"a":{"dtype":"F32","shape":[1],"data_offsets":${offsets}}}`, 4), `${offsets}`).toThrow(
        FormatError,
      );
    }
  });

  it('refuses byte counts that are not those of type and shape', () => {
    expect(refusal(`{"a":${entry(0, 8, [3])}}`, 8)).toThrow(
      /'a' of F32 \[3\] needs 12 bytes, its data_offsets 0 to 8 hold 8/,
    );
    for (const shape of [
      '[-1,-1]',
      '[1.5]',
      '["1"]',
      '1',
      '{}',
      'null',
      '[1e308,1e308]',
      '[9007199254740991,3]',
      '[null]',
    ]) {
      expect(refusal(`{"a":{"dtype":"F32","shape":${shape},"data_offsets":[0,4]}}`, 4), `${shape}`).toThrow(
        FormatError,
      );
    }
  });

  it('refuses other types with the way out, unknown fields and odd metadata', () => {
    expect(refusal(`{"a":${entry(0, 4, [2], 'F16')}}`, 4)).toThrow(
      /dtype F16\. Only F32, I32, U32, U8 are read: convert/,
    );
    expect(refusal(`{"a":${entry(0, 4, [2], 'toString')}}`, 4)).toThrow(/dtype toString/);
    expect(refusal('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"path":"x"}}', 1)).toThrow(
      /unknown field 'path'/,
    );
    expect(refusal('{"a":null}', 0)).toThrow(/not an object/);
    for (const metadata of ['{"a":1}', '"text"', '[]', 'null']) {
      expect(refusal(`{"__metadata__":${metadata}}`, 0), `${metadata}`).toThrow(/must be an object of texts/);
    }
  });
});

it('answers 10,000 mutated files with tensors or a FormatError, and soon', () => {
  // Most mutations hit the header, where the decisions are; numbers and punctuation replace characters there.
  const headerEnd = 8 + Number(new DataView(good.buffer).getBigUint64(0, true));
  const tokens = [
    '0',
    '9',
    '-',
    '1e9',
    '[',
    ']',
    '{',
    '}',
    '"',
    ',',
    ':',
    '\\',
    'null',
    '4294967296',
    ' ',
    '"shape"',
  ];
  const outcomes = { read: 0, refused: 0 };
  const wrong: unknown[] = [];
  let slowest = 0;
  for (let round = 0; round < 10_000; round++) {
    const random = randomStream(21, round);
    const below = (n: number) => Math.floor(random() * n);
    let bytes = withoutChecksum(good);
    for (let count = 1 + below(4); count > 0 && bytes.length > 0; count--) {
      const at = below(random() < 0.8 ? Math.min(headerEnd, bytes.length) : bytes.length);
      const token = new TextEncoder().encode(tokens[below(tokens.length)]);
      const kind = random();
      if (kind < 0.4) bytes[at] = below(256);
      else if (kind < 0.8) bytes.set(token.subarray(0, bytes.length - at), at);
      else if (kind < 0.9) bytes = bytes.slice(0, at);
      else bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(below(at + 1))]);
    }
    const started = cpuMilliseconds();
    try {
      for (const { shape, data } of decodeSafetensors(bytes).tensors.values()) {
        if (data.length !== shape.reduce((a, b) => a * b, 1)) wrong.push([round, shape, data.length]);
      }
      outcomes.read++;
    } catch (error) {
      outcomes.refused++;
      if (!(error instanceof FormatError)) wrong.push([round, error]);
    }
    slowest = Math.max(slowest, cpuMilliseconds() - started);
  }
  expect(wrong).toEqual([]);
  expect(slowest).toBeLessThan(1000);
  expect(outcomes.read).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(5000);
});

describe('the checksum', () => {
  it('is that of header and tensors: CRC-32 with its own digits as zeros', () => {
    const text = new TextDecoder('latin1').decode(good);
    const at = text.indexOf('"wgrad.crc32":"') + '"wgrad.crc32":"'.length;
    const zeroed = good.map((byte, i) => (i >= at && i < at + 8 ? 0x30 : byte));
    expect(text.slice(at, at + 8)).toBe(zlib.crc32(zeroed).toString(16).padStart(8, '0'));
    expect(decodeSafetensors(good).checked).toBe(true);
    expect(decodeSafetensors(withoutChecksum(good)).checked).toBe(false);
  });

  it('is found whatever stands before it, and may not be given', () => {
    const metadata = { '1': 'ü00000000', format: '00000000' };
    expect(decodeSafetensors(encodeSafetensors(tensors, metadata)).metadata).toEqual(metadata);
    expect(() => encodeSafetensors(tensors, { 'wgrad.crc32': '00000000' })).toThrow(ArgumentError);
  });

  it('refuses a tensor with one bit changed, and a header written anew', () => {
    const flipped = good.slice();
    flipped[good.length - 3] ^= 4;
    const read = () => decodeSafetensors(flipped, 'w.safetensors');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(
      /w.safetensors: its checksum is [0-9a-f]{8}, but the header says [0-9a-f]{8}: bytes were changed/,
    );
    for (const sum of ['00000000', '', 'x'.repeat(500)]) {
      const header = JSON.stringify({ __metadata__: { 'wgrad.crc32': sum } });
      expect(refusal(header, 0)).toThrow(/drop the metadata entry 'wgrad.crc32'/);
    }
  });
});
