/** Model files for the fuzz: the file that a model saves, and how one is damaged in a way that its checksum does not tell. */
import * as fc from 'fast-check';
import { dataset } from '../../src/data/dataset.ts';
import { crc32 } from '../../src/io/crc32.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import type { SafeTensor } from '../../src/io/safetensors.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { maxPool2d } from '../../src/nn/layers/pooling.ts';
import { dropout, flatten } from '../../src/nn/layers/shaping.ts';
import type { Model } from '../../src/nn/model.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { cosineDecay } from '../../src/nn/schedules.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { testGpu } from '../helpers/evaluate.ts';

/** A model with a layer of many kinds, that was never compiled. */
export const freshModel = (): Model =>
  sequential(
    [
      conv2d({ filters: 2, kernelSize: 3, activation: 'relu' }),
      batchNormalization(),
      maxPool2d({ poolSize: 2 }),
      flatten(),
      dropout(0.25),
      dense({ units: 3 }),
    ],
    { inputShape: [6, 6, 1], name: 'fuzzed', seed: 5 },
  );

export const compiledModel = async (): Promise<Model> =>
  freshModel().compile({
    gpu: await testGpu(),
    optimizer: adam({ schedule: cosineDecay({ decaySteps: 50 }), ema: { decay: 0.9 } }),
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
  });

/** What it saves in the middle of an epoch, with all that a checkpoint has. */
export async function savedModel(): Promise<Uint8Array> {
  const model = await compiledModel();
  const x = Float32Array.from({ length: 36 * 10 }, (_, i) => Math.sin(i));
  const data = dataset({ x, y: Uint8Array.from({ length: 10 }, (_, i) => i % 3), inputShape: [6, 6, 1] });
  await model.fit(data, {
    steps: 5,
    batchSize: 4,
    validationData: data,
    earlyStopping: {},
    reduceOnPlateau: {},
  });
  const file = await model.save();
  model.destroy();
  return file;
}

const KEY = '"wgrad.crc32":"';
const DIGITS = 8;

/** The file with the checksum of its bytes as they are; as it is where it has no place for one. */
export function resealed(file: Uint8Array): Uint8Array {
  const at = new TextDecoder('latin1').decode(file).indexOf(KEY) + KEY.length;
  if (at < KEY.length || at + DIGITS > file.length) return file;
  const sealed = file.slice();
  sealed.fill(0x30, at, at + DIGITS);
  const digits = crc32(sealed).toString(16).padStart(DIGITS, '0');
  sealed.set(new TextEncoder().encode(digits), at);
  return sealed;
}

const EXTREMES = ['0', '-1', '1', '0.5', '1e9', '1e308', '4294967296', '99999999999999999999', 'null', '""', '[]', '{}', 'true', '"dense"']; // prettier-ignore

/** A text with one of its values replaced, a part doubled or cut out. */
const changed: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc.tuple(fc.nat(), fc.constantFrom(...EXTREMES)).map(([which, value]) => (text: string) => {
    const values = [...text.matchAll(/-?\d+(\.\d+)?(e[-+]?\d+)?|true|false|null|"[^"]*"/gi)];
    if (values.length === 0) return value;
    const { index, 0: old } = values[which % values.length];
    return text.slice(0, index) + value + text.slice(index + old.length);
  }),
  fc.tuple(fc.nat(), fc.nat(40)).map(([from, length]) => (text: string) => {
    const start = from % (text.length + 1);
    return text.slice(0, start) + text.slice(start + length);
  }),
  fc.tuple(fc.nat(), fc.nat(40)).map(([from, length]) => (text: string) => {
    const start = from % (text.length + 1);
    return text.slice(0, start + length) + text.slice(start);
  }),
  fc.string({ maxLength: 20 }).map((text) => () => text),
);

type Parts = { tensors: Map<string, SafeTensor>; metadata: Record<string, string> };

const NUMBERS = [NaN, Infinity, -Infinity, 0, -0, 3.4e38, 1e-45];

/** Metadata and tensors changed, left out, renamed or given other shapes; the file is then written anew. */
const edited: fc.Arbitrary<(parts: Parts) => void> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.nat(), changed).map(([which, change]) => ({ metadata }: Parts) => {
      const key = pick(Object.keys(metadata), which);
      if (key !== undefined) metadata[key] = change(metadata[key]);
    }),
  },
  fc.nat().map((which) => ({ metadata }: Parts) => {
    const key = pick(Object.keys(metadata), which);
    if (key !== undefined) delete metadata[key];
  }),
  fc.tuple(fc.nat(), fc.nat()).map(([from, to]) => ({ metadata }: Parts) => {
    const [a, b] = [from, to].map((which) => pick(Object.keys(metadata), which));
    if (a !== undefined && b !== undefined) metadata[a] = metadata[b];
  }),
  fc.nat().map((which) => ({ tensors }: Parts) => {
    const key = pick([...tensors.keys()], which);
    if (key !== undefined) tensors.delete(key);
  }),
  fc.tuple(fc.nat(), fc.string({ maxLength: 12 })).map(([which, name]) => ({ tensors }: Parts) => {
    const key = pick([...tensors.keys()], which);
    if (key === undefined || name === '__metadata__') return;
    tensors.set(name, tensors.get(key)!);
    tensors.delete(key);
  }),
  fc.tuple(fc.nat(), fc.nat(9)).map(([which, kind]) => ({ tensors }: Parts) => {
    const key = pick([...tensors.keys()], which);
    if (key === undefined) return;
    const { data } = tensors.get(key)!;
    const size = data.length;
    const others: SafeTensor[] = [
      { dtype: 'F32', shape: [size, 1], data: Float32Array.from(data) },
      { dtype: 'F32', shape: [], data: Float32Array.of(1) },
      { dtype: 'F32', shape: [0], data: new Float32Array() },
      { dtype: 'F32', shape: [0, 2 ** 40], data: new Float32Array() },
      { dtype: 'F32', shape: [1e5], data: new Float32Array(1e5) },
      { dtype: 'I32', shape: [size], data: Int32Array.from(data) },
      { dtype: 'U8', shape: [size], data: Uint8Array.from(data) },
      { dtype: 'U32', shape: [1], data: Uint32Array.of(2 ** 32 - 1) },
      { dtype: 'F32', shape: Array<number>(30).fill(1), data: Float32Array.of(0) },
      { dtype: 'F32', shape: [size], data: Float32Array.from(data) },
    ];
    tensors.set(key, others[kind]);
  }),
  fc
    .tuple(fc.nat(), fc.nat(), fc.constantFrom(...NUMBERS))
    .map(([which, at, value]) => ({ tensors }: Parts) => {
      const tensor = tensors.get(pick([...tensors.keys()], which) ?? '');
      if (tensor && tensor.data.length > 0) tensor.data[at % tensor.data.length] = value;
    }),
);

const pick = <T>(list: readonly T[], which: number): T | undefined => list[which % Math.max(1, list.length)];

/** Changes what a file holds, and writes it with a checksum; a file that cannot be read, or written, stays. */
export const editing: fc.Arbitrary<(file: Uint8Array) => Uint8Array> = edited.map((edit) => (file) => {
  try {
    const { tensors, metadata } = decodeSafetensors(file);
    edit({ tensors, metadata });
    return encodeSafetensors(tensors, metadata);
  } catch {
    return file;
  }
});
