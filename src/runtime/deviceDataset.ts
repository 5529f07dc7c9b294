import { checkDataset } from '../data/checks.ts';
import { inputsOf, targetsOf } from '../data/dataset.ts';
import type { DataArray, DataField, Dataset } from '../data/dataset.ts';
import type { Device } from '../device/device.ts';
import { LimitError } from '../errors.ts';
import { input } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import type { Location } from './location.ts';

/** One field of a data set on the GPU: an input tensor [N, ...sample] and the buffer behind it. */
export interface DeviceField {
  readonly tensor: Tensor;
  readonly location: Location;
}

/**
 * A data set uploaded once: bytes stay bytes, batches are gathered from them by a kernel. Fields that share an array
 * share a tensor.
 */
export class DeviceDataset {
  readonly dataset: Dataset;
  readonly inputs: readonly DeviceField[];
  readonly targets: readonly DeviceField[];
  /** Of the samples, [N]. */
  readonly weights: DeviceField | undefined;
  readonly #buffers: GPUBuffer[] = [];

  constructor(device: Device, dataset: Dataset) {
    checkDataset(dataset);
    this.dataset = dataset;
    const { name, size, weights } = dataset;
    const known: { data: DataArray; field: DeviceField }[] = [];
    const uploaded = (field: DataField, label: string) => {
      const before = known.find(({ data }) => sameArray(data, field.data));
      if (before) return before.field;
      const own = upload(device, `${name} ${label}`, field, size);
      this.#buffers.push(own.location.buffer);
      known.push({ data: field.data, field: own });
      return own;
    };
    const place = (i: number) => (i === 0 ? '' : `[${i}]`);
    try {
      this.inputs = inputsOf(dataset).map((field, i) => uploaded(field, `x${place(i)}`));
      this.targets = targetsOf(dataset).map((field, i) => uploaded(field, `y${place(i)}`));
      this.weights = weights && uploaded(weights, 'weights');
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** The (first) input. */
  get x(): DeviceField {
    return this.inputs[0];
  }

  /** The (first) target. */
  get y(): DeviceField {
    return this.targets[0];
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

/** Whether two arrays are views of the same elements. */
function sameArray(a: DataArray, b: DataArray): boolean {
  return (
    a.constructor === b.constructor &&
    a.buffer === b.buffer &&
    a.byteOffset === b.byteOffset &&
    a.length === b.length
  );
}

function upload(device: Device, label: string, { data, shape }: DataField, size: number): DeviceField {
  const bytes = Math.max(16, Math.ceil(data.byteLength / 4) * 4);
  const limit = device.limits.maxStorageBufferBindingSize;
  if (bytes > limit) {
    throw new LimitError(
      `${label}: ${bytes} bytes do not fit one binding of this device, which takes ${limit}; use fewer samples (take), or bytes (Uint8Array) instead of floats`,
    );
  }
  const buffer = device.createBuffer(label, bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
  const whole = data.byteLength - (data.byteLength % 4);
  device.write(buffer, 0, data, 0, whole);
  if (whole < data.byteLength) {
    const tail = new Uint8Array(4);
    tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
    device.write(buffer, whole, tail);
  }
  const dtype = data instanceof Uint8Array ? 'u8' : data instanceof Int32Array ? 'i32' : 'f32';
  return { tensor: input(label, [size, ...shape], dtype), location: { buffer, offset: 0, bytes } };
}
