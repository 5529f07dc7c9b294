/**
 * Mutation fuzz of every file loader: valid files with bits flipped, bytes replaced, parts cut out, doubled, swapped, and
 * numbers replaced by extreme ones. A loader gives a result or a FormatError, in at most a second, and takes no more
 * memory than the file and its limit allow.
 */
import * as fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { encodeIdx, readIdx } from '../../src/data/idx.ts';
import { decodeMnistFile, MNIST_SETS } from '../../src/data/mnistFiles.ts';
import { FormatError } from '../../src/errors.ts';
import { gunzip } from '../../src/io/gzip.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import { loadModel } from '../../src/nn/json/loadModel.ts';
import { cpuMilliseconds } from '../helpers/cpuTime.ts';
import { compiledModel, editing, freshModel, resealed, savedModel } from './models.ts';

/** Unpacked bytes that loaders of packed files may take. */
const MOST = 2 ** 16;
const MAX_MILLISECONDS = 1000;
/** A loader's copies of a file of some kilobytes and of what it may unpack, with room for what the engine keeps. */
const MAX_MEMORY = 64 * 2 ** 20;

const bytes = (length: number, step: number) => Uint8Array.from({ length }, (_, i) => (i * step) % 251);

const tensors = encodeSafetensors(
  {
    'dense.weight': { dtype: 'F32', shape: [5, 3], data: Float32Array.from(bytes(15, 7)) },
    step: { dtype: 'U32', shape: [], data: Uint32Array.of(7) },
    labels: { dtype: 'I32', shape: [2], data: Int32Array.of(-1, 7) },
    pixels: { dtype: 'U8', shape: [3, 3], data: bytes(9, 31) },
  },
  { format: 'wgrad 1', optimizer: 'adam', step: '12' },
);
const idx = encodeIdx({ shape: [3, 5, 4], data: bytes(60, 17) });
const { trainLabels } = MNIST_SETS.mnist.files;

/** The same file with another name for the entry of the checksum. */
export function withoutChecksum(file: Uint8Array): Uint8Array {
  const name = new TextDecoder('latin1').decode(file).indexOf('wgrad.crc32');
  return file.map((byte, i) => (i === name ? 0x57 : byte));
}

interface Loader {
  readonly file: Uint8Array;
  load(file: Uint8Array): unknown;
  /** A checksum finds every damage. */
  readonly sealed: boolean;
  /** Makes the checksum right again: what is wrong has to be found by itself. */
  readonly reseal?: (file: Uint8Array) => Uint8Array;
}

const model = await savedModel();
const compiled = await compiledModel();
const loadInto = (file: Uint8Array) => freshModel().load(file);
/** With the optimizer, which a compilation would make. */
const loadWhole = (file: Uint8Array) => {
  const made = loadModel(file);
  return [made, made.savedOptimizer?.()];
};

/** Every loader with a valid file. That of MNIST needs the published file, so here it refuses all. */
export const LOADERS: Readonly<Record<string, Loader>> = {
  safetensors: { file: tensors, load: (file) => decodeSafetensors(file), sealed: false },
  // As from elsewhere: what is wrong is not told by a checksum, but by itself.
  'safetensors without a checksum': {
    file: withoutChecksum(tensors),
    load: (file) => decodeSafetensors(file),
    sealed: false,
  },
  idx: { file: idx, load: (file) => readIdx(file, 'fuzz', { maxBytes: MOST }), sealed: false },
  'packed idx': {
    file: new Uint8Array(gzipSync(idx)),
    load: (file) => readIdx(file, 'fuzz', { maxBytes: MOST }),
    sealed: false,
  },
  gzip: {
    file: new Uint8Array(gzipSync(bytes(3000, 13))),
    load: (file) => gunzip(file, 'fuzz', MOST),
    sealed: false,
  },
  'gzip bomb': {
    file: new Uint8Array(gzipSync(new Uint8Array(2 ** 24))),
    load: (file) => gunzip(file, 'fuzz', MOST),
    sealed: true,
  },
  mnist: {
    file: new Uint8Array(gzipSync(encodeIdx({ shape: [9], data: bytes(9, 1) }))),
    load: (file) => decodeMnistFile(trainLabels, file, 'fuzz'),
    sealed: true,
  },
  'model.load': { file: model, load: loadInto, sealed: true },
  'model.load with a checksum': { file: model, load: loadInto, sealed: false, reseal: resealed },
  'model.load in part': {
    file: model,
    load: (file) => freshModel().load(file, { partial: true }),
    sealed: false,
    reseal: resealed,
  },
  'model.load, compiled': {
    file: model,
    load: (file) => compiled.load(file),
    sealed: false,
    reseal: resealed,
  },
  loadModel: { file: model, load: loadWhole, sealed: true },
  'loadModel with a checksum': {
    file: model,
    load: loadWhole,
    sealed: false,
    reseal: resealed,
  },
};

type Mutation = (file: Uint8Array) => Uint8Array;

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff];
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (file: Uint8Array, share: number) => Math.floor(share * file.length);
const splice = (file: Uint8Array, from: number, end: number, middle: Uint8Array = new Uint8Array()) =>
  Uint8Array.from([...file.subarray(0, from), ...middle, ...file.subarray(end)]);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(([share, bit]): Mutation => (file) => {
    const index = at(file, share);
    return file.map((byte, i) => (i === index ? byte ^ (1 << bit) : byte));
  }),
  // A run of equal bytes: lengths and offsets become the least and the greatest.
  fc
    .tuple(place, fc.integer({ min: 1, max: 8 }), fc.constantFrom(...EXTREMES))
    .map(([share, count, value]): Mutation => (file) => {
      const index = at(file, share);
      return file.map((byte, i) => (i >= index && i < index + count ? value : byte));
    }),
  fc.tuple(place, fc.string({ maxLength: 12 })).map(
    ([share, text]): Mutation =>
      (file) =>
        splice(file, at(file, share), at(file, share), new TextEncoder().encode(text)),
  ),
  // Digits of a header in text: other numbers, far too large ones among them.
  fc
    .tuple(place, fc.constantFrom('0', '9', '-1', '1e9', '99999999999999999999', '0.5'))
    .map(([share, text]): Mutation => (file) => {
      const index = file.findIndex((byte, i) => i >= at(file, share) && byte >= 0x30 && byte <= 0x39);
      return index < 0 ? file : splice(file, index, index + 1, new TextEncoder().encode(text));
    }),
  fc.tuple(place, place).map(
    ([a, b]): Mutation =>
      (file) =>
        splice(file, at(file, Math.min(a, b)), at(file, Math.max(a, b))),
  ),
  fc.tuple(place, place, place).map(([a, b, to]): Mutation => (file) => {
    const part = file.subarray(at(file, Math.min(a, b)), at(file, Math.max(a, b)));
    return splice(file, at(file, to), at(file, to), part);
  }),
  place.map(
    (share): Mutation =>
      (file) =>
        file.subarray(0, at(file, share)),
  ),
);

/** A damaged file of one of the kinds. */
export const damaged = fc.constantFrom(...Object.keys(LOADERS)).chain((name) => {
  const { file: whole, reseal } = LOADERS[name];
  const any = reseal ? fc.oneof(mutation, { weight: 3, arbitrary: editing }) : mutation;
  return fc.array(any, { minLength: 1, maxLength: 4 }).map((mutations) => {
    const file = mutations.reduce((own, mutate) => mutate(own), whole);
    return { name, file: reseal ? reseal(file) : file };
  });
});

/** Throws unless the loader behaves. */
export async function check({ name, file }: { name: string; file: Uint8Array }): Promise<void> {
  const loader = LOADERS[name];
  const unchanged = file.length === loader.file.length && file.every((byte, i) => byte === loader.file[i]);
  const memory = () => process.memoryUsage().arrayBuffers;
  const [start, work, before] = [performance.now(), cpuMilliseconds(), memory()];
  let error: unknown;
  try {
    await loader.load(file);
  } catch (thrown) {
    error = thrown;
  }
  // Of a busy machine's time only what this process had of it counts.
  const milliseconds = Math.min(performance.now() - start, cpuMilliseconds() - work);
  const grown = memory() - before;
  if (error !== undefined && !(error instanceof FormatError)) {
    throw new Error(`${name}: threw ${String(error)}, which is no FormatError`, { cause: error });
  }
  if (error === undefined && loader.sealed && !unchanged) throw new Error(`${name}: took a damaged file`);
  if (milliseconds > MAX_MILLISECONDS) throw new Error(`${name}: took ${milliseconds} ms`);
  if (grown > MAX_MEMORY) throw new Error(`${name}: took ${grown} bytes`);
}

/** As many cases, the same ones for the same seed. */
export const checkFiles = (cases: number, seed: number): Promise<void> =>
  fc.assert(fc.asyncProperty(damaged, check), { numRuns: cases, seed });
