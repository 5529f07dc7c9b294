import { changedLength } from '../data/arrays.ts';
import { checkDataset } from '../data/checks.ts';
import { inputsOf, targetsOf } from '../data/fields.ts';
import { product, sameArray } from '../data/types.ts';
import type { DataArray, DataField, Dataset } from '../data/types.ts';
import type { Device } from '../device/device.ts';
import { LimitError } from '../errors.ts';
import { input } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import { bytesOf } from '../ops/core/shape.ts';
import type { DType, Shape } from '../ops/core/shape.ts';
import type { Location } from './location.ts';
import { inputUsage } from './memory.ts';

/** Some of the samples of a field: an input tensor [n, ...sample] and the buffer behind it. */
export interface DevicePiece {
  readonly tensor: Tensor;
  readonly location: Location;
}

/** One field of a data set on the GPU: in one piece if the device can bind it as a whole, else in several. */
export interface DeviceField {
  readonly dtype: DType;
  readonly pieces: readonly DevicePiece[];
}

export interface DeviceDatasetOptions {
  /** False leaves targets and weights out. Default true. */
  readonly targets?: boolean;
  /**
   * Room for so many samples, into which `write` puts those of a batch; nothing is uploaded before. Default: room for
   * the whole data set, which is uploaded.
   */
  readonly rows?: number;
}

/**
 * A data set on the GPU: bytes stay bytes, batches are gathered from them by a kernel. Fields that share an array share
 * a `DeviceField`. What is there are the values at the time of the last `write`.
 */
export class DeviceDataset {
  readonly inputs: readonly DeviceField[];
  /** Empty where targets are left out. */
  readonly targets: readonly DeviceField[];
  /** Of the samples, [N]. */
  readonly weights: DeviceField | undefined;
  readonly #device: Device;
  readonly #options: DeviceDatasetOptions;
  readonly #fields: readonly DeviceField[];
  #dataset: Dataset;

  /**
   * @throws ArgumentError or NumericError if the data set is not what it was made as (checkDataset)
   * @throws LimitError if a single sample is larger than a binding
   */
  constructor(device: Device, dataset: Dataset, options: DeviceDatasetOptions = {}) {
    this.#device = device;
    this.#dataset = dataset;
    this.#options = options;
    checkDataset(dataset);
    const { arrays, inputs, targets, weights } = arraysOf(dataset, options);
    const made: DeviceField[] = [];
    this.#fields = made;
    try {
      for (const { label, field } of arrays) {
        made.push(allocate(device, `${dataset.name} ${label}`, field, options.rows ?? dataset.size));
      }
      if (options.rows === undefined) this.#upload(arrays, 0, dataset.size);
    } catch (error) {
      this.destroy();
      throw error;
    }
    this.inputs = inputs.map((place) => made[place]);
    this.targets = targets.map((place) => made[place]);
    this.weights = weights === undefined ? undefined : made[weights];
  }

  /** Whose values are there. */
  get dataset(): Dataset {
    return this.#dataset;
  }

  /** The (first) input. */
  get x(): DeviceField {
    return this.inputs[0];
  }

  /**
   * Uploads samples of a data set of the same layout into the first rows, or its own samples again. Their values are not
   * checked: see `checkDataset`.
   *
   * @throws ArgumentError if an array was transferred away, between two batches of an evaluation, say
   */
  write(dataset: Dataset, from = 0, count = dataset.size): void {
    // Not checkMemory, which reads converted arrays again: once for each batch would be too often.
    const { arrays } = arraysOf(dataset, this.#options);
    for (const { label, field } of arrays) {
      const expected = dataset.size * product(field.shape);
      if (field.data.length === expected) continue;
      throw changedLength(`data set '${dataset.name}': ${label}`, field.data.length, expected);
    }
    this.#dataset = dataset;
    this.#upload(arrays, from, count);
  }

  #upload(arrays: readonly { field: DataField }[], from: number, count: number): void {
    arrays.forEach(({ field: { data, shape } }, place) => {
      const stride = product(shape);
      const end = (from + count) * stride;
      let first = from * stride;
      for (const { tensor, location } of this.#fields[place].pieces) {
        const last = Math.min(end, first + tensor.shape[0] * stride);
        if (last > first) upload(this.#device, location.buffer, data.subarray(first, last));
        first = last;
      }
    });
  }

  destroy(): void {
    for (const { pieces } of this.#fields) for (const { location } of pieces) location.buffer.destroy();
  }
}

/** The arrays of a data set, each once, and where its fields lie among them. */
function arraysOf(dataset: Dataset, { targets: wanted = true }: DeviceDatasetOptions) {
  const arrays: { label: string; field: DataField }[] = [];
  const place = (label: string) => (field: DataField, i: number) => {
    const known = arrays.findIndex((own) => sameArray(own.field.data, field.data));
    return known >= 0 ? known : arrays.push({ label: i === 0 ? label : `${label}[${i}]`, field }) - 1;
  };
  const inputs = inputsOf(dataset).map(place('x'));
  const targets = wanted ? targetsOf(dataset).map(place('y')) : [];
  const { weights } = dataset;
  return { arrays, inputs, targets, weights: wanted && weights ? place('weights')(weights, 0) : undefined };
}

/** Equal for data sets whose samples can take each other's place on the GPU (`write`): types and shapes. */
export function layoutOf(dataset: Dataset, options: DeviceDatasetOptions = {}): string {
  const { arrays, ...places } = arraysOf(dataset, options);
  const fields = [...inputsOf(dataset), ...targetsOf(dataset)].map(({ shape }) => shape);
  return JSON.stringify([arrays.map(({ field }) => dtypeOf(field.data)), places, fields]);
}

const dtypeOf = (data: DataArray): DType =>
  data instanceof Uint8Array ? 'u8' : data instanceof Int32Array ? 'i32' : 'f32';

/** Buffers for a field: as few as the device's limits allow, each of whole samples. */
function allocate(device: Device, label: string, { data, shape }: DataField, size: number): DeviceField {
  const dtype = dtypeOf(data);
  const sampleBytes = bytesOf({ shape, dtype });
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const limit = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4) * 4;
  const most = Math.floor(limit / sampleBytes);
  if (most === 0) {
    throw new LimitError(
      `${label}: one sample of ${sampleBytes} bytes does not fit one binding of this device, which takes ${limit}; use smaller samples, or bytes (Uint8Array) instead of floats`,
    );
  }
  const pieces: DevicePiece[] = [];
  try {
    for (let first = 0; first < size; first += most) {
      const own: Shape = [Math.min(most, size - first), ...shape];
      const name = size > most ? `${label} from ${first}` : label;
      const bytes = Math.max(16, Math.ceil(bytesOf({ shape: own, dtype }) / 4) * 4);
      const buffer = device.createBuffer(name, bytes, inputUsage());
      pieces.push({ tensor: input(name, own, dtype), location: { buffer, offset: 0, bytes } });
    }
  } catch (error) {
    for (const { location } of pieces) location.buffer.destroy();
    throw error;
  }
  return { dtype, pieces };
}

function upload(device: Device, buffer: GPUBuffer, values: DataArray): void {
  const bytes = steady(values);
  const tail = bytes.byteLength % 4;
  const whole = bytes.byteLength - tail;
  device.write(buffer, 0, bytes, 0, whole);
  if (tail === 0) return;
  const word = new Uint8Array(4);
  word.set(bytes.subarray(whole));
  device.write(buffer, whole, word);
}

/** The bytes of an array. WebGPU takes no memory that may grow or shrink, nor everywhere memory that threads share: a copy. */
function steady({ buffer, byteOffset, byteLength }: DataArray): Uint8Array {
  const fixed = buffer instanceof ArrayBuffer && !(buffer as { resizable?: boolean }).resizable;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return fixed ? bytes : new Uint8Array(bytes);
}
