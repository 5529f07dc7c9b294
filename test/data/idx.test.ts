import { once } from 'node:events';
import { createGzip, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeMnistFile, MNIST_SETS } from '../../src/data/mnistFiles.ts';
import { encodeIdx, parseIdx, readIdx } from '../../src/data/idx.ts';
import { randomStream } from '../../src/data/random.ts';
import { ArgumentError, FormatError, ShapeError } from '../../src/errors.ts';
import { cpuMilliseconds } from '../helpers/cpuTime.ts';

const data = Uint8Array.from({ length: 24 }, (_, i) => (i * 37) & 255);
const good = encodeIdx({ shape: [2, 3, 4], data });
const gz = new Uint8Array(gzipSync(good));
const edit = (bytes: Uint8Array, at: number, ...values: number[]) => {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
};

describe('parseIdx', () => {
  it('reads what encodeIdx writes, whatever the byte offset of the view', () => {
    const shifted = new Uint8Array(good.length + 3);
    shifted.set(good, 3);
    for (const bytes of [good, shifted.subarray(3)]) {
      const { shape, data: read } = parseIdx(bytes);
      expect(shape).toEqual([2, 3, 4]);
      expect(read).toEqual(data);
    }
  });

  it('has the header of the published format', () => {
    expect([...good.subarray(0, 16)]).toEqual([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]);
  });

  it('refuses every truncation and every addition, naming the file and the numbers', () => {
    for (let length = 0; length < good.length; length++) {
      expect(() => parseIdx(good.subarray(0, length), 'digits.idx'), `${length} bytes`).toThrow(FormatError);
    }
    expect(() => parseIdx(good.subarray(0, 39), 'digits.idx')).toThrow(
      'digits.idx: truncated: shape [2, 3, 4] needs 24 bytes of data, found 23. Delete the file and fetch it again.',
    );
    expect(() => parseIdx(edit(new Uint8Array(41), 0, ...good))).toThrow(
      /trailing bytes.*needs 24.*found 25/,
    );
  });

  it('refuses other files', () => {
    expect(() => parseIdx(new TextEncoder().encode('<!doctype html>'))).toThrow(
      /opens with 3c 21 64 6f.*HTML/,
    );
    expect(() => parseIdx(edit(good, 2, 0x0d))).toThrow(/32-bit float.*convert/);
    expect(() => parseIdx(edit(good, 2, 0x77))).toThrow(/unknown type 0x77/);
    expect(() => parseIdx(edit(good, 3, 0))).toThrow(/0 dimensions/);
    expect(() => parseIdx(edit(good, 3, 200))).toThrow(/200 dimensions/);
    expect(() => parseIdx(gz)).toThrow(/readIdx/);
  });

  it('refuses dimensions whose product no memory holds, also when it is a multiple of 2^64', () => {
    expect(() => parseIdx(edit(good, 4, ...Array<number>(12).fill(255)))).toThrow(
      /needs 79228162458924105385300197375 /,
    );
    const wraps = edit(
      new Uint8Array(20),
      0,
      0,
      0,
      8,
      4,
      ...Array.from({ length: 16 }, (_, i) => (i % 4 ? 0 : 128)),
    );
    expect(() => parseIdx(wraps)).toThrow(
      /needs 21267647932558653966460912964485513216 bytes of data, found 0/,
    );
  });

  it('reads arrays with a dimension of zero', () => {
    expect(parseIdx(encodeIdx({ shape: [0, 28, 28], data: new Uint8Array(0) })).shape).toEqual([0, 28, 28]);
  });
});

describe('readIdx', () => {
  it('tells gzip by its bytes', async () => {
    expect((await readIdx(gz)).data).toEqual(data);
    expect((await readIdx(good)).data).toEqual(data);
  });

  it('refuses every truncation of a gzip file and bytes after its end', async () => {
    for (let length = 0; length < gz.length; length++) {
      await expect(readIdx(gz.subarray(0, length), 'd.gz'), `${length} bytes`).rejects.toThrow(FormatError);
    }
    await expect(readIdx(edit(new Uint8Array(gz.length + 9), 0, ...gz))).rejects.toThrow(FormatError);
    await expect(readIdx(new Uint8Array([...gz, ...gz]))).rejects.toThrow(FormatError);
  });

  it('refuses a damaged gzip file', async () => {
    await expect(readIdx(edit(gz, gz.length - 6, gz[gz.length - 6] ^ 1), 'd.gz')).rejects.toThrow(
      /d\.gz: the gzip data is truncated or corrupted/,
    );
  });

  it('refuses what is no IDX file by its first bytes, before it unpacks the rest', async () => {
    const pack = createGzip({ level: 1 });
    const packed: Buffer[] = [];
    pack.on('data', (chunk: Buffer) => packed.push(chunk));
    const block = new Uint8Array(2 ** 20);
    for (let i = 0; i < 300; i++) pack.write(block);
    pack.end();
    await once(pack, 'end');
    const zeros = new Uint8Array(Buffer.concat(packed));
    const { trainImages } = MNIST_SETS.mnist.files;
    // As it is, and with a trailer that announces the size that is expected.
    const liar = zeros.slice();
    new DataView(liar.buffer).setUint32(liar.length - 4, trainImages.bytes, true);
    for (const [load, reason] of [
      [() => readIdx(zeros, 'zeros.gz'), /zeros\.gz: holds values of unknown type 0x00/],
      [
        () => decodeMnistFile(trainImages, zeros, 'train.gz'),
        /announces 314572800 unpacked bytes, expected at most/,
      ],
      [() => decodeMnistFile(trainImages, liar, 'train.gz'), /train\.gz: holds values of unknown type 0x00/],
    ] as const) {
      const [started, before] = [cpuMilliseconds(), process.memoryUsage().arrayBuffers];
      await expect(load()).rejects.toThrow(reason);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 2 ** 20);
      expect(cpuMilliseconds() - started).toBeLessThan(300); // all of it takes 1.5 s
    }
  });

  it('never unpacks more than it allows', async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(50_000_000)));
    await expect(readIdx(bomb, 'bomb', { maxBytes: 1_000_000 })).rejects.toThrow(
      /50000000 unpacked bytes, expected at most 1000000/,
    );
    // A trailer that announces less than the stream holds, and one that announces the impossible.
    const liar = edit(bomb, bomb.length - 4, 100, 0, 0, 0);
    await expect(readIdx(liar, 'bomb', { maxBytes: 1_000_000 })).rejects.toThrow(/more than the 100 bytes/);
    await expect(readIdx(edit(gz, gz.length - 4, 0, 0, 0, 32))).rejects.toThrow(/cannot hold/);
  });
});

describe('encodeIdx', () => {
  it('refuses shapes that do not fit', () => {
    expect(() => encodeIdx({ shape: [2, 2], data })).toThrow(ShapeError);
    expect(() => encodeIdx({ shape: [], data })).toThrow(ArgumentError);
    expect(() => encodeIdx({ shape: [24.5], data })).toThrow(ArgumentError);
    expect(() => encodeIdx({ shape: [2 ** 32], data })).toThrow(ArgumentError);
  });
});

it('answers 3,000 mutated files with the array or a FormatError, and soon', async () => {
  const outcomes = { read: 0, refused: 0 };
  const wrong: unknown[] = [];
  let slowest = 0;
  for (let round = 0; round < 3000; round++) {
    const random = randomStream(20, round);
    const bytes = (round % 2 ? gz : good).slice();
    for (let count = 1 + random() * 4; count > 0; count--)
      bytes[Math.floor(random() * bytes.length)] = random() * 256;
    const cut = bytes.subarray(0, random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length);
    const started = cpuMilliseconds();
    try {
      await readIdx(cut);
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
  expect(outcomes.refused).toBeGreaterThan(1000);
});
