import { FormatError } from '../../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/io/safetensors.ts';
import type { SafeTensor } from '../../../src/io/safetensors.ts';

/**
 * The weights of a checkpoint, small enough to come with a page: eight bits for each weight of a matrix or a filter.
 *
 * The weights that lead to one output (the last axis) share a scale s = max |w| / 127, and w is stored as the byte
 * 128 + round(w / s). The error of a weight is at most s / 2: 0.4 % of the largest one. Biases and statistics, which are
 * few, stay as they are; the state of optimizers is left out.
 */
const SCALE = '/scale';
const ZERO = 128;
const MOST = 127;

/** Names of tensors that are not weights: `optimizer.velocity.dense.weight`, `generator.best.dense.weight`. */
const isState = (name: string) => /(^|\.)(optimizer|best)_*\./.test(name);

/** @param checkpoint what `save` of a model or a GAN gives */
export function packWeights(checkpoint: Uint8Array): Uint8Array<ArrayBuffer> {
  const packed = new Map<string, SafeTensor>();
  for (const [name, tensor] of decodeSafetensors(checkpoint).tensors) {
    if (isState(name)) continue;
    const { dtype, shape, data } = tensor;
    if (dtype !== 'F32' || shape.length < 2) {
      packed.set(name, tensor);
      continue;
    }
    const outputs = shape.at(-1)!;
    const scales = new Float32Array(outputs);
    data.forEach((value, i) => (scales[i % outputs] = Math.max(scales[i % outputs], Math.abs(value) / MOST)));
    const bytes = Uint8Array.from(data, (value, i) => ZERO + Math.round(value / (scales[i % outputs] || 1)));
    packed.set(name, { dtype: 'U8', shape, data: bytes });
    packed.set(name + SCALE, { dtype: 'F32', shape: [outputs], data: scales });
  }
  return encodeSafetensors(packed);
}

/**
 * What `load` of the model or the GAN takes; training then begins with a fresh optimizer.
 *
 * @throws FormatError if the file is damaged
 */
export function unpackWeights(file: Uint8Array, name: string): Uint8Array<ArrayBuffer> {
  const { tensors } = decodeSafetensors(file, name);
  const weights = new Map<string, SafeTensor>();
  for (const [key, tensor] of tensors) {
    if (key.endsWith(SCALE)) continue;
    const scales = tensors.get(key + SCALE)?.data;
    if (!scales) {
      weights.set(key, tensor);
      continue;
    }
    if (scales.length !== tensor.shape.at(-1)) {
      throw new FormatError(`${name}: ${key} is [${tensor.shape}], but has ${scales.length} scales.`);
    }
    const data = new Float32Array(tensor.data.length);
    for (let row = 0; row < data.length; row += scales.length) {
      for (let i = 0; i < scales.length; i++) data[row + i] = (tensor.data[row + i] - ZERO) * scales[i];
    }
    weights.set(key, { dtype: 'F32', shape: tensor.shape, data });
  }
  return encodeSafetensors(weights);
}
